#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A run that is killed, or stopped by a signal, and resumed ends with the same files, bit for bit, as one that never was.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >tiny.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, metric
let lr = 0.05
labels "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"
net small(image: f32[1,32,32]) -> logits {
  logits = image | conv1: conv2d 8 kernel=3 pad=1 stride=2 | bn1: batchnorm | relu | avgpool global | fc: linear 7
}
net other = small
data train -> image, label = synthface size=36 count=96 channels=1 | batch 16 | randcrop 32 | hflip
data valid -> image, label = synthface size=36 count=20 channels=1 split=valid | batch 16 | centercrop 32
stage first over train until epoch=3 keeping best="valid.accuracy" tests=[valid] {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=$lr momentum=0.9 decay=5e-4 | cosine
  save small "small.safetensors"
}
stage second over train until step=20 keeping tests=[valid] {
  step both times=2 {
    logits  = image | other
    loss ce = logits, label | cross_entropy
    minimize ce
    update other with adam lr=1e-3
  }
}
predict classify(image: f32[1,32,32]) -> probs { probs = image | small | softmax }
test valid over valid {
  probs = image | classify
  metric accuracy = probs, label | accuracy
}
END

# $1 and $2 hold the same, times apart.
same_run() {
    for file in last.safetensors best.safetensors small.safetensors model.fer; do
        cmp "$1/$file" "$2/$file"
    done
    for run in "$1" "$2"; do
        sed 's/,"seconds":[^,}]*//; s/,"waited":[^,}]*//' "$run/log.jsonl" >"$run.log"
    done
    cmp "$1.log" "$2.log"
}

# Start a run in $1, read $2 lines of its results, send it signal $3, and wait; $status is its exit status.
precision=fp32
front=
interrupt() {
    mkfifo pipe
    $front "$FER" train tiny.fer --run "$1" --seed 7 --resume --save-every 4 --precision "$precision" --json -q >pipe 2>err &
    pid=$!
    exec 3<pipe
    lines=0
    while [ "$lines" -lt "$2" ] && read -r _ <&3; do
        lines=$((lines + 1))
    done
    for signal in $3; do
        kill -"$signal" "$pid" 2>/dev/null || :
    done
    status=0
    wait "$pid" || status=$?
    exec 3<&-
    rm pipe
}

"$FER" train tiny.fer --run straight -q --seed 7
sed -n '$p' straight/log.jsonl | grep -q '"stage":"second"'
# of the seconds that an epoch's line counts, those without a batch
sed -n 's/.*"kind":"epoch".*"seconds":\([^,}]*\),"waited":\([^,}]*\).*/\1 \2/p' straight/log.jsonl |
    awk '{ if ($2 < last || $2 > $1) exit 1; last = $2 } END { exit NR == 0 }'

# killed at once, after one epoch, after another, in the second stage, in the end
for lines in 0 1 1 1 1; do
    interrupt killed $lines KILL
    [ "$status" -eq 137 ] || [ "$status" -eq 0 ] || { cat err; exit 1; }
done
"$FER" train tiny.fer --run killed --resume -q --seed 7
same_run straight killed

# stopped by signals: it says so, saves, and says how to go on
interrupt stopped 1 INT
[ "$status" -eq 130 ]
grep -q 'everything is saved in stopped/last.safetensors' err
grep -q 'to go on: fer train tiny.fer --run stopped --seed 7 --resume' err
interrupt stopped 1 TERM
[ "$status" -eq 143 ]
"$FER" train tiny.fer --run stopped --seed 7 --resume -q
same_run straight stopped

# … by a terminal that went away, unless nohup was asked for
front='env --default-signal=HUP' # which may be ignored here already
interrupt hung 1 "$(yes HUP | head -n 100)" # its shell and the system both say so
front=
[ "$status" -eq 129 ]
grep -q 'everything is saved in hung/last.safetensors' err
"$FER" train tiny.fer --run hung --seed 7 --resume -q
same_run straight hung
(
    trap '' HUP
    interrupt nohup 1 HUP
    [ "$status" -eq 0 ]
)
same_run straight nohup

# a complete run stays as it is
"$FER" train tiny.fer --run killed --resume 2>err
grep -q 'killed is complete' err
same_run straight killed

# what a kill during a save leaves is gone after the next one
sh -c 'echo $$ >pid'
touch "killed/last.safetensors.$(cat pid)-0.tmp" "killed/other.$(cat pid)-0.tmp"
"$FER" train tiny.fer --run killed --resume -q
[ ! -e "killed/last.safetensors.$(cat pid)-0.tmp" ] && [ -e "killed/other.$(cat pid)-0.tmp" ]

# nothing is overwritten, nothing goes on as something else
if "$FER" train tiny.fer --run killed 2>err; then exit 1; fi
grep -q 'already holds a run' err
if "$FER" train tiny.fer --run killed --resume --set lr=0.1 2>err; then exit 1; fi
grep -q 'is not the description that killed was begun with' err
if "$FER" train tiny.fer --run killed --resume --seed 8 2>err; then exit 1; fi
grep -q 'was begun with seed 7' err
if "$FER" train tiny.fer --run killed --resume --data train=other.pack 2>err; then exit 1; fi
grep -q 'killed was begun without --data; it cannot go on with --data train=other.pack' err

# with less precision the loss scale goes on where it was
precision=fp16
"$FER" train tiny.fer --run straight16 -q --seed 7 --precision fp16
grep -q '"loss_scale":65536.0' straight16/log.jsonl
interrupt killed16 1 KILL
if "$FER" train tiny.fer --run killed16 --resume -q --seed 7 2>err; then exit 1; fi
grep -q 'the run began with --precision fp16 and cannot go on with fp32' err
"$FER" train tiny.fer --run killed16 --resume -q --seed 7 --precision fp16
same_run straight16 killed16
