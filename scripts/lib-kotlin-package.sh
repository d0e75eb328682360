# Checking what the Kotlin package's users get, sourced (after lib-kotlin.sh) by the scripts that do:
# the artefacts, in a quick build, and programs that know them by their coordinates only.

kotlin_published="$kotlin_cache/published"
kotlin_repository="$kotlin_cache/repository"
kotlin_examples="$root/examples/kotlin"

# problem WORDS: what is wrong; for `|| problem …`.
problem() { say "error: $*"; return 1; }

# The artefacts, and whether all is in them that should be, and nothing else.
kotlin_package() {
    local folder="$kotlin_published/io/truestate" artefact base entries
    "$root/scripts/package" kotlin --profile dev --out "$kotlin_published" || return
    for artefact in liveflow liveflow-testing; do
        base="$folder/$artefact/$kotlin_version/$artefact-$kotlin_version"
        entries=$(jar_of "$base-sources.jar") || return
        grep -q '^io/truestate/liveflow/.*\.kt$' <<<"$entries" || problem "no sources in $artefact" || return
        ! grep -q 'liveflow_ffi\|simulator$' <<<"$entries" || problem "programs in $artefact's sources" || return
        entries=$(jar_of "$base-javadoc.jar") || return
        grep -q '^index\.html$' <<<"$entries" || problem "no pages for $artefact" || return
        jar_of "$base.jar" | grep -q '/LICENSE-THIRD-PARTY$' || problem "no notices in $artefact" || return
        ! grep -q '<artifactId>liveflow-generated<' "$base.pom" || problem "$artefact depends on what is in it" || return
    done
    stripped "$kotlin_natives/../package/natives/$(native_platform)/$(native_library)" || return
    fetched_only "$kotlin_repository"
    cp -R "$kotlin_published/io/truestate" "$kotlin_repository/io/truestate"
}

jar_of() { "${JAVA_HOME:+$JAVA_HOME/bin/}jar" --list --file "$1"; }

stripped() {
    [ "$(uname -s)" != Linux ] || ! LC_ALL=C readelf --wide --sections "$1" | grep -q '\.symtab' ||
        problem "$1 has its symbols"
}

# fetched_only FOLDER: a local repository of the checkout's own, with links to everything that Maven has
# fetched, and nothing of this package.
fetched_only() {
    local fetched="$HOME/.m2/repository" entry
    rm -rf "$1"
    mkdir -p "$1/io"
    for entry in "$fetched"/* "$fetched"/io/*; do
        case $entry in
            */io | */io/truestate | *'*') ;;
            *) ln -s "$entry" "$1/${entry#"$fetched"/}" ;;
        esac
    done
}

# maven_of_user FOLDER ARGUMENTS...: Maven on a program of the package's users, with the simulator that
# is in `liveflow-testing`.
maven_of_user() {
    local folder=$1
    shift
    rm -rf "$folder/target"
    env -u LIVEFLOW_SIMULATOR mvn --batch-mode --quiet --file "$folder/pom.xml" \
        -Dmaven.repo.local="$kotlin_repository" "$@"
}

# Its own tests, and then itself: one answer from the command line, one typed.
kotlin_console_example() {
    local folder="$kotlin_examples/console" flow=f6a0e47b-23ca-471a-83da-1ed29e2c1dbe said
    maven_of_user "$folder" package || return
    said=$(with_simulator maven_of_user "$folder" compile exec:java \
        -Dexec.args="$flow --input company=ACME --answer 100000" <<<"next month") || return
    echo "$said"
    grep -q '^? .*budget' <<<"$said" && grep -q '^FINISHED: ' <<<"$said" ||
        problem "it did not come to its end"
}

# The pages' code compiles, their test passes, and their programs run, with the artefacts from where the
# pages say they are. What they tell Gradle is right.
kotlin_documentation() {
    local pages=("$root/README.md" "$root/docs/kotlin.md" "$kotlin/README.md")
    local made="$kotlin_cache/pages" repository="$kotlin_cache/pages-repository" said program artefact
    "$kotlin/documentation/generate" "$made" "${pages[@]}" || return
    sed -i.page "s|file:///path/to/liveflow-sdk/dist/kotlin|file://$kotlin_published|" "$made/pom.xml"
    cmp -s "$made/pom.xml" "$made/pom.xml.page" && { problem "no word of the repository"; return; }
    fetched_only "$repository"
    local maven=(env -u LIVEFLOW_SIMULATOR mvn --batch-mode --quiet --file "$made/pom.xml"
        -Dmaven.repo.local="$repository")
    "${maven[@]}" test -DfailIfNoTests=true || return
    while read -r program; do
        said=$(with_simulator "${maven[@]}" exec:java -Dexec.mainClass="$program" \
            <<<$'100000\nnext month') || { echo "$said"; return 1; }
        grep -q '^FINISHED ' <<<"$said" || { echo "$said"; problem "$program did not come to its end"; return; }
    done <"$made/programs"
    [ -s "$made/programs" ] || problem "no program in the pages" || return
    for artefact in $(grep -oh 'io\.truestate:[a-z-]*:[0-9][^")]*' "${pages[@]}" | sort -u); do
        case $artefact in
            io.truestate:liveflow:"$kotlin_version" | io.truestate:liveflow-testing:"$kotlin_version") ;;
            io.truestate:liveflow-android:"$kotlin_version") ;;
            *) problem "there is no $artefact" || return ;;
        esac
    done
}

kotlin_android_example() { maven_of_user "$kotlin_examples/android" package; }

# The console example, shrunk by the rules in the artefact to what it needs, still works.
kotlin_shrunk() {
    local folder="$kotlin/shrunk" said
    maven_of_user "$folder" package -Dexample="$kotlin_examples/console" ||
        { tail -n 20 "$folder/target/proguard.txt"; return 1; }
    said=$(with_simulator "${JAVA_HOME:+$JAVA_HOME/bin/}java" -jar "$folder/target/shrunk.jar" \
        f6a0e47b-23ca-471a-83da-1ed29e2c1dbe --answer 100000 --answer "next month") || return
    grep -q '^FINISHED: ' <<<"$said" || { echo "$said"; problem "it did not come to its end"; }
}

# The AAR, as far as it can be made here: of a library for this machine, linked as for a phone.
kotlin_aar() {
    local work="$kotlin_cache/aar" said entries aar
    local make=("$root/scripts/package" android --kotlin "$kotlin_published" --out "$work/out")
    [ "$(uname -sm)" = "Linux x86_64" ] || { say "only on Linux and x86-64"; return; }
    rm -rf "$work"
    mkdir -p "$work/x86_64"
    said=$("${make[@]}" 2>&1) && { problem "made of nothing"; return; }
    grep -q 'library for arm64-v8a is missing' <<<"$said" || problem "no word of the ABI: $said" || return

    make+=(--libraries "$work" --abis x86_64)
    local library="$work/x86_64/libliveflow_ffi.so"
    link_of_pages 4096 "$library" || return
    refused 'segments aligned to 4096 bytes' || return
    link_of_pages 16384 "$library" || return
    refused 'built for another system' || return
    mkdir -p "$work/arm64-v8a" && cp "$library" "$work/arm64-v8a/"
    make[-1]=arm64-v8a
    refused 'X86-64, not for AArch64' || return
    make[-1]=x86_64
    "${make[@]}" --layout || return

    aar="$work/out/io/truestate/liveflow-android/$kotlin_version/liveflow-android-$kotlin_version.aar"
    mkdir "$work/aar" && (cd "$work/aar" && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$aar") || return
    entries=$(cd "$work/aar" && find . -type f | sort | xargs)
    [ "$entries" = "./AndroidManifest.xml ./META-INF/com/android/build/gradle/aar-metadata.properties \
./R.txt ./classes.jar ./jni/x86_64/libliveflow_ffi.so ./proguard.txt" ] || problem "in it: $entries" || return
    cmp "$library" "$work/aar/jni/x86_64/libliveflow_ffi.so" || return
    cmp "$kotlin/liveflow/src/main/resources/META-INF/proguard/liveflow.pro" "$work/aar/proguard.txt" || return
    entries=$(jar_of "$work/aar/classes.jar")
    grep -q '^io/truestate/liveflow/Client\.class$' <<<"$entries" || problem "no classes" || return
    ! grep -q 'libliveflow\|proguard' <<<"$entries" || problem "not for Android: $entries" || return
    # Its POM is one that Maven takes, and what it names exists.
    cp -R "$work/out/io/truestate/liveflow-android" "$kotlin_repository/io/truestate/"
    mvn --batch-mode --quiet -Dmaven.repo.local="$kotlin_repository" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get \
        -Dartifact="io.truestate:liveflow-android:$kotlin_version:aar" || return
    # What links the real ones so.
    CARGO_CFG_TARGET_OS=android "$(find "$target/debug/build" -path '*/liveflow-ffi-*/build-script-build' \
        -newer "$root/bindings/ffi/build.rs" -print -quit)" | grep -q 'max-page-size=16384'
}

# refused WORDS: the AAR is not made, for this reason.
refused() {
    local said
    said=$("${make[@]}" 2>&1) && { problem "made in spite of: $1"; return; }
    grep -q "$1" <<<"$said" || problem "not refused for: $1, but: $said"
}

# link_of_pages SIZE FILE: the library for this machine, for pages of this size.
link_of_pages() {
    local symbols="$kotlin_cache/exported"
    echo '{ global: uniffi_*; ffi_*; local: *; };' >"$symbols"
    cc -shared -o "$2" -Wl,-z,max-page-size="$1" -Wl,-z,common-page-size=4096 -Wl,--gc-sections \
        -Wl,--version-script="$symbols" -Wl,--whole-archive "$target/debug/libliveflow_ffi.a" \
        -Wl,--no-whole-archive -lm -lpthread -ldl -lgcc_s && strip --strip-unneeded "$2"
}
