# The Swift toolchain, sourced (after lib.sh) by lib-swift.sh: `swift` on the path where there is one
# that is new enough, and on Debian a small Debian 13 beside the system, which has Swift, in a cache
# outside the checkout.

swift_least=6.0
swift_cache="${LIVEFLOW_SWIFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/liveflow-swift}"
swift_suite=trixie
swift_packages=(swiftlang libc6-dev libstdc++-14-dev)
# Further options of `unshare`.
swift_apart=()
# Where the toolchain's own root is; empty for the system's.
swift_root="$swift_cache/$swift_suite"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Whether `run_swift` works already. Sets `swift_version` to that of `swift` on the path.
has_swift() {
    swift_version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p') || true
    if [ "$(printf '%s\n' "$swift_least" "$swift_version" | sort -V | head -n 1)" = "$swift_least" ]; then
        swift_root=
        return
    fi
    [ -e "$swift_root/.ready" ]
}

# Makes sure that `run_swift` works.
need_swift() {
    ! has_swift || return 0
    [ -r /etc/debian_version ] && command -v apt-get >/dev/null ||
        die "Swift $swift_least or later is missing${swift_version:+ (here is $swift_version)}: see https://www.swift.org/install"
    mkdir -p "$swift_cache"
    # One at a time.
    (
        flock --nonblock 9 || { say "Swift: waiting for another run that sets it up"; flock 9; }
        prepare_swift_root
    ) 9>"$swift_cache/lock"
}

# Each step leaves a mark when it is done, and what is downloaded stays until the last one: after an
# interruption the next run goes on from there.
prepare_swift_root() {
    [ ! -e "$swift_root/.ready" ] || return 0
    local tools=() log="$swift_cache/log"
    # If this is killed, what it started must end with it, or the next run would find that at work.
    local swift_apart=(--pid --fork --kill-child)
    command -v debootstrap >/dev/null || tools+=(debootstrap)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || tools+=(debian-archive-keyring)
    [ ${#tools[@]} = 0 ] || install_debian "${tools[@]}"
    if [ ! -e "$swift_root/.base" ]; then
        say "Swift: a small Debian $swift_suite in $swift_root (once, about a minute)"
        as_root rm -rf --one-file-system "$swift_root"
        mkdir -p "$swift_cache/downloads"
        as_root unshare --mount "${swift_apart[@]}" debootstrap --variant=minbase \
            --cache-dir="$swift_cache/downloads" "$swift_suite" "$swift_root" $(system_mirror) \
            >"$log" 2>&1 || set_up_failed "$log"
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
        apt-get install -y -qq --no-install-recommends -o Acquire::Retries=5 "$@"
        apt-get clean
    ' sh "${swift_packages[@]}" >>"$log" 2>&1 || set_up_failed "$log"
    as_root rm -rf "$swift_cache/downloads"
    as_root touch "$swift_root/.ready"
    say "Swift: ready, $(enter_swift_root / swift --version 2>/dev/null | head -n 1)"
}

set_up_failed() {
    tail -n 5 "$1" >&2
    die "setting Swift up failed, see $1; the next run goes on from here"
}

# Where this system has its own packages from, if it is Debian; else debootstrap knows a place.
system_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        "Codename: $(. /etc/os-release && echo "${VERSION_CODENAME:-}")" 'Component: main' \
        2>/dev/null | grep -E '^https?:' | head -n 1 || true
}

# enter_swift_root DIRECTORY COMMAND...: runs it there. The mounts are the command's own and end with
# it. The checkout and the folders that the scripts build in are where they are outside.
enter_swift_root() {
    as_root unshare --mount "${swift_apart[@]}" -- sh -e -c '
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
        swift_binds="$root:$target${swift_folder:+:$swift_folder}" \
            enter_swift_root "$where" env -u CARGO_HOME HOME=/root "$@"
    fi
}
