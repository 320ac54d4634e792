#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The descriptions with the most state (steps that alternate, several nets, stages that hand on) go on after a signal as if
# nothing had been: the same checkpoints, byte for byte.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# $1 trains on 16 faces, two turns an epoch, four turns a stage, fed to a reader that stops it after the first epoch.
interrupt() {
    mkfifo pipe
    "$FER" train "$1.fer" --run "$1-stopped" --json -q >pipe 2>err &
    pid=$!
    exec 3<pipe
    read -r _ <&3 || { cat err; exit 1; }
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    exec 3<&-
    rm pipe
    [ "$status" -eq 143 ] || { cat err; echo "$1 ended with $status"; exit 1; }
}

for name in privileged ssl; do
    sed -e 's/count=[0-9]*/count=16/g' -e 's/batch [0-9]*/batch 8/g' -e 's/until epoch=[^ ]*/until step=4/' \
        -e 's/width=32/width=8/' -e '/^let \(epochs\|pretrain\) /d' "$top_srcdir/models/$name-small.fer" >"$name.fer"
    "$FER" train -q "$name.fer" --run "$name"
    interrupt "$name"
    "$FER" train -q "$name.fer" --run "$name-stopped" --resume
    for file in "$name"/*.safetensors; do
        cmp "$file" "$name-stopped/${file##*/}"
    done
done
