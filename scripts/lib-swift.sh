# Building and checking the Swift package, sourced (after lib.sh) by the scripts that do.

source "$(dirname "${BASH_SOURCE[0]}")/lib-swift-toolchain.sh"

# Makes the library, the generated code and everything that is built on them. Warnings of what is
# written by hand are errors.
build_swift_package() {
    need_swift
    build_simulator && "$root/bindings/swift/generate" &&
        run_swift "$root/bindings/swift" env LIVEFLOW_WARNINGS_AS_ERRORS=1 \
            swift build --quiet --build-tests
}

# A program of the package, as `build_swift_package` has built it.
run_swift_program() {
    local name=$1
    shift
    run_swift "$root" env LIVEFLOW_SIMULATOR="$simulator" \
        "$root/bindings/swift/.build/debug/$name" "$@"
}

# swift_tests [OPTION]...: the package's tests. The closing line is `N passed, N failed`.
swift_tests() {
    local log status=0 all failed
    log=$(mktemp)
    run_swift "$root/bindings/swift" \
        env LIVEFLOW_SIMULATOR="$simulator" LIVEFLOW_WARNINGS_AS_ERRORS=1 \
        ${swift_environment:-} swift test --disable-xctest "$@" >"$log" 2>&1 || status=$?
    grep -E '^(✘|↳|.*error: )' "$log" | grep -v 'Testing Library' || true
    all=$(sed -nE 's/.*Test run with ([0-9]+) tests? .*/\1/p' "$log" | tail -n 1)
    failed=$(grep -cE '^✘ Test [^ ]+\(.*\) failed' "$log" || true)
    [ -n "$all" ] || { cat "$log"; status=1; all=0; }
    [ "$status" = 0 ] || [ "$failed" != 0 ] || { tail -n 20 "$log"; failed=1; all=$((all + 1)); }
    rm -f "$log"
    echo "$((all - failed)) passed, $failed failed"
    [ "$failed" = 0 ]
}

# The style of what is written by hand, and a documentation comment on everything public.
lint_swift() {
    run_swift "$root" swift format lint --strict --recursive bindings/swift/{Sources,Tests} \
        bindings/swift/Package.swift bindings/swift/Distribution examples/swift/quickstart/Sources
}

# The pages' examples compile, and what the documentation names is there.
swift_documentation() {
    local catalogue="$root/bindings/swift/Sources/LiveFlow/Documentation.docc"
    run_swift "$root" bindings/swift/check-docs README.md docs/swift.md "$catalogue"/*.md
}

# The thread sanitizer over the same tests, where the toolchain has it.
swift_thread_sanitizer() {
    local build="$root/bindings/swift/.build/thread-sanitizer"
    # Its runtime cannot stand the address space of some kernels: then there is nothing to run.
    if ! run_swift "$root/bindings/swift" sh -c \
        'd=$(mktemp -d) && echo "print(1)" >$d/a.swift &&
         swiftc -sanitize=thread $d/a.swift -o $d/a && $d/a' >/dev/null 2>&1; then
        say "this toolchain has no thread sanitizer"
        return
    fi
    swift_environment=LIVEFLOW_TESTS_ONLY=1 swift_tests --sanitize thread --scratch-path "$build"
}

# The example against a simulator that ends with this: a session with two questions that is killed
# amid the first one and gone on with by the next run, which then runs another.
swift_example() {
    local example="$root/examples/swift/quickstart" out alive address status=0
    local checkpoints="$target/swift-example-checkpoints"
    run_swift "$example" swift build --quiet --product quickstart || return
    mkdir -p "$cache"
    out=$(mktemp "$cache/simulator.XXXXXX")
    exec {alive}> >(exec "$simulator" --exit-with-stdin --quiet --speed 20 >"$out")
    for _ in $(seq 100); do
        [ -s "$out" ] && break
        sleep 0.05
    done
    address=$(sed -n 's/.*"base_url":"\([^"]*\)".*/\1/p' "$out")
    rm -rf "$checkpoints"
    local run=("$example/.build/debug/quickstart" f6a0e47b-23ca-471a-83da-1ed29e2c1dbe
        --input company=ACME --checkpoints "$checkpoints")
    local service=(env TRUESTATE_HOST="$address" TRUESTATE_API_KEY=simulator-key)
    run_swift "$root" "${service[@]}" sh -c '"$@" </dev/null & sleep 5; kill -9 $!' sh "${run[@]}"
    run_swift "$root" "${service[@]}" "${run[@]}" --answer 100000 --answer "next month" \
        --answer 20000 --answer "next year" >"$out.log" || status=$?
    cat "$out.log"
    grep -q '^going on with ' "$out.log" || status=1
    [ "$(grep -c '^FINISHED: ' "$out.log")" = 2 ] || status=1
    # Without a key it says what is missing.
    run_swift "$root" env -u TRUESTATE_API_KEY "${run[@]}" 2>"$out.log" && status=1
    grep TRUESTATE_API_KEY "$out.log" || status=1
    exec {alive}>&-
    rm -f "$out" "$out.log"
    return "$status"
}

# swift_package_builds FOLDER: the published package, on the library that is here in place of the
# XCFramework.
swift_package_builds() {
    local there="$1/built" native="$root/bindings/swift/Native"
    rm -rf "$there"
    cp -R "$1/LiveFlow" "$there"
    cp -R "$1/headers" "$there/headers"
    sed -i.published -e 's|\.binaryTarget(.*|.systemLibrary(name: "LiveFlowNative", path: "headers"),|' \
        -e 's|\.linkedFramework("Security").*|.linkedLibrary("liveflow_ffi"),|' \
        -e '/linkedFramework/d' "$there/Package.swift"
    run_swift "$there" swift build --quiet -Xlinker "-L$native"
}

# What of the published package can be made here, and whether it holds together.
swift_package_layout() {
    local out="$root/dist/swift" described problem=
    "$root/scripts/package" swift --layout || return
    described=$(run_swift "$out/LiveFlow" swift package dump-package) || return
    grep -q '"checksum" *: *"0\{64\}"' <<<"$described" || problem="no binary target with a checksum"
    grep -q '@' "$out/LiveFlow/Package.swift" && problem="a placeholder is left in Package.swift"
    [ "$(grep -c '^module ' "$out/headers/module.modulemap")" = 2 ] || problem="not two C modules"
    grep -q '^  reqwest ' "$out/LiveFlow/LICENSE-THIRD-PARTY" || problem="no notices"
    # The C modules and the privacy manifest are read by what will read them.
    cat >"$out/check.swift" <<'END_OF_SWIFT'
import Foundation
import LiveFlowCoreFFI
import LiveFlowFFIFFI

let manifest = try PropertyListSerialization.propertyList(
    from: Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])), format: nil)
let members = manifest as? [String: Any]
precondition(members?["NSPrivacyTracking"] as? Bool == false)
let accessed = members?["NSPrivacyAccessedAPITypes"] as? [[String: Any]]
precondition(
    accessed?.first?["NSPrivacyAccessedAPIType"] as? String
        == "NSPrivacyAccessedAPICategoryFileTimestamp")
END_OF_SWIFT
    run_swift "$out" sh -c 'swiftc -I headers check.swift -o check && ./check "$1"' sh \
        "$out/LiveFlow/Sources/LiveFlow/PrivacyInfo.xcprivacy" ||
        problem="the C modules or the privacy manifest cannot be read"
    for module in LiveFlowJSON LiveFlow LiveFlowTesting; do
        diff -r "$root/bindings/swift/Sources/$module" "$out/LiveFlow/Sources/$module" |
            grep -v 'PrivacyInfo.xcprivacy$' && problem="$module is not whole"
    done
    # Its sources are whole: they build on the library that is here, in place of the XCFramework.
    swift_package_builds "$out" || problem="the published sources do not build"
    if [ "$(uname -s)" != Darwin ]; then
        if "$root/scripts/package" swift >"$out/log" 2>&1; then
            problem="without macOS it must fail"
        fi
        grep -q 'needs macOS' "$out/log" || problem="without macOS it must say that it needs it"
    fi
    "$root/scripts/package" swift --url https://example.invalid/x.zip --layout || return
    grep -q '"https://example.invalid/x.zip"' "$out/LiveFlow/Package.swift" ||
        problem="--url is not where the zip is looked for"
    [ -z "$problem" ] || { say "error: $problem"; return 1; }
}
