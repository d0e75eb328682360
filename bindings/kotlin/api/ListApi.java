import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jetbrains.kotlin.abi.tools.AbiToolsFactory;
import org.jetbrains.kotlin.abi.tools.api.AbiFilters;

/** Prints what Kotlin code can name of the classes in these folders. */
class ListApi {
    public static void main(String[] folders) throws Exception {
        List<File> classes = new ArrayList<>();
        for (String folder : folders) {
            try (var files = Files.walk(Path.of(folder))) {
                files.filter(file -> file.toString().endsWith(".class")).sorted()
                    .forEach(file -> classes.add(file.toFile()));
            }
        }
        var generated = new AbiFilters(Set.of(), Set.of("io.truestate.liveflow.internal.**"), Set.of(), Set.of());
        new AbiToolsFactory().get().getV2().printJvmDump(System.out, classes, generated);
    }
}
