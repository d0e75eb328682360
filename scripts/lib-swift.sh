# The Swift toolchain and package, sourced (after lib.sh) by the scripts that need them: `swift` on the path where there is one,
# and on Debian a small Debian 13 beside the system, which has Swift, in a cache outside the checkout.

swift_version=6.0
swift_cache="${LIVEFLOW_SWIFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/liveflow-swift}"
swift_suite=trixie
swift_mirror=http://deb.debian.org/debian
swift_root="$swift_cache/$swift_suite"
swift_packages=(swiftlang libc6-dev libstdc++-14-dev)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Makes sure that `run_swift` works.
need_swift() {
    if command -v swift >/dev/null; then
        swift_root=
        return
    fi
    [ -r /etc/debian_version ] && command -v apt-get >/dev/null ||
        die "Swift $swift_version or later is missing: see https://www.swift.org/install"
    [ -e "$swift_root/.ready" ] || {
        mkdir -p "$swift_cache"
        # One at a time: a second run waits for the first.
        (flock 9 && prepare_swift_root) 9>"$swift_cache/lock"
    }
}

# Each step leaves a mark when it is done, and what is downloaded stays until the last one: after an
# interruption the next run goes on from there.
prepare_swift_root() {
    [ -e "$swift_root/.ready" ] && return
    local tools=()
    command -v debootstrap >/dev/null || tools+=(debootstrap)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || tools+=(debian-archive-keyring)
    [ ${#tools[@]} = 0 ] || install_debian "${tools[@]}"
    if [ ! -e "$swift_root/.base" ]; then
        say "Swift: a Debian $swift_suite in $swift_root (once, about a minute)"
        as_root rm -rf "$swift_root"
        mkdir -p "$swift_cache/downloads"
        as_root debootstrap --variant=minbase --cache-dir="$swift_cache/downloads" \
            "$swift_suite" "$swift_root" "$swift_mirror" >"$swift_cache/log" 2>&1 ||
            { tail -n 5 "$swift_cache/log" >&2; die "debootstrap failed, see $swift_cache/log"; }
        # Its own limits on writing to disk are for a system that must survive a power cut.
        echo force-unsafe-io | as_root tee "$swift_root/etc/dpkg/dpkg.cfg.d/unsafe-io" >/dev/null
        printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' |
            as_root tee "$swift_root/etc/dpkg/dpkg.cfg.d/no-docs" >/dev/null
        as_root touch "$swift_root/.base"
    fi
    say "Swift: installing ${swift_packages[*]} in it (once, 450 MB to fetch)"
    enter_swift_root / sh -e -c '
        export DEBIAN_FRONTEND=noninteractive LC_ALL=C
        dpkg --configure -a
        apt-get update -qq
        apt-get install -y -qq --fix-broken
        apt-get install -y -qq --no-install-recommends "$@"
        apt-get clean
    ' sh "${swift_packages[@]}" >>"$swift_cache/log" 2>&1 ||
        { tail -n 5 "$swift_cache/log" >&2; die "installing Swift failed, see $swift_cache/log"; }
    as_root rm -rf "$swift_cache/downloads"
    as_root touch "$swift_root/.ready"
    say "Swift: ready, $(enter_swift_root / swift --version 2>/dev/null | head -n 1)"
}

# enter_swift_root DIRECTORY COMMAND...: runs it there. The mounts are the command's own and end with
# it. The checkout and the folders that the scripts build in are where they are outside.
enter_swift_root() {
    as_root unshare --mount -- sh -e -c '
        new=$1 where=$2 binds=$3
        shift 3
        mount -t proc proc "$new/proc"
        mount --rbind /dev "$new/dev"
        cp -L /etc/resolv.conf "$new/etc/resolv.conf" 2>/dev/null || true
        IFS=:
        for bind in $binds; do
            mkdir -p "$new$bind"
            mount --rbind "$bind" "$new$bind"
        done
        unset IFS
        exec chroot "$new" env --chdir="$where" "$@"
    ' sh "$swift_root" "$1" "${swift_binds:-}" "${@:2}"
}

# run_swift DIRECTORY COMMAND...: a command of the toolchain, in a folder of the checkout. It sees the
# checkout, the build folder, and `swift_folder` if that is set.
run_swift() {
    local where=$1
    shift
    if [ -z "$swift_root" ]; then
        (cd "$where" && "$@")
    else
        mkdir -p "$target"
        swift_binds="$root:$target${swift_folder:+:$swift_folder}" enter_swift_root "$where" env -u CARGO_HOME HOME="/root" "$@"
    fi
}

# Makes the library, the generated code and everything that is built on them. Warnings of what is
# written by hand are errors.
build_swift_package() {
    need_swift && build_simulator && "$root/bindings/swift/generate" &&
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
    need_swift
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
