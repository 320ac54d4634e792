#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer tune on a tiny network: what it finds is kept, used, gone on with, left out; and the network says the same with it.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || exit 77
FER_TUNE=$work/deep/tune.txt
export FER_TUNE

cat >tiny.fer <<'END2'
fer 1
use vision
net tiny(x: f32[16,8,8]) -> y {
  y = x | a: conv2d 16 kernel=3 pad=1 | relu | b: conv2d 16 kernel=3 pad=1 bias=no | c: linear 5
}
predict infer(x: f32[16,8,8]) -> y { y = x | tiny }
END2

# No time for anything: each run measures one all the same, until nothing is left.
"$FER" tune tiny.fer --batch 2 --budget 0.000001 >one
grep -q '2 problems with a choice: 1 measured now, 0 known before, 1 left' one
grep -q 'goes on with what is left' one
"$FER" tune tiny.fer --batch 2 --budget 0.000001 >two
grep -q '2 problems with a choice: 1 measured now, 1 known before, 0 left' two
rm deep/tune.txt

# All of it, then nothing is left.  Both convolutions are one problem.
"$FER" tune tiny.fer --batch 2 --json >tuned.json 2>progress
grep -q '^2/2  ' progress
"$FER" tune tiny.fer --batch 2 >again 2>/dev/null
grep -q '0 measured now, 2 known before, 0 left' again
"$FER" tune tiny.fer --batch 2 -q >quiet 2>&1
[ ! -s quiet ]
head -n 1 deep/tune.txt | grep -qx 'fer tune 1'
[ "$(grep -vc '^#' deep/tune.txt)" -eq 3 ]

python3 - <<'END2'
import json, re
report = json.load(open("tuned.json"))
lines = [line.rstrip("\n").split("\t") for line in open("deep/tune.txt") if "\t" in line and not line.startswith("#")]
assert (report["problems"], report["tuned"], report["left"], report["known"]) == (2, 2, 0, 0), report
results = {row["work"]: row for row in report["results"]}
conv, linear = results["conv2d forward"], results["linear product"]
assert conv["shape"].startswith("2x16x8x8 to 16x8x8") and conv["calls"] == 2, conv
assert linear["shape"].startswith("1 of 2x1024 by 1024x5"), linear
for row in results.values():
    solutions = {s["solution"]: s for s in row["solutions"]}
    first = row["solutions"][0]
    assert len(solutions) == len(row["solutions"]) > 2, row             # each of them once
    assert all(s["refusal"] is None and s["error"] < 2e-4 for s in solutions.values()), row
    assert row["solution"] in solutions and abs(row["gain"] * row["ms"] - row["first_ms"]) < 1e-6 * row["first_ms"], row
    # one of those that are as good as the best; nothing that was measured with it is a percent faster
    line, = [l for l in lines if l[4] == row["work"]]
    units = line[0][len(report["device"]):]
    assert line[0].startswith(report["device"]) and re.fullmatch(r", [1-9]\d* units?", units), line
    assert line[1] == report["driver"] and line[2:4] == ["f32", "infer"], line
    assert line[5] == row["shape"] and line[7] == row["solution"], (line, row)
assert {"generic"} <= {s["solution"] for s in conv["solutions"]}, conv
total = sum(row["calls"] * row["ms"] for row in results.values())
assert abs(report["tuned_ms"] - total) < 1e-6 * total, report
END2

# It is used, and said; and left out.
"$FER" show tiny.fer --batch 2 --launches -v >with 2>said
grep -q '(tuned)' with
grep -q 'deep/tune.txt: 2 measurements' said
"$FER" show tiny.fer --batch 2 --launches --without tune >without
if grep -q '(tuned)' without; then exit 1; fi
FER_TUNE=off "$FER" show tiny.fer --batch 2 --launches >off
sed '/^passes:/s/; tune off$//' without | cmp - off
"$FER" show tiny.fer --batch 3 --launches >other # another shape: heuristics
if grep -q '(tuned)' other; then exit 1; fi
"$FER" bench --ops tiny.fer --batch 2 --steps 1 --solvers --json >ops.json
python3 - <<'END2'
import json
rows = [row for row in json.load(open("ops.json"))["operations"] if row["solver"]]
assert len(rows) == 2 and all(row["chosen"] == "tuned" for row in rows), rows
assert all(len(row["solvers"]) >= 2 and all(s["seconds"] > 0 for s in row["solvers"]) for row in rows), rows
END2

# Whatever the file says, results agree; the same file gives the same bytes.
python3 - <<'END2'
import json, random, struct
random.seed(1)
values = [random.uniform(-1, 1) for _ in range(2 * 16 * 64)]
header = json.dumps({"x": {"dtype": "F32", "shape": [2, 16, 8, 8], "data_offsets": [0, 4 * len(values)]}}).encode()
open("x.st", "wb").write(struct.pack("<Q", len(header)) + header + struct.pack("<%df" % len(values), *values))
END2
run() { "$FER" run tiny.fer tiny --in x.st --out "$1" --seed 3; }
FER_TUNE=off run heuristics.st
for solution in generic direct 'direct chunk=48 outs=2' winograd 'winograd form=2 split=18'; do
    awk -F'\t' -v OFS='\t' -v s="$solution" '$5 == "conv2d forward" { $8 = s } { print }' deep/tune.txt >deep/new
    cp deep/new deep/tune.txt
    run one.st
    run two.st
    cmp one.st two.st
    python3 - "$solution" <<'END2'
import struct, sys
def load(path):
    data = open(path, "rb").read()
    data = data[8 + struct.unpack("<Q", data[:8])[0]:]
    return struct.unpack("<%df" % (len(data) // 4), data)
ours, theirs = load("one.st"), load("heuristics.st")
error = (sum((a - b) ** 2 for a, b in zip(ours, theirs)) / sum(b * b for b in theirs)) ** 0.5
assert len(ours) == 10 and error < 1e-5, (sys.argv[1], error)
END2
done

# Less precision: measured on maps that lie in memory as the network's, and kept beside the others.
FER_DUMP=$work/texts "$FER" tune tiny.fer --batch 2 --precision fp16 >half 2>progress
grep -q '2 measured now, 0 known before, 0 left' half
grep -h '^#define FER_FORM_y' texts/winograd_fused-*.cl >forms
if grep -v HALF forms; then exit 1; fi
"$FER" tune tiny.fer --batch 2 --precision fp16 >half
grep -q '0 measured now, 2 known before, 0 left' half
[ "$(grep -v '^#' deep/tune.txt | cut -s -f 3 | sort | uniq -c | tr -s ' \n' ' ')" = " 2 f32 2 f32/fp16 " ]
awk -F'\t' -v OFS='\t' '$5 == "conv2d forward" { $8 = $3 == "f32" ? "generic" : "direct" } { print }' deep/tune.txt >deep/new
cp deep/new deep/tune.txt
for precision in fp32 fp16; do "$FER" show tiny.fer --batch 2 --launches --precision $precision >$precision; done
grep -q ' generic .*(tuned)' fp32
grep -q ' direct .*(tuned)' fp16
if grep -q ' generic .*(tuned)' fp16; then exit 1; fi

# Training: gradients are measured too; a run that began without and goes on with measurements says so.
cat >train.fer <<'END2'
fer 1
use vision, loss, optim, synthface
net two(x: f32[3,16,16]) -> y { y = x | a: conv2d 16 kernel=3 pad=1 | b: conv2d 16 kernel=3 pad=1 | avgpool global }
data train -> image, label = synthface classes=7 count=4 size=16 channels=3 | batch 2
stage learn over train until step=1000000 {
  logits = image | two
  loss ce = logits, label | cross_entropy
  minimize ce
  update two with sgd lr=0.001
}
END2
# Two lines of results, then SIGTERM.
begin() {
    mkfifo pipe
    "$FER" train train.fer --run run --resume --json "$@" >pipe 2>err &
    pid=$!
    exec 3<pipe
    read -r line <&3 && read -r line <&3
    kill -TERM $pid
    cat <&3 >/dev/null
    exec 3<&-
    status=0
    wait $pid || status=$?
    rm pipe
    [ $status -eq 143 ]
}
rm -r deep
begin
"$FER" tune train.fer --mode train >tuned 2>progress
grep -q '5 problems with a choice: 5 measured now' tuned # two forward, two gradients of weights, one of an input
grep -q 'conv2d data  2x16x16x16 to 16x16x16' progress
grep -q 'conv2d weights  2x3x16x16 to 16x16x16' progress
[ "$(cut -f 4 deep/tune.txt | sort -u | tr '\n' ' ')" = "fer tune 1 mode train " ]
begin
grep -q 'warning: the measurements of fer tune are not those that stage learn began with' err
begin
if grep -q 'measurements of fer tune' err; then exit 1; fi
begin --without tune
grep -q 'measurements of fer tune' err

# A malformed file is said with its line, and spoils only what uses it.
printf 'fer tune 1\nnonsense\n' >deep/tune.txt
status=0
"$FER" show tiny.fer 2>err || status=$?
[ $status -eq 1 ]
grep -q 'deep/tune.txt:2: the line does not have ten fields' err
[ "$(wc -l <err)" -eq 1 ]
"$FER" plugins >plugins
"$FER" show tiny.fer --without tune >shown
status=0
"$FER" tune tiny.fer --out "$work/deep" 2>err || status=$?
[ $status -eq 1 ]
grep -q "$work/deep" err

# All blocks, one after the other, what two have only once; or one by its name.
cat >blocks.fer <<'END2'
fer 1
use vision, loss, optim, data
net small(x: f32[6]) -> y { y = x | linear 5 }
net large(x: f32[6]) -> y { y = x | linear 7 }
predict first(x: f32[6])  -> y { y = x | small }
predict second(x: f32[6]) -> y, z {
  y = x | small
  z = x | large
}
net look(x: f32[1,8,8]) -> y { y = x | flatten | linear 3 }
data train -> image, label = noise classes=3 count=4 size=8 channels=1 | batch 2
stage one over train until step=1 {
  logits = image | look
  loss ce = logits, label | cross_entropy
  minimize ce
  update look with sgd lr=0.1
}
END2
rm deep/tune.txt
"$FER" tune blocks.fer --batch 2 --predict second --json >second.json 2>progress
grep -q '^2/2  second  linear product  ' progress
"$FER" tune blocks.fer --batch 2 --again --json >all.json 2>progress
grep -q '^1/1  first  linear product  ' progress
grep -q '^2/2  second  linear product  ' progress
python3 - <<'END2'
import json
second, both = json.load(open("second.json")), json.load(open("all.json"))
assert {row["block"] for row in second["results"]} == {"second"}, second
assert [row["block"] for row in both["results"]] == ["first", "second"], both
for report in second, both:
    assert (report["problems"], report["tuned"], report["left"]) == (2, 2, 0), report
    assert sorted(row["shape"] for row in report["results"]) == [f"1 of 2x6 by 6x{n} transposed" for n in (5, 7)], report
END2
rm deep/tune.txt
"$FER" tune blocks.fer --batch 2 --budget 0.000001 >left 2>&1
grep -q '2 problems with a choice: 1 measured now, 0 known before, 1 left' left
"$FER" bench blocks.fer --stage one --steps 3 --json >bench.json
python3 - <<'END2'
import json
report = json.load(open("bench.json"))
assert (report["mode"], report["block"], report["batch"]) == ("train", "one", 2), report
assert 0 < report["fastest_step"] <= report["seconds_per_step"] <= report["slowest_step"], report
END2
"$FER" show blocks.fer --predict second | grep -q '^large'
if "$FER" show blocks.fer | grep -q '^large'; then exit 1; fi
"$FER" show blocks.fer --stage one | grep -q '; optimizer 1 launch for 2 weights'
wrong() {
    words=$1
    shift
    status=0
    "$FER" "$@" >out 2>err || status=$?
    [ $status -ne 0 ]
    grep -q -- "$words" err
}
wrong "blocks.fer has no predict 'third'; it has first and second" tune blocks.fer --predict third
wrong "blocks.fer has no stage 'first'; it has one" bench blocks.fer --stage first
wrong '--predict or --stage: not both' bench blocks.fer --stage one --predict first
wrong '--predict is --mode=infer' bench blocks.fer --predict first --mode train
wrong '--stage is --mode=train' bench blocks.fer --mode infer --stage one
wrong "--size is for a plugin's model" bench blocks.fer --size 32
wrong '--batch: the data of a description' tune blocks.fer --mode train --batch 4
wrong 'name a block of a description' bench resnet18 --predict infer
wrong "blocks.fer has no stage 'first'; it has one" show blocks.fer --stage first
wrong 'one of --predict, --stage, --net and a data set' show blocks.fer --stage one --net small
wrong '--stage is --mode=train' show blocks.fer --stage one --mode eval
wrong '--batch: the data of a stage' show blocks.fer --mode train --batch 4
