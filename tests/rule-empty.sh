#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Without a single plugin the core still loads, answers and passes its own tests.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/plugins"
FER_PLUGIN_PATH="$work/plugins"
export FER_PLUGIN_PATH

if [ -n "$("$FER" plugins 2>"$work/err")" ]; then
    echo "skipped: plugins are installed, too"
    exit 77
fi
grep -q "no plugin was found" "$work/err"

cat >"$work/plain.fer" <<'END'
fer 1
let a = 1
block same(x) -> y { y = x }
net n(x) -> y { y = x | same }
predict p(x: f32[1,2,2]) -> y { y = x | n repeat=2 }
END
"$FER" check --set a=2 "$work/plain.fer" >"$work/out" 2>"$work/err"
grep -qx 'predict p: x \[1 x 2 x 2\] -> y \[1 x 2 x 2\]' "$work/out"
"$FER" fmt "$work/plain.fer" >"$work/plain.out"
"$FER" devices >"$work/out"

fails() {
    if "$FER" "$@" >"$work/out" 2>"$work/err"; then
        echo "fer $* succeeds"
        exit 1
    fi
}
fails check "$top_srcdir/models/demo.fer"
grep -q "demo.fer:[0-9]*:[0-9]*: error: plugin 'vision' is not installed" "$work/err"
sed '/^use/d' "$top_srcdir/models/demo.fer" >"$work/none.fer"
fails check "$work/none.fer"
grep -q "error: unknown model 'resnet'; no installed plugin has it" "$work/err"
fails plugins show conv2d
[ -s "$work/err" ]

for test in unit-lang unit-plan unit-plan-check unit-print unit-shape unit-source unit-status; do
    "$top_builddir/tests/$test" >"$work/out" || { cat "$work/out"; exit 1; }
done
