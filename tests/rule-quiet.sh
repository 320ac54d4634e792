#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The library and its plugins never print, exit or abort, and keep nothing in globals: seen in what was compiled.
set -eu
bad=0

for object in "$top_builddir/.libs/libfer.so" "$top_builddir"/plugins/.libs/*.so; do
    calls=$(${NM:-nm} --dynamic --undefined-only "$object" | awk '{ sub("@.*", "", $NF); print $NF }' |
        grep -xE '(__)?(printf|vprintf|puts|putchar|perror|warnx?|errx?)(_chk)?|stdout|stderr|_?exit|quick_exit|abort|__assert_fail' || :)
    if [ -n "$calls" ]; then
        echo "$object uses" $calls
        bad=1
    fi
done

# AddressSanitizer has data of its own; stb_image keeps its settings in globals.
if ! ${NM:-nm} --dynamic --undefined-only "$top_builddir/.libs/libfer.so" | grep -q __asan_init; then
    for object in $(find "$top_builddir/libfer" "$top_builddir/plugins" -path '*/.libs/*.o' ! -name 'image-decode.o' ! -name 'image-write.o'); do
        data=$(size -A "$object" | awk '($1 == ".data" || $1 == ".bss") && $2 > 0 { print $1 }')
        if [ -n "$data" ]; then
            echo "$object has mutable globals in" $data
            bad=1
        fi
    done
fi
exit $bad
