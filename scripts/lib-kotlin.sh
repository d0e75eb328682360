# Building and testing the Kotlin package, sourced by the scripts that do.

kotlin="$root/bindings/kotlin"
kotlin_cache="$cache/kotlin"
kotlin_natives="$kotlin_cache/natives"
kotlin_simulators="$kotlin_cache/simulators"
kotlin_version=$(sed -n 's:.*<version>\(.*\)</version>.*:\1:p;T;q' "$kotlin/pom.xml")

need_kotlin() {
    need_rust
    local missing=()
    has_java 17 || missing+=(openjdk-17-jdk-headless)
    command -v mvn >/dev/null || missing+=(maven)
    [ ${#missing[@]} = 0 ] || install_debian "${missing[@]}"
    has_java 17 || die "a JDK of version 17 or later is needed: set JAVA_HOME, or put java on the path"
}

has_java() {
    local java=${JAVA_HOME:+$JAVA_HOME/bin/}java version
    command -v "${java}c" >/dev/null || return 1
    version=$("${java}c" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge "$1" ]
}

# What JNA calls this platform: the folder in the jar where it looks for libraries.
native_platform() {
    local system machine
    case $(uname -s) in
        Linux) system=linux ;;
        Darwin) system=darwin ;;
        *) die "the Kotlin package is built on Linux and macOS, not on $(uname -s)" ;;
    esac
    case $(uname -m) in
        x86_64 | amd64) machine=x86-64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) machine=$(uname -m) ;;
    esac
    echo "$system-$machine"
}

native_library() {
    case $(uname -s) in
        Darwin) echo libliveflow_ffi.dylib ;;
        *) echo libliveflow_ffi.so ;;
    esac
}

# ship FILE TO: copies it without its symbols, unless the same is there already.
ship() {
    local new="$2.new"
    mkdir -p "$(dirname "$2")"
    strip_library -o "$new" "$1"
    if cmp -s "$new" "$2"; then rm "$new"; else mv "$new" "$2"; fi
}

# Builds the native library and the binding generator, and puts the library where the jar takes it
# from. Its symbols, which the generator reads, stay in cargo's folder.
build_kotlin_native() {
    need_kotlin
    local library
    library=$(native_library)
    cargo build --quiet --manifest-path "$root/Cargo.toml" -p liveflow-ffi -p liveflow-bindgen
    ship "$target/debug/$library" "$kotlin_natives/$(native_platform)/$library"
    mkdir -p "$kotlin_simulators"
}

# maven ARGUMENTS...: Maven on the package's own build. `kotlin_library` is the library that the
# generator reads, if it is another than the one that tests run with.
maven() {
    mvn --batch-mode --quiet --file "$kotlin/pom.xml" \
        -Dliveflow.target="$target/debug" \
        -Dliveflow.library="${kotlin_library:-$target/debug/$(native_library)}" \
        -Dliveflow.natives="$kotlin_natives" \
        -Dliveflow.simulators="$kotlin_simulators" "$@"
}

# Checks the formatting of all Kotlin code, examples too. With -F it mends what it can.
lint_kotlin() {
    maven --non-recursive antrun:run@ktlint -Dktlint.arguments="$*" ||
        { cat "$kotlin/target/ktlint.txt"; return 1; }
}

# Runs the package's tests, and says how many there were in the words of the other test runners.
# Arguments go to Maven.
run_kotlin_tests() {
    local status=0 reports
    rm -rf "$kotlin"/*/target/surefire-reports
    maven package "$@" || status=$?
    reports=$(find "$kotlin" -path '*/surefire-reports/TEST-*.xml' -exec cat {} + |
        grep -o '<testsuite [^>]*>' || true)
    local all bad
    all=$(total tests <<<"$reports")
    bad=$(total 'errors|failures|skipped' <<<"$reports")
    # On a line of its own: Maven ends with a colour code and no line break.
    printf '\n%s\n' "$((all - bad)) passed, $bad failed"
    return "$status"
}

# total NAMES: adds up these attributes of everything on its input.
total() {
    { grep -oE " ($1)=\"[0-9]+\"" || true; } | tr -dc '0-9\n' | awk '{n += $1} END {print n + 0}'
}

# kotlin_player ARGUMENTS...: the conformance player, built anew when anything has changed.
kotlin_player() {
    build_simulator
    build_kotlin_native
    local built="$kotlin/conformance/target/.built"
    if [ ! -e "$built" ] || [ -n "$(find "$kotlin" "$root/uniffi.toml" "$kotlin_natives" \
        -newer "$built" -type f -not -path '*/target/*' -print -quit)" ]; then
        maven package -DskipTests --projects conformance --also-make >&2
        touch "$built"
    fi
    "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Dliveflow.conformance="$root/bindings/conformance" \
        -cp "$kotlin/conformance/target/player/*" io.truestate.liveflow.conformance.MainKt "$@"
}
