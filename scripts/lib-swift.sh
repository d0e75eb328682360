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

# The example: a session with two questions, against a simulator that ends with this.
swift_example() {
    local example="$root/examples/swift/quickstart" out alive status=0
    run_swift "$example" swift build --quiet --product quickstart || return
    mkdir -p "$cache"
    out=$(mktemp "$cache/simulator.XXXXXX")
    exec {alive}> >(exec "$simulator" --exit-with-stdin --quiet --speed 20 >"$out")
    for _ in $(seq 100); do
        [ -s "$out" ] && break
        sleep 0.05
    done
    local address
    address=$(sed -n 's/.*"base_url":"\([^"]*\)".*/\1/p' "$out")
    run_swift "$root" env TRUESTATE_HOST="$address" TRUESTATE_API_KEY=simulator-key \
        "$example/.build/debug/quickstart" f6a0e47b-23ca-471a-83da-1ed29e2c1dbe \
        --input company=ACME --answer 100000 --answer "next month" \
        --checkpoints "$target/swift-example-checkpoints" >"$out.log" || status=$?
    cat "$out.log"
    grep -q '^FINISHED: ' "$out.log" || status=1
    exec {alive}>&-
    rm -f "$out" "$out.log"
    return "$status"
}

# What of the published package can be made here, and whether it holds together.
swift_package_layout() {
    local out="$root/dist/swift" described problem=
    "$root/scripts/package" swift --layout || return
    described=$(run_swift "$out/LiveFlow" swift package dump-package) || return
    grep -q '"checksum" *: *"0\{64\}"' <<<"$described" || problem="no binary target with a checksum"
    grep -q '@' "$out/LiveFlow/Package.swift" && problem="a placeholder is left in Package.swift"
    [ "$(grep -c '^module ' "$out/headers/module.modulemap")" = 2 ] || problem="not two C modules"
    # The C modules and the privacy manifest are read by what will read them.
    cat >"$out/check.swift" <<'END_OF_SWIFT'
import Foundation
import LiveFlowCoreFFI
import LiveFlowFFIFFI

let manifest = try PropertyListSerialization.propertyList(
    from: Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])), format: nil)
precondition((manifest as? [String: Any])?["NSPrivacyTracking"] as? Bool == false)
END_OF_SWIFT
    run_swift "$out" sh -c 'swiftc -I headers check.swift -o check && ./check "$1"' sh \
        "$out/LiveFlow/Sources/LiveFlow/PrivacyInfo.xcprivacy" ||
        problem="the C modules or the privacy manifest cannot be read"
    if [ "$(uname -s)" != Darwin ] && "$root/scripts/package" swift >"$out/log" 2>&1; then
        problem="without macOS it must say that it needs it"
    fi
    [ -z "$problem" ] || { say "error: $problem"; return 1; }
}
