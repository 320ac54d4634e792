#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer train under mpirun: two ranks follow one, one log and one checkpoint; a rank that is killed; signals; refusals.
# Left out where libfer was configured without MPI, or mpirun is missing.
set -eu

grep -q '^#define HAVE_MPI 1' "$top_builddir/config.h" || { echo "without MPI"; exit 77; }
command -v mpirun >/dev/null || { echo "without mpirun"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Debian's Open MPI wants to be asked twice by root
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM

cat >tiny.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, metric
let batch = 12
let steps = 20
let pictures = 50
labels "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"
net small(image: f32[1,16,16]) -> logits {
  logits = image | conv: conv2d 8 kernel=3 stride=2 | bn: batchnorm | relu | fc: linear 7
}
data train -> image, label = synthface size=16 count=$pictures channels=1 | batch $batch
data valid -> image, label = synthface size=16 count=20 channels=1 split=valid | batch 10
stage learn over train until step=$steps keeping best="valid.accuracy" tests=[valid] {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=0.05 momentum=0.9
}
predict classify(image: f32[1,16,16]) -> probs { probs = image | small | softmax }
test valid over valid {
  probs = image | classify
  metric accuracy = probs, label | accuracy
}
END

ranks='mpirun --oversubscribe --bind-to none --mca odls_base_sigkill_timeout 60 -n'
losses() {
    sed -n 's/.*"kind":"step".*"loss":\([^,]*\),"losses".*/\1/p' "$1/log.jsonl"
}

"$FER" train tiny.fer --run one --seed 7 -q
$ranks 2 "$FER" train tiny.fer --run two --seed 7 -q --sync-batchnorm 2>err || { cat err; exit 1; }
losses one >one.losses
losses two >two.losses
[ "$(wc -l <two.losses)" -eq 20 ]
paste one.losses two.losses | awk '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > 1e-4) { print NR, $1, $2; bad = 1 } } END { exit bad }'
# one voice
$ranks 2 "$FER" train tiny.fer --run again --seed 7 --json --sync-batchnorm >out 2>err
[ "$(grep -c '"kind":"epoch"' out)" -eq 5 ]
[ "$(grep -c 'trained: again/best.safetensors' err)" -eq 1 ]
for file in last.safetensors best.safetensors; do
    cmp two/$file again/$file
done

# in half precision they follow one rank until rounding has grown, and repeat
"$FER" train tiny.fer --run half --seed 7 -q --precision fp16
for run in half2 half2again; do
    $ranks 2 "$FER" train tiny.fer --run $run --seed 7 -q --precision fp16 --sync-batchnorm 2>err || { cat err; exit 1; }
done
cmp half2/last.safetensors half2again/last.safetensors
losses half >half.losses
losses half2 >half2.losses
[ "$(wc -l <half2.losses)" -eq 20 ]
paste half.losses half2.losses | awk '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (NR <= 10 && d > 0.02) { print NR, $1, $2; bad = 1 } } END { exit bad }'
if cmp -s two.losses half2.losses; then exit 1; fi

# a rank is killed when the log has its third line: the run ends, and goes on from its last save
mkfifo pipe
$ranks 2 sh -c 'echo $$ >pid.$OMPI_COMM_WORLD_RANK; exec "$@"' sh "$FER" train tiny.fer --run killed --seed 7 \
    --set steps=100000 --save-every 2 --json >pipe 2>err &
launcher=$!
exec 3<pipe
read -r _ <&3
kill -KILL "$(cat pid.1)"
status=0
wait "$launcher" || status=$?
exec 3<&-
[ "$status" -ne 0 ]
grep -q 'rank 1 has died; training has ended in stage learn after step' err || { cat err; exit 1; }
grep -q 'the last checkpoint is killed/last.safetensors' err
"$FER" eval killed/last.safetensors --json >/dev/null

# a signal to the launcher: saved once, and it goes on with one rank.  Open MPI passes the signal on after its timeout and
# reads nothing meanwhile, so that few lines may come (16 KiB of them block a rank): long epochs.
$ranks 2 "$FER" train tiny.fer --run stopped --seed 7 --set steps=100000 --set pictures=20000 --json >pipe 2>err &
launcher=$!
exec 3<pipe
read -r _ <&3
kill -TERM "$launcher"
status=0
wait "$launcher" || status=$?
exec 3<&-
[ "$status" -ne 0 ]
[ "$(grep -c 'everything is saved in stopped/last.safetensors' err)" -eq 1 ] || { cat err; exit 1; }
"$FER" eval stopped/last.safetensors --json >/dev/null

# refused
if $ranks 3 "$FER" train tiny.fer --run odd --set batch=16 2>err; then exit 1; fi
[ "$(grep -c 'a batch of 16 cannot be shared equally by 3 processes' err)" -eq 1 ] || { cat err; exit 1; }
[ ! -e odd/last.safetensors ]
