#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# plugins/NAME/README.md is what `make docs` makes of the plugins' tables, every operation is in it with what it is for,
# and a page that is not up to date is noticed.
set -eu
"$top_srcdir/scripts/docs" --check

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/scripts" "$work/plugins"
cp "$top_srcdir/scripts/docs" "$work/scripts"
if [ -f "$top_builddir/plugins/.libs/optim.so" ]; then
    mkdir "$work/plugins/optim"
    : >"$work/plugins/optim/local.mk"
    # a page is made, then found to be up to date, then to be changed, then repaired, with what a person wrote
    "$work/scripts/docs" >/dev/null
    grep -q '^### sgd$' "$work/plugins/optim/README.md"
    grep -q '^| `momentum` | float | `0` | 0 … ' "$work/plugins/optim/README.md"
    "$work/scripts/docs" --check
    sed -i 's/| `momentum` | float | `0`/| `momentum` | float | `7`/; 1s/.*/# optim, by hand/' "$work/plugins/optim/README.md"
    if "$work/scripts/docs" --check >/dev/null; then echo "a changed page passes for up to date" >&2; exit 1; fi
    "$work/scripts/docs" >/dev/null
    grep -q '^# optim, by hand$' "$work/plugins/optim/README.md"
    "$work/scripts/docs" --check
fi

# Nothing that a description can name is without a line of help.
"$FER" plugins --json >"$work/plugins.json"
! grep -n '"help": ""' "$work/plugins.json"
