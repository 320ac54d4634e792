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

# Those for FER2013 train on pictures of noise.  A path of --set is relative to the working directory, not to the description.
for class in angry disgust fear happy sad surprise neutral; do
    { printf 'P5\n48 48\n255\n'; printf '%s' "$class" | cat - "$FER" | head -c 2304; } >"$work/$class.pgm"
done
{
    echo path,label,split
    for split in train valid test; do
        for class in angry disgust fear happy sad surprise neutral; do
            echo "$class.pgm,$class,$split"
            echo "$class.pgm,$class,$split"
        done
    done
} >"$work/fer2013.csv"
mkdir "$work/models"
cp "$top_srcdir"/models/fer2013/*.fer "$work/models"
for model in "$work"/models/*.fer; do
    sed -e 's/batch [0-9]*/batch 8/g' -e 's/until epoch=[^ ]*/until step=2/' -e 's/dir=$occluders //' \
        -e '/^let \(epochs\|pretrain\|guided\|finetune\|choice\|passes\|occluders\) /d' "$model" >"$model.new"
    mv "$model.new" "$model"
done
cd "$work"
"$FER" check -q models/path-selection.fer --set csv=fer2013.csv # its networks train two steps above
for name in resnet18 vgg alexnet double-channel ssl ffra privileged; do
    "$FER" train -q "models/$name.fer" --set csv=fer2013.csv --run "fer2013-$name" ||
        { echo "fer2013/$name does not train"; exit 1; }
    "$FER" eval -q "fer2013-$name/last.safetensors" --json >out && grep -q '"areas"' out ||
        { echo "fer2013/$name is not tested"; exit 1; }
done
