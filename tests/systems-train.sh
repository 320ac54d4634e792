#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every small description of a published system or plain network is valid and trains two steps of each stage, on a few
# rendered faces.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for model in "$top_srcdir"/models/*-small.fer; do
    name=$(basename "$model" .fer)
    "$FER" check --strict -q "$model" || { echo "$name does not pass fer check"; exit 1; }
    sed -e 's/count=[0-9]*/count=64/g' -e 's/batch [0-9]*/batch 8/g' -e 's/until epoch=[^ ]*/until step=2/' \
        -e '/^let \(epochs\|pretrain\) /d' "$model" >"$work/$name.fer"
    "$FER" train -q "$work/$name.fer" --run "$work/$name" || { echo "$name does not train"; exit 1; }
    ls "$work/$name"/*.safetensors >/dev/null
done
