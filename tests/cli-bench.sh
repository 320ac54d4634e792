#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer bench --ops against arithmetic: multiply-adds and bytes of a convolution, and what is derived from them.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || exit 77

cat >one.fer <<'END2'
fer 1
use vision, loss, optim, synthface
net one(x: f32[16,8,8]) -> y {
  h = x | a: conv2d 32 kernel=3 pad=1 bias=no
  y = h | b: conv2d 32 kernel=3 pad=1 bias=no | relu
}
predict infer(x: f32[16,8,8]) -> y { y = x | one }
net two(x: f32[3,16,16]) -> y {
  y = x | a: conv2d 16 kernel=3 pad=1 bias=no | b: conv2d 32 kernel=3 pad=1 bias=no | avgpool global | linear 7
}
data train -> image, label = synthface classes=7 count=4 size=16 channels=3 | batch 2
stage train over train until step=2 {
  logits = image | two
  loss ce = logits, label | cross_entropy
  minimize ce
  update two with sgd lr=0.01
}
END2

"$FER" bench --ops one.fer --batch 2 --steps 2 --json >infer.json
"$FER" bench --ops one.fer --mode train --steps 2 --json >train.json
python3 - <<'END2'
import json
from math import isclose

infer, train = json.load(open("infer.json")), json.load(open("train.json"))

for report in infer, train:
    assert report["batch"] == 2 and report["steps"] == 2, report
    peak, rows = report["peak"], report["operations"]
    assert peak["gflops"] > 0 and peak["gbytes"] > 0 and peak["buffer"] >= 2**20, peak
    assert isclose(sum(row["share"] for row in rows), 1, rel_tol=1e-6), rows
    assert isclose(sum(row["seconds"] for row in rows), report["seconds_per_step"], rel_tol=1e-6), rows
    assert [row["seconds"] for row in rows] == sorted((row["seconds"] for row in rows), reverse=True)
    for row in rows:
        flops, bytes_ = 2 * row["macs"] * row["calls"], row["bytes"] * row["calls"]
        assert isclose(row["gflops"] * 1e9 * row["seconds"], flops, rel_tol=1e-6, abs_tol=1e-9), row
        assert isclose(row["gbytes"] * 1e9 * row["seconds"], bytes_, rel_tol=1e-6), row
        assert isclose(row["intensity"], flops / bytes_, rel_tol=1e-6), row
        if flops:
            roof = row["gflops"] / min(peak["gflops"], row["intensity"] * peak["gbytes"])
        else:
            roof = row["gbytes"] / peak["gbytes"]
        assert isclose(row["roof"], roof, rel_tol=1e-6), (row, roof)

def find(report, op, work, shape):
    found = [row for row in report["operations"] if (row["op"], row["work"]) == (op, work) and row["shape"].startswith(shape)]
    assert len(found) == 1, (op, work, shape, report["operations"])
    return found[0]

# 2 pictures of 8 x 8, 9 taps; floats of input, output and weights
a = find(infer, "conv2d", "forward", "2x16x8x8 to 32x8x8")
assert a["calls"] == 1 and a["macs"] == 2 * 64 * 32 * 16 * 9, a
assert a["bytes"] == 4 * (2 * 64 * 16 + 2 * 64 * 32 + 32 * 16 * 9), a
assert a["solver"] and a["chosen"] == "first", a
b = find(infer, "conv2d", "forward", "2x32x8x8 to 32x8x8")
assert b["macs"] == 2 * 64 * 32 * 32 * 9, b

# all three passes of the second convolution read or write the same tensors, and each the same multiply-adds
for work in "forward", "data", "weights":
    row = find(train, "conv2d", work, "2x16x16x16 to 32x16x16")
    assert row["macs"] == 2 * 256 * 32 * 16 * 9, row
    assert row["bytes"] == 4 * (2 * 256 * 16 + 2 * 256 * 32 + 32 * 16 * 9), row
# nobody asks for the gradient of a picture
assert not [row for row in train["operations"] if row["work"] == "data" and row["shape"].startswith("2x3x16x16 to")]
# forward, the gradient of the input, that of the weights
assert sorted(row["shape"] for row in train["operations"] if row["op"] == "linear" and row["solver"]) == [
    "1 of 2x32 by 32x7 transposed", "1 of 2x7 by 7x32", "1 of 7x2 transposed by 2x32"]
END2

# Typical operations need no model.
"$FER" bench --ops --batch 1 --steps 1 --json >typical.json
python3 - <<'END2'
import json
rows = json.load(open("typical.json"))["operations"]
stem = [row for row in rows if row["shape"].startswith("1x3x224x224 to 64x112x112")]
assert len(stem) == 1 and stem[0]["macs"] == 112 * 112 * 64 * 3 * 49, stem
END2

# Side by side with PyTorch: clear words where it cannot be.
expect_words() {
    "$@" >out 2>err && { echo "worked: $*"; exit 1; }
    cat err
}
FER_COMPARE=$work/missing.py expect_words "$FER" bench --compare | grep -q 'missing.py: No such file'
FER_COMPARE=$top_srcdir/bench/compare.py PYTHON=$work/no-python expect_words "$FER" bench --compare |
    grep -q 'no-python: No such file.*python3-torch'
printf '#!/bin/sh\nexit 1\n' >no-torch
chmod +x no-torch
expect_words python3 "$top_srcdir/bench/compare.py" --python ./no-torch | grep -q 'no-torch is no Python that has torch'
cp no-torch torch
printf '#!/bin/sh\nexit 0\n' >torch
expect_words python3 "$top_srcdir/bench/compare.py" --python ./torch --model alexnet | grep -q "'alexnet' is none of the networks"

# A table and a drawing for people: the roof, and a letter for the dearest row.
"$FER" bench --ops one.fer --batch 1 --steps 1 --plot >table
grep -q '^peaks measured: .* GFLOP/s' table
grep -q '^a [a-z0-9_]* [a-z]* ' table
grep -q '^ *[0-9.]* |.*---' table

# Each solver's scratch memory: 16 tiles of F(2x2) are 16 numbers each a channel; the plainest has none.
"$FER" bench --ops one.fer --batch 1 --steps 1 --solvers --json >solvers.json
python3 - <<'END2'
import json
row = [r for r in json.load(open("solvers.json"))["operations"] if r["shape"].startswith("1x16x8x8 to 32")]
assert len(row) == 1, row
solvers = {s["solver"]: s["workspace"] for s in row[0]["solvers"]}
assert solvers["generic"] == 0, solvers
assert solvers.get("winograd2", 16 * 16 * 16 * 4) == 16 * 16 * 16 * 4, solvers
END2
"$FER" bench --ops one.fer --batch 1 --steps 1 --solvers >solvers
if grep -q 'winograd2: ' solvers; then grep -q 'winograd2: .* from the plainest, 0\.02 MiB of workspace$' solvers; fi
grep -q 'generic: .* from the plainest$' solvers

# Who chose is said for each launch; it can be left out.
"$FER" show one.fer --launches >launches
grep -q 'conv2d .* winograd\|conv2d .* direct\|conv2d .* packed\|conv2d .* implicit' launches
"$FER" show one.fer --launches --without tune >plain
grep -q '^passes: .*; tune off$' plain
sed '/^passes:/s/; tune off$//' plain | cmp launches -

# What is prepared of a frozen net is not made again in every step; of one that micro-batches train, it is.
cat >frozen.fer <<'END2'
fer 1
use vision, loss, optim, synthface
let batch = 2
let micro = 2
net low(x) -> y  { y = x | a: conv2d 16 kernel=3 pad=1 bias=no | b: conv2d 32 kernel=3 pad=1 bias=no }
net high(x) -> y { y = x | c: conv2d 32 kernel=3 pad=1 bias=no | avgpool global | linear 7 }
data train -> image, label = synthface classes=7 count=4 size=16 channels=3 | batch $batch micro=$micro
stage train over train until step=2 {
  logits = image | low | high
  loss ce = logits, label | cross_entropy
  minimize ce
  update high with sgd lr=0.01
}
END2
for micro in 2 1; do
    "$FER" show --launches --mode train frozen.fer --set micro=$micro --json >launches.json
    "$FER" bench frozen.fer --mode train --profile --steps 3 --set micro=$micro --json >frozen.json
    python3 - $micro <<'END2'
import json, sys

show, report = json.load(open("launches.json")), json.load(open("frozen.json"))
launches = [row for row in show["launches"] if (row["op"], row["pass"]) == ("conv2d", "forward")]
prepared = sum(row["segment"] == "prepare" for row in launches)
runs = sum(row["runs"] for row in report["operations"] if (row["op"], row["pass"]) == ("conv2d", "forward"))
again = prepared if sys.argv[1] == "1" else 0
assert prepared >= 2, launches
assert runs == report["steps"] * (len(launches) - prepared + again), (runs, report["steps"], launches)
END2
done
