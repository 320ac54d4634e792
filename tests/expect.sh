# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of commands: an empty working directory, and what is expected of fer there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "$*" >&2
    cat out err >&2
    exit 1
}
# STATUS ARGUMENT…: run fer, leave its streams in out and err, and check its exit status.
expect() {
    wanted=$1
    shift
    status=0
    "$FER" "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || fail "fer $*: exit status $status instead of $wanted"
}
# PATTERN: what the last one says on standard error, and prints on standard output.
says() {
    grep -q -- "$1" err || fail "standard error does not say '$1':"
}
prints() {
    grep -q -- "$1" out || fail "standard output does not hold '$1':"
}
# STATUS PATTERN ARGUMENT…: it fails like that, in three lines at most.
refused() {
    wanted=$1 words=$2
    shift 2
    expect "$wanted" "$@"
    says "$words"
    [ "$(wc -l <err)" -le 3 ] || fail "fer $*: too many words:"
}
