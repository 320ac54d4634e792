#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, and twice, in C11 and in C++17, without extensions.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for header in "$top_srcdir"/libfer/fer/*.h; do
    name=$(basename "$header")
    printf '#include <fer/%s>\n#include <fer/%s>\nint main(void) { return 0; }\n' "$name" "$name" >"$work/one.c"
    ${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$top_srcdir/libfer" "$work/one.c"
    if command -v c++ >/dev/null; then
        c++ -std=c++17 -pedantic -x c++ -Wall -Wextra -Werror -fsyntax-only -I"$top_srcdir/libfer" "$work/one.c"
    fi
done
