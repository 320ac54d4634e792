#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# scripts/embed-cl gives back every byte: quotes, backslashes, trigraphs, tabs, UTF-8, texts over 64 KB; and of sources
# that include others one text, in which each line knows where it is from.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
embed=$top_srcdir/scripts/embed-cl

# tell NAME: the text in NAME_cl.h, by a C compiler.
tell() {
    printf '#include <stdio.h>\n#include "%s_cl.h"\n%s\n' "$1" \
        "int main(void) { return fwrite(fer_$2_cl, 1, sizeof(fer_$2_cl) - 1, stdout) == 0; }" >main.c
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror main.c -o main
    ./main
}

printf '#define A \\\n\t"x\\n" ??/ ??( %%d 100%% \342\206\222 \\\\ & \047\r\n\n' >odd-name.cl
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "/* line %d of a long kernel */\n", i }' >>odd-name.cl
"$embed" odd-name.cl odd-name_cl.h
tell odd-name odd_name | cmp - odd-name.cl
: >empty.cl
"$embed" empty.cl empty_cl.h
grep -q '^    "";$' empty_cl.h
! "$embed" absent.cl absent_cl.h 2>/dev/null

# A source of another, which has one of its own; twice, as with C.
mkdir parts
printf 'int top;\n#ifdef A\n  # include "parts/tile.cl"\r\n#endif\n#include "last.cl"\nint end;\n' >main.cl
printf '#include "deep.cl"\nint tile;\n' >parts/tile.cl
printf 'int deep;' >parts/deep.cl
printf 'int last;\n' >last.cl
"$embed" main.cl main_cl.h
tell main main >told
printf '%s\n' '#line 1 "main.cl"' 'int top;' '#ifdef A' '#line 1 "tile.cl"' '#line 1 "deep.cl"' 'int deep;' \
    '#line 2 "tile.cl"' 'int tile;' '#line 4 "main.cl"' '#endif' '#line 1 "last.cl"' 'int last;' '#line 6 "main.cl"' \
    'int end;' | cmp - told

# make makes it anew when a part has changed, and does not mind one that is gone.
printf '%%_cl.h: %%.cl\n\t"%s" $< $@\n-include main_cl.h.d\n' "$embed" >Makefile
MAKEFLAGS=
export MAKEFLAGS
make -s main_cl.h
touch -d '2 hours ago' ./*.cl parts/*.cl
touch -d '1 hour ago' main_cl.h
make -q main_cl.h
touch parts/deep.cl
! make -q main_cl.h
printf 'int deep;\n' >parts/tile.cl
rm parts/deep.cl
make -s main_cl.h
tell main main | grep -q '^int deep;$'

# Mistakes are told where they are, and leave nothing that make would take for made.
refused() {
    rm -f wrong_cl.h
    ! "$embed" wrong.cl wrong_cl.h 2>said
    grep -qF "$1" said || { echo "embed-cl does not say '$1' but:" >&2; cat said >&2; exit 1; }
    [ ! -e wrong_cl.h ] && [ ! -e wrong_cl.h.tmp ] && [ ! -e wrong_cl.h.d ]
}
printf '\n#include "nowhere.cl"\n' >wrong.cl
refused 'wrong.cl:2: there is no nowhere.cl'
printf '#include <stddef.h>\n' >wrong.cl
refused 'wrong.cl:1: write #include "NAME.cl" alone on its line'
printf '\n#include "parts/round.cl"\n' >wrong.cl
printf 'int a;\n#include "../wrong.cl"\n' >parts/round.cl
refused '.cl:2: files include one another without end'

# A description may hold such a line: what # begins there is a comment.
printf '#include "nowhere.cl"\n' >model.fer
"$embed" model.fer model_fer.h
grep -q nowhere model_fer.h
