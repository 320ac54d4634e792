#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A route between nets, from description to checkpoint to prediction: tests and a stage that uses the frozen nets get what
# they get from running them all, for every kind of picture and with a last batch that is not full.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || exit 77

cat >model.fer <<'END'
fer 1
use vision, synthface, path_selection, loss, optim, data, metric
labels "happy", "neutral", "sad", "angry", "fear", "disgust", "surprise"
net begin(i) -> y { y = i | conv2d 8 kernel=5 stride=2 | batchnorm | relu | linear 3 }
net x(i) -> y { y = i | conv2d 8 kernel=3 stride=2 | batchnorm | relu | linear 3 }
net y(i) -> y { y = i | conv2d 8 kernel=3 stride=2 | batchnorm | relu | linear 2 }
net z(i) -> y { y = i | conv2d 8 kernel=3 stride=2 | batchnorm | relu | linear 2 }
net student(i) -> y { y = i | linear 7 }
net joint(a, b, c) -> y { y = a, b, c | concat | linear 32 | relu | linear 7 }
data train -> image, label = synthface count=64 size=24 | batch 16 | hflip
data all   -> image, label = synthface count=64 size=24 | group labels=[[0, 1, 2], [3, 4], [5, 6]] | batch 16 | hflip
data own_x -> image as ix, label as lx = synthface count=64 size=24 | keep labels=[0, 1, 2] | batch 16
data own_y -> image as iy, label as ly = synthface count=64 size=24 | keep labels=[3, 4] | batch 16
data own_z -> image as iz, label as lz = synthface count=64 size=24 | keep labels=[5, 6] | batch 16
data test  -> image, label = synthface count=37 split=test size=24 | batch 16
stage subnets over all, own_x, own_y, own_z until epoch=20 {
  lb = image | begin
  px = ix | x
  py = iy | y
  pz = iz | z
  loss b = lb, label | cross_entropy
  loss x = px, lx | cross_entropy
  loss y = py, ly | cross_entropy
  loss z = pz, lz | cross_entropy
  minimize b + x + y + z
  update begin, x, y, z with sgd lr=0.02 momentum=0.9
}
stage combine over train until epoch=2 {
  px = image | x | softmax
  py = image | y | softmax
  pz = image | z | softmax
  logits  = px, py, pz | joint
  loss ce = logits, label | cross_entropy
  minimize ce
  update joint with sgd lr=0.1
}
predict classify(image: f32[3,24,24]) -> probs, path {
  b           = image | begin | softmax
  probs, path = b, image | route nets=[x, y, z] labels=[[0, 1, 2], [3, 4], [5, 6]]
}
predict together(image: f32[3,24,24]) -> probs, path {
  b  = image | begin | softmax
  px = image | x | softmax
  py = image | y | softmax
  pz = image | z | softmax
  probs, path = b, px, py, pz | choose labels=[[0, 1, 2], [3, 4], [5, 6]]
}
stage distil over train until epoch=2 {
  probs, _ = image | classify
  h        = image | student | softmax
  loss l   = h, probs | mse
  minimize l
  update student with sgd lr=0.1
}
test chosen over test {
  probs, _ = image | classify
  metric accuracy  = probs, label | accuracy
  metric confusion = probs, label | confusion
}
test every over test {
  probs, _ = image | together
  metric accuracy  = probs, label | accuracy
  metric confusion = probs, label | confusion
}
END

"$FER" train -q model.fer --run chosen --seed 3
sed '/^stage distil/,/^}/s/classify/together/' model.fer >every.fer
"$FER" train -q every.fer --run every --seed 3
for run in chosen every; do
    sed -n 's/.*"stage": *"distil".*"losses": *\({[^}]*}\).*/\1/p' $run/log.jsonl >$run.losses
done
[ "$(wc -l <chosen.losses)" -ge 8 ] || { echo "the last stage has no steps:"; cat chosen/log.jsonl; exit 1; }
cmp chosen.losses every.losses || { echo "a stage gets another result from chosen nets than from all"; exit 1; }

"$FER" eval chosen/last.safetensors --json >report.json
"$FER" show model.fer --batch 4 --json >show.json
python3 - <<'END'
import json
tests = json.load(open("report.json"))["tests"]
assert tests["chosen"] == tests["every"], tests
counts = tests["chosen"]["confusion"]["counts"]
columns = [sum(row[k] for row in counts) for k in range(7)]
assert sum(columns) == 37, columns
for group in ([0, 1, 2], [3, 4], [5, 6]):  # else this tests little
    assert sum(columns[k] for k in group) > 0, "no picture goes to group %s: %s" % (group, columns)

show = json.load(open("show.json"))
segments = [s for s in show["segments"] if s["name"] != "prepare"]
assert [s["branch"] for s in segments] == [None, "x", "y", "z"], segments
assert segments[0]["decision"] == "classify.route.0" and all(s["launches"] > 3 for s in segments), segments
macs = {}
for op in show["operations"]:
    macs[op["branch"]] = macs.get(op["branch"], 0) + op["macs"]
assert show["macs"] == macs[None] + max(macs[k] for k in "xyz"), (show["macs"], macs)
END

"$FER" show model.fer --mode train >/dev/null
"$FER" show model.fer | grep -q 'all samples; then classify.route.0 decides'
