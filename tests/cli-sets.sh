#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A published data set from its folder to a table over folds, and several sets as one, as people use them.
. "$top_srcdir/tests/expect.sh"

face() { # FILE GRAY: 6 x 6 pixels
    mkdir -p "$(dirname "$1")"
    { printf 'P5\n6 6\n255\n'; awk -v c="$2" 'BEGIN { for (i = 0; i < 36; i++) printf "%c", c + i % 5 }'; } >"$1"
}

# eight people, seven expressions each
i=40
for emotion in anger contempt disgust fear happy sadness surprise; do
    for person in 010 011 022 026 032 034 037 042; do
        face "CK+48/$emotion/S${person}_001_0000001$((i % 10)).pgm" $i
        i=$((i + 1))
    done
done
"$FER" check --strict -q "$top_srcdir/models/ck-fold.fer" --set "faces=$work/CK+48"
"$FER" sweep "$top_srcdir/models/ck-fold.fer" fold=0,5 --set "faces=$work/CK+48" --set epochs=1 --set batch=8 --set width=8 \
    --run folds -q >out
grep -q 'accuracy' out
[ "$(grep -c '^' folds/results.csv)" -ge 3 ]
expect 1 check "$top_srcdir/models/ck-fold.fer" --set "faces=$work/CK+48" --set k=9
says 'k may be 8 at most'

# several sets, one of them replaced on the command line
face jaffe/KA.AN1.39.pgm 60
face jaffe/KA.HA1.29.pgm 70
face kdef/AF01/AF01ANS.pgm 80
face kdef/AF01/AF01HAS.pgm 90
cat >all.fer <<'END'
fer 1
use vision, loss, optim, data, metric
labels "joy", "anger"
net small(x: f32[1,6,6]) -> y { y = x | avgpool global | fc: linear 2 }
data jaffe -> image, label = jaffe "nowhere"
data kdef  -> image, label = kdef "kdef"
data all   -> image, label = merge [jaffe, kdef] | gray | batch 4
predict classify(image: f32[1,6,6]) -> probs { probs = image | small | softmax }
test all over all {
  probs = image | classify
  metric confusion = probs, label | confusion
}
stage fit over all until step=1 {
  logits = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=0.1
}
END
"$FER" check all.fer >out 2>err;    says 'warning.*merge: jaffe: jaffe.*nowhere'
refused 1 'nowhere' train all.fer --run run
"$FER" train all.fer --run run --data jaffe=jaffe -q
"$FER" eval run/last.safetensors --data jaffe=jaffe --data "kdef=$work/kdef" --json >out
grep -q '"counts"' out
refused 1 'data jaffe=PATH' check all.fer --data all=jaffe
refused 1 "did you mean 'jaffe'" check all.fer --data jafe=jaffe
