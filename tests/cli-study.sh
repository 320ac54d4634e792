#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every study that comes with the models can be trained, combination by combination; one of them is, on a few small faces.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp -r "$top_srcdir/models" models
FER_STUDY_PATH=$work/models/studies
export FER_STUDY_PATH

"$FER" study >list
for file in models/studies/*.study; do
    name=$(basename "$file" .study)
    grep -q "^$name " list || { echo "$name is not listed"; exit 1; }
    "$FER" study "$name" --dry-run 2>err || { echo "$name:"; cat err; exit 1; }
    grep -q 'can be trained$' err
    # names of rows are rows of docs/systems.md
    for row in $(sed -n 's/^answers *//p' "$file" | tr -d ,); do
        grep -q "^| $row |" "$top_srcdir/docs/systems.md" || { echo "$name answers $row, which does not exist"; exit 1; }
    done
done
"$FER" study privileged-losses --dry-run 2>err
[ "$(grep -c 'can be trained$' err)" -eq 8 ]

sed -e 's/count=[0-9]*/count=64/g' -e 's/batch [0-9]*/batch 8/g' "$top_srcdir/models/ffra-small.fer" >models/ffra-small.fer
"$FER" study ffra-modules 'use=[],[global,local]' --set epochs=1 --run run -q >out
grep -q '^use=\[\] ' out # the plain network: of an update of three nets one has no weights
grep -q '^use=\[global,local\] ' out
[ "$(ls -d run/*/ | wc -l)" -eq 2 ]
"$FER" study --report run -q | cmp - out

# what is wrong with a study is said
expect() {
    status=0
    "$FER" study "$@" >out 2>err || status=$?
    [ "$status" -eq 1 ] || { cat err; exit 1; }
}
expect nosuch --run other;                 grep -q "there is no study 'nosuch'.*lists those" err
expect ffra-modules lambda=1 --run other;  grep -q "does not vary 'lambda'" err
expect nothing --run other;                grep -q 'nothing.study' err
printf 'model ../ffra-small.fer\nvalue lambda=1\n' >models/studies/wrong.study
expect wrong --run other;                  grep -q "wrong.study:2: 'value' is none of" err
printf 'model ../ffra-small.fer\n\0\nvalues lambda=1\n' >models/studies/wrong.study
expect wrong --run other --dry-run;        grep -q 'wrong.study is no text: it has a zero byte' err
printf 'title x\n' >models/studies/wrong.study
expect wrong --run other;                  grep -q 'names no model' err
"$FER" study 2>err >list
grep -q 'wrong.study names no model' err
grep -q '^ffra-modules' list
