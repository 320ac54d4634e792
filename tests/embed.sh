#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# scripts/embed-cl gives back every byte: quotes, backslashes, trigraphs, tabs, UTF-8, texts over 64 KB.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '#define A \\\n\t"x\\n" ??/ ??( %%d 100%% \342\206\222 \\\\ \047\r\n\n' >odd-name.cl
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "/* line %d of a long kernel */\n", i }' >>odd-name.cl
"$top_srcdir/scripts/embed-cl" odd-name.cl >odd-name_cl.h
cat >main.c <<'C'
#include <stdio.h>
#include "odd-name_cl.h"
int main(void)
{
    return fwrite(fer_odd_name_cl, 1, sizeof(fer_odd_name_cl) - 1, stdout) == 0;
}
C
${CC:-cc} -std=c11 -Wall -Wextra -Werror main.c -o main
./main | cmp - odd-name.cl
: >empty.cl
"$top_srcdir/scripts/embed-cl" empty.cl | grep -q '^    "";$'
! "$top_srcdir/scripts/embed-cl" absent.cl 2>/dev/null
