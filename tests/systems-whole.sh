#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The descriptions of the published systems as the papers have them pass fer check, and train two steps of each stage and are
# tested on a few rendered faces in the papers' layouts, at smaller sizes: 64 pixels for 224, batches of four.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo path,label >"$work/faces.csv"
for class in 1 2 3 4 5 6 7; do
    for split in train test; do
        mkdir -p "$work/raf/$split/$class"
        for face in 1 2; do
            file=$work/raf/$split/$class/$face.png
            if [ $split$face = train1 ]; then
                "$FER" show "$top_srcdir/models/demo.fer" data clean -q --seed $class --rows 1 --columns 1 --out "$file" >"$work/out"
            else
                cp "$work/raf/train/$class/1.png" "$file"
            fi
        done
    done
    for face in 1 2 3 4 5 6 7 8 9 10; do
        echo "raf/train/$class/1.png,$((class - 1))" >>"$work/faces.csv"
    done
done

for name in double-channel ffra path-selection privileged ssl; do
    model=$top_srcdir/models/$name.fer
    "$FER" check -q "$model" || { echo "$name does not pass fer check"; exit 1; }
    sed -e 's/224/64/g; s/resize 240/resize 72/; s/batch [0-9]*/batch 4/; s/until \(epoch\|step\)=[^ ]*/until step=2/' \
        -e "s,^let faces .*,let faces = \"$work/raf\"," -e "s,^let unlabelled .*,let unlabelled = \"$work/raf\"," \
        -e "s,^let csv .*,let csv = \"$work/faces.csv\"," -e '/^let \(epochs\|epochs_y\|steps\|pretrain\|guided\) /d' \
        "$model" >"$work/$name.fer"
    "$FER" train -q "$work/$name.fer" --run "$work/$name" || { echo "$name does not train"; exit 1; }
    "$FER" eval -q "$work/$name/last.safetensors" --json >"$work/out" && grep -q '"accuracy"' "$work/out" ||
        { echo "$name is not tested"; exit 1; }
done
