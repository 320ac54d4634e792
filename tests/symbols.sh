#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libfer.so exports what is marked FER_API and nothing else; a plugin exports its entry point and nothing else.
set -eu
exported() {
    ${NM:-nm} --dynamic --defined-only "$1" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }'
}
bad=0
for name in $(exported "$top_builddir/.libs/libfer.so"); do
    if ! grep -qw "$name" "$top_srcdir"/libfer/fer/*.h; then
        echo "libfer.so exports $name, which no public header declares"
        bad=1
    fi
done
for plugin in "$top_builddir"/plugins/.libs/*.so; do
    [ -e "$plugin" ] || continue
    want=fer_plugin_$(basename "$plugin" .so)
    got=$(exported "$plugin" | tr '\n' ' ')
    if [ "$got" != "$want " ]; then
        echo "$plugin exports: $got; it should export $want alone"
        bad=1
    fi
done
exit $bad
