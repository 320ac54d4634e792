#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --precision: what it does to a run is small, what it says of itself is there, and updates that overflow are none.
. "$top_srcdir/tests/expect.sh"

cat >net.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, metric
let weight = 1
let lr = 0.01
labels "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"
net small(image: f32[1,32,32]) -> logits {
  logits = image | conv2d 8 kernel=3 pad=1 stride=2 | batchnorm | relu | conv2d 16 kernel=3 pad=1 | relu | avgpool global | linear 7
}
data train -> image, label = synthface size=32 count=64 channels=1 | batch 16
stage fit over train until step=12 {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize $weight ce
  update small with sgd lr=$lr
}
predict classify(image: f32[1,32,32]) -> probs { probs = image | small | softmax }
END

losses() {
    grep '"kind":"step"' "$1/log.jsonl" | sed 's/.*"ce":\([0-9.e-]*\).*/\1/'
}
for precision in fp32 fp16 bf16; do
    expect 0 train net.fer --run $precision --precision $precision -q
    losses $precision >$precision.losses
    grep -q "\"precision\": \"$precision\"" $precision/run.json || fail "run.json does not say $precision"
done
# within 2 %, and not the same
for precision in fp16 bf16; do
    paste fp32.losses $precision.losses | awk '{ d = ($1 - $2) / $1; if (d > 0.02 || d < -0.02) exit 1; if (d) some = 1 }
        END { exit !(NR == 12 && some) }' || fail "losses with $precision are not those with fp32"
done
[ "$(grep -c '"loss_scale":65536.0' fp16/log.jsonl)" -eq 12 ] || fail "the loss scale is not told"
if grep -q loss_scale bf16/log.jsonl fp32/log.jsonl; then fail "a loss scale where there is none"; fi

# Gradients of 1e9 overflow binary16 whatever the scale: it is halved each time, and no update moves a weight.
expect 0 train net.fer --run over --precision fp16 --set weight=1e9 -q
[ "$(grep -c '"skipped":1' over/log.jsonl)" -eq 12 ] || fail "updates are not skipped"
grep '"step":12' over/log.jsonl | grep -q '"loss_scale":32.0' || fail "the scale is not halved each time"
expect 0 train net.fer --run still --precision fp16 --set lr=1e-30 -q
[ "$(losses over)" = "$(losses still)" ] || fail "an update that is skipped moves weights"

# A checkpoint that says a scale of 0 is refused: every weight would become one that is no number.
{
    cat net.fer
    cat <<'END'
stage blow over train until step=12 {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=1e6
}
END
} >blow.fer
refused 1 'is not finite' train blow.fer --run blow --precision fp16 -q
LC_ALL=C sed -i 's/65536\.0/0.00000/g' blow/last.safetensors
refused 1 'a loss scale of stage blow' train blow.fer --run blow --precision fp16 --resume -q

expect 0 show net.fer --precision fp16
prints 'fp16 [0-9]* maps'
refused 1 "'fp8' is no precision" train net.fer --run no --precision fp8
