# The Swift toolchain, sourced by the scripts that need it: `swift` on the path where there is one,
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

# run_swift DIRECTORY COMMAND...: a command of the toolchain, in a folder of the checkout.
run_swift() {
    local where=$1
    shift
    if [ -z "$swift_root" ]; then
        (cd "$where" && "$@")
    else
        mkdir -p "$target"
        swift_binds="$root:$target" enter_swift_root "$where" env -u CARGO_HOME HOME="/root" "$@"
    fi
}
