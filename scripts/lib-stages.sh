# Running checks one after the other and adding up what they counted, sourced (after lib.sh) by the
# scripts that do. `finish` is their last line.

passed=0
failed=0

# stage NAME COMMAND...: runs it, says how long it took, and adds up what it counted.
stage() {
    local name=$1 log started=$SECONDS status=0
    shift
    say "── $name"
    log=$(mktemp)
    "$@" 2>&1 | tee "$log" >&2 || status=$?
    count "$log" "$status"
    rm -f "$log"
    if [ "$status" = 0 ]; then
        say "── $name: fine ($((SECONDS - started)) s)"
    else
        say "── $name: FAILED ($((SECONDS - started)) s)"
    fi
}

# Adds a stage's own counts; one that counts nothing (a linter) is one check.
count() {
    local log=$1 status=$2 good bad closing
    # The closing lines of cargo ("test result: ok. 5 passed; 0 failed"), pytest ("5 passed in 1s")
    # and the conformance players ("5 passed, 0 failed").
    closing=$(grep -E '^(test result: |=+ |[0-9]+ (passed|failed))' "$log" || true)
    good=$(grep -oE '[0-9]+ passed' <<<"$closing" | awk '{n += $1} END {print n + 0}' || true)
    bad=$(grep -oE '[0-9]+ failed' <<<"$closing" | awk '{n += $1} END {print n + 0}' || true)
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
    elif [ "$status" = 0 ] && [ "$good" = 0 ]; then
        good=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

# Says `N passed, N failed`, and whether all is well by its status.
finish() {
    say "── in all: $SECONDS s"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
