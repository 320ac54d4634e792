#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The core knows no layer by name: no string of libfer/ is the name of something that a plugin provides.
set -eu

# Words of the language and of the core's own kernels, layers and passes that a plugin's operation happens to be called, too.
own='step add mean fold'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$FER" plugins | awk '/^  / { for (i = 2; i <= NF; i++) print $i }' | sort -u >names
[ "$(wc -l <names)" -ge 20 ] || { echo "only these names are provided:"; cat names; exit 1; }

# Whole string literals, those of comments left out.  run/builtins.c lists functions of OpenCL C.
find "$top_srcdir/libfer" -name '*.c' ! -path '*/run/builtins.c' -exec sed -e 's|/\*.*\*/||' -e '/^ *\/\*/,/\*\//d' {} + |
    grep -o '"[A-Za-z0-9_.]*"' | tr -d '"' | sort -u >strings

bad=0
for name in $(comm -12 names strings); do
    case " $own " in
    *" $name "*) ;;
    *)
        echo "libfer/ knows '$name', which a plugin provides:"
        grep -rn "\"$name\"" "$top_srcdir/libfer" --include='*.c'
        bad=1
        ;;
    esac
done
exit $bad
