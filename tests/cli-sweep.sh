#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sweep is a queue: every combination is trained and tested once, whatever interrupts it, and its table holds what the
# runs' own results say.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir models
cat >models/tiny.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, occlude, metric
let lr    = 0.05
let width = 8
let bins  = [0, 0.1, 0.5]
let fold  = 0
labels "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"
net small(image: f32[1,24,24]) -> logits {
  logits = image | conv1: conv2d $width kernel=3 pad=1 stride=2 | bn1: batchnorm | relu | avgpool global | fc: linear 7
}
data train -> image, label = synthface size=24 count=64 channels=1 seed=$fold | batch 16 | hflip
data valid -> image, label = synthface size=24 count=40 channels=1 split=valid | batch 16
data test  -> image, label, covered = synthface size=24 count=60 channels=1 split=test | batch 16 | sprite fold=test
stage fit over train until epoch=2 {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=$lr
}
predict classify(image: f32[1,24,24]) -> probs { probs = image | small | softmax }
test valid over valid {
  probs = image | classify
  metric accuracy  = probs, label | accuracy
  metric recall    = probs, label | recall
  metric confusion = probs, label | confusion
}
test test over test {
  probs = image | classify
  metric accuracy = probs, label | accuracy by=covered bins=$bins
}
END

fail() {
    echo "$*" >&2
    cat out err >&2
    exit 1
}
# STATUS ARGUMENTS…
sweep() {
    wanted=$1
    shift
    status=0
    "$FER" sweep "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || fail "fer sweep $*: exit status $status instead of $wanted"
}
# Column $2 (by its name) of run $1 in a results.csv without commas but in the first column.
column() {
    sed 's/^"\([^"]*\)"/\1/; s/,\(fold\|seed\)=/;\1=/g' "$3" | awk -F, -v run="$1" -v name="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i }
        $1 == run { print $column }'
}

# what is wrong is found before anything is trained
sweep 1 models/tiny.fer nothing=1,2 --run wrong
grep -q "models/tiny.fer has no let 'nothing'" err || fail "no word of the let"
sweep 1 models/tiny.fer width=8,0 --run wrong
grep -q 'width=0,seed=0 cannot be trained; no run was begun' err || fail "no word of the value"
[ ! -e wrong/sweep.json ] || fail "a sweep was begun"
mkdir odd && echo '[]' >odd/sweep.json
sweep 1 --report odd; grep -q 'odd/sweep.json, line 1: no JSON object' err || fail "no list"
sweep 1 models/tiny.fer lr=1,1 --run wrong;          grep -q "the value '1' is there twice" err
sweep 1 models/tiny.fer lr=1 lr=2 --run wrong;       grep -q 'lr is there twice' err
sweep 1 models/tiny.fer lr=1 --set lr=2 --run wrong; grep -q 'lr is set for all runs and swept too' err
sweep 1 models/tiny.fer bins=[0,1 --run wrong;      grep -q 'a bracket or quote is missing' err
sweep 1 models/tiny.fer lr= --run wrong;             grep -q 'a value is empty' err
sweep 1 models/tiny.fer --seeds 1,1 --run wrong;     grep -q 'two runs would be called seed=1' err
sweep 1 --report wrong;                              grep -q 'wrong holds no sweep' err
sweep 2 models/tiny.fer lr=1
sweep 2 lr=1 --run wrong
sweep 2 models/tiny.fer --seeds 1,x --run wrong
sweep 2 models/tiny.fer --seeds 1 --seed 2 --run wrong

# two rates, two folds, two seeds: eight runs, two rows
sweep 0 models/tiny.fer lr=0.05,0.1 fold=0,1 --seeds 3,4 --run grid
[ "$(ls -d grid/*/ | wc -l)" -eq 8 ]
grep -q '^lr=0.05  .* ± ' out || fail "no row of the mean"
[ "$(grep -c '^lr=0.1 ' out)" -eq 2 ] || fail "not one row in each test's block"
# a run is what fer train and fer eval make of the same values
"$FER" train models/tiny.fer --set lr=0.1 --set fold=1 --seed 4 --run alone -q
cmp alone/best.safetensors 'grid/lr=0.1,fold=1,seed=4/best.safetensors'
"$FER" eval alone/best.safetensors --json >alone.json
weights=$(sed -n 's/.*"weights": "\(.*\)".*/\1/p' alone.json)
[ "$(column 'lr=0.1;fold=1;seed=4' weights grid/results.csv)" = "$weights" ] || fail "other weights"
accuracy=$(awk '/"valid": {/ { inside = 1 } inside && /"accuracy"/ { sub(",", "", $2); print $2; exit }' alone.json)
[ "$(column 'lr=0.1;fold=1;seed=4' valid.accuracy grid/results.csv)" = "$accuracy" ] || fail "another accuracy"
# the mean and the sample deviation of a row, from the four runs' own numbers
for run in 'fold=0;seed=3' 'fold=1;seed=3' 'fold=0;seed=4' 'fold=1;seed=4'; do
    column "lr=0.1;$run" valid.accuracy grid/results.csv
done | awk '{ s += $1; q += $1 * $1 } END { m = s / 4; printf "%.4f ± %.4f\n", m, sqrt((q - 4 * m * m) / 3 + 1e-18) }' >want
grep '^lr=0.1 ' out | head -n 1 | grep -q "$(cat want)" || fail "the mean is not $(cat want)"
# what it answered to every sample adds up to what its tests report
answers='grid/lr=0.1,fold=1,seed=4/predictions.csv'
"$FER" eval alone/best.safetensors --predictions alone.csv -q >out
cmp alone.csv "$answers"
counted=$(awk -F, '$1 == "valid" { n++; right += $4 == $5 } END { printf "%.9g", right / n }' "$answers")
[ "$counted" = "$accuracy" ] || fail "the answers say $counted, the test $accuracy"
counted=$(awk -F, '$1 == "test" && $NF < 0.1 { n++; right += $4 == $5 } END { printf "%.9g", right / n }' "$answers")
[ "$counted" = "$(column 'lr=0.1;fold=1;seed=4' test.accuracy.by_bin.0-0.1 grid/results.csv)" ] || fail "the first bin: $counted"
"$FER" compare 'grid/lr=0.1,fold=1,seed=4' grid/lr=0.1,fold=0,seed=3 grid/lr=0.1,fold=0,seed=4 --against grid/lr=0.05,fold=0,seed=3 |
    grep -q '^test .* 95 % .*(60)$'

# the same again: everything is complete; another value: only that is new; another description: nothing is mixed
sweep 1 models/tiny.fer lr=0.05 --run grid;       grep -q 'grid already holds a sweep' err
sweep 0 models/tiny.fer lr=0.05,0.1 fold=0,1 --seeds 3,4 --run grid --resume
[ "$(grep -c 'complete already' err)" -eq 8 ]
sweep 0 models/tiny.fer lr=0.1,0.2 fold=0,1 --seeds 3 --run grid --resume
[ "$(grep -c 'complete already' err)" -eq 2 ]
[ "$(grep -c begins err)" -eq 2 ]
[ "$(wc -l <grid/results.csv)" -eq 11 ]
sed 's/epoch=2/epoch=3/' models/tiny.fer >models/other.fer
sweep 1 models/other.fer lr=0.1 fold=0 --seeds 3 --run grid --resume
grep -q 'was trained with another description' err || fail "mixed"
sweep 1 models/tiny.fer lr=0.1,0.3 fold=0 --seeds 3 --run grid --resume --data train=other.pack
grep -q 'grid was begun without --data; it cannot go on with --data train=other.pack' err || fail "mixed data"
[ ! -e grid/lr=0.3,fold=0,seed=3 ] || fail "a run with other data was begun"
"$FER" sweep --report grid --json | grep -q '"deviation"'

# a run that fails is noted; the others go on, unless --strict; it is tried again
sweep 1 models/tiny.fer lr=1e6,0.05 --run broken
[ "$(column 'lr=1e6;seed=0' status broken/results.csv)" = failed ]
[ "$(column 'lr=0.05;seed=0' status broken/results.csv)" = complete ]
grep -q 'not finite' err || fail "no word of what failed"
sweep 1 models/tiny.fer lr=1e6,0.05 --run strict --strict
[ "$(column 'lr=0.05;seed=0' status strict/results.csv)" = waiting ]
sweep 1 models/tiny.fer lr=1e6,0.05 --run broken --resume
[ "$(grep -c begins err)" -eq 1 ]

# several descriptions, from elsewhere; lists hold commas
# one at a time: + between grids
sweep 0 models/tiny.fer lr=1,2 + width=4 --dry-run
[ "$(grep -c 'can be trained' err)" -eq 3 ] || fail "not three runs"
sweep 0 models/tiny.fer models/other.fer "bins=[0,0.5],[0,0.1,0.5]" --run two -q
[ -d 'two/model=tiny,bins=0+0.1+0.5,seed=0' ] && [ -d 'two/model=other,bins=0+0.5,seed=0' ]
[ ! -s err ] || fail "not quiet"

# paths of a description start beside it, those of the command line here
sed -e '/^let fold/s/.*/let csv = "list.csv"/' -e 's/seed=$fold//' \
    -e 's/^data valid .*/data valid -> image, label = manifest $csv | gray | batch 4/' models/tiny.fer >models/files.fer
"$FER" show models/tiny.fer data valid --columns 1 --rows 1 --out models/face.png -q >out
printf 'path,label\nface.png,fear\n' >models/list.csv
printf 'path,label\nmodels/face.png,fear\nmodels/face.png,fear\n' >here.csv
sweep 0 models/files.fer csv=here.csv + lr=0.05 --run files
[ "$(column 'csv=here.csv;seed=0' valid.images files/results.csv)" -eq 2 ] || fail "not the list here"
[ "$(column 'lr=0.05;seed=0' valid.images files/results.csv)" -eq 1 ] || fail "not the list there"
sweep 0 models/files.fer --run given --data valid=here.csv
sweep 0 models/files.fer --run given --data valid=here.csv --resume
grep -q 'complete already' err || fail "not the same data"
sweep 1 models/files.fer --run given --resume
grep -q 'given was begun with --data valid=here.csv; it cannot go on without --data' err || fail "mixed data"
sweep 1 models/files.fer --run given --resume --data valid=here.csv --data train=here.csv
grep -q 'it cannot go on with --data valid=here.csv --data train=here.csv' err || fail "more data"

# interrupted: it says how to go on, and ends with the same weights; killed: likewise
sed 's/epoch=2/epoch=40/' models/tiny.fer >models/long.fer
mkfifo pipe
for signal in INT KILL; do
    "$FER" sweep models/long.fer lr=0.05,0.1 --run "$signal" -v --resume 2>pipe >out &
    pid=$!
    exec 3<pipe
    while read -r line <&3; do
        case $line in *'epoch 3'*) break ;; esac
    done
    kill -"$signal" "$pid"
    cat <&3 >err
    exec 3<&-
    status=0
    wait "$pid" || status=$?
    [ "$signal" = KILL ] || [ "$status" -eq 130 ] || fail "exit status $status"
    [ "$signal" = KILL ] || grep -q 'to go on: fer sweep models/long.fer .* --resume$' err || fail "how to go on?"
    sweep 0 models/long.fer lr=0.05,0.1 --run "$signal" --resume
done
cmp INT/lr=0.1,seed=0/best.safetensors KILL/lr=0.1,seed=0/best.safetensors
"$FER" train models/long.fer --run straight -q
cmp INT/lr=0.05,seed=0/best.safetensors straight/best.safetensors
cmp KILL/lr=0.05,seed=0/best.safetensors straight/best.safetensors
