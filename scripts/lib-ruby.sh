# Building and testing the Ruby gem, sourced by the scripts that do.

gem_folder="$root/bindings/ruby"

# Debian's own gems: nothing is fetched from elsewhere, and nothing compiled.
need_ruby() {
    need_rust
    local missing=() name
    for name in ffi minitest async; do
        ruby -e "gem '$name'" 2>/dev/null || missing+=("ruby-$name")
    done
    for name in ruby rubocop yard; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] || install_debian "${missing[@]}"
    ruby -e 'exit RUBY_VERSION >= "3.1"' || die "Ruby 3.1 or later is needed, found $(ruby --version)"
}

build_ruby_gem() {
    need_ruby
    "$gem_folder/generate"
}

ruby_tests() {
    local log status=0
    log=$(mktemp)
    ruby -w "$gem_folder/test/run" | tee "$log" || status=$?
    # minitest's closing line, in the words that are counted here.
    awk '/^[0-9]+ runs, / { print $1 - $5 - $7 - $9 " passed, " $5 + $7 " failed" }' "$log"
    rm -f "$log"
    return "$status"
}

# yard_of COMMAND ARGUMENTS...: YARD on what is public and written by hand.
yard_of() {
    (cd "$gem_folder" && yard "$@" --no-cache --no-save --no-private --hide-api private \
        lib/truestate/*.rb lib/truestate/liveflow/*.rb)
}

# ruby_reference FOLDER: the API reference, there.
ruby_reference() {
    need_ruby
    yard_of doc --quiet --markup markdown --readme README.md --title "truestate-liveflow" --output-dir "$1"
}

# Everything public says something about itself.
ruby_documentation() {
    local said
    said=$(yard_of stats --list-undoc)
    echo "$said"
    grep -q '100.00% documented' <<<"$said"
}

# The gem as users get it: installed in an empty place, where it runs a session.
ruby_package() {
    local place status=0
    place=$(mktemp -d)
    "$gem_folder/package" --profile dev --out "$place/dist" &&
        gem install --local --ignore-dependencies --no-document --install-dir "$place/gems" \
            "$place"/dist/*.gem &&
        (cd "$place" && GEM_PATH="$place/gems:$(gem env gempath)" ruby -w -e '
            require "truestate-liveflow"
            require "truestate/liveflow/testing"
            include TrueState::LiveFlow::Testing
            abort "not the installed gem" unless $LOADED_FEATURES.grep(/truestate\/liveflow\.rb/).first.start_with?(Dir.pwd)
            Simulator.open(speed: 100) do |simulator|
              simulator.client { |client| puts client.run(LEAD_QUALIFICATION) { "20000" }.status }
            end') || status=$?
    rm -rf "$place"
    return "$status"
}
