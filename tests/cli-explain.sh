#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer explain: what it writes, that its numbers are those of its pictures and of fer eval, and what it refuses.
. "$top_srcdir/tests/expect.sh"
command -v python3 >/dev/null || exit 77
for plugin in synthface occlude; do
    "$FER" plugins show $plugin >/dev/null 2>&1 || exit 77
done

cat >tiny.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, metric, occlude
labels "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"
net stem(image) -> h { h = image | conv1: conv2d 8 kernel=3 pad=1 stride=2 | bn1: batchnorm | relu }
net head(h) -> y { y = h | conv1: conv2d 16 kernel=3 pad=1 | relu | avgpool global | fc: linear 7 }
net cover(h, like) -> m {
  t = h | conv2d 1 kernel=3 pad=1
  m = t, like | resize_like mode=bilinear | sigmoid
}
net back(h, like) -> r {
  t = h | conv2d 1 kernel=3 pad=1
  r = t, like | resize_like mode=bilinear | sigmoid
}
data train -> image, label, mask = synthface size=24 count=64 channels=1 | batch 16 | patch area=[0.1, 0.5]
data some  -> image, label, covered = synthface size=24 count=20 channels=1 split=valid | batch 16 | patch area=[0.1, 0.5] p=0.8
data clean -> image, label = synthface size=24 count=20 channels=1 split=valid | batch 12
data other -> image, label = synthface size=24 count=3 channels=1 split=valid | batch 12
data wide  -> image, label = synthface size=32 count=3 channels=1 split=valid | batch 12
stage fit over train until epoch=2 {
  h = image | stem
  logits = h | head
  m = h, image | cover
  r = h, image | back
  loss ce = logits, label | cross_entropy
  loss b = m, mask | bce
  loss rec = r, image | mse
  minimize ce + b + rec
  update stem, head, cover, back with adam lr=0.01
}
predict classify(image: f32[1,24,24]) -> probs { probs = image | stem | head | softmax }
predict perceive(image: f32[1,24,24]) -> probs, mask, clean {
  h     = image | stem
  probs = h | head | softmax
  mask  = h, image | cover
  clean = h, image | back
}
predict large(image: f32[1,32,32]) -> probs {
  h     = image | stem | avgpool 2
  probs = h | head | softmax
}
test some over some {
  probs = image | classify
  metric accuracy = probs, label | accuracy by=covered bins=[0, 0.3, 1]
}
test clean over clean {
  probs = image | classify
  metric accuracy = probs, label | accuracy
}
test other over other {
  probs = image | classify
  metric accuracy = probs, label | accuracy
}
test wide over wide {
  probs = image | large
  metric accuracy = probs, label | accuracy
}
END
"$FER" train -q tiny.fer --run run
last=run/last.safetensors

# --- a test's samples: every panel, every number
"$FER" explain $last --out seen --rows 18 --zoom 2 --cam --show stem.conv1 --compare clean=clean.image --json >seen.json
"$FER" eval -q $last --test some --predictions answers.csv >/dev/null
cat >check.py <<'END'
import csv
import json
import math
import struct
import zlib

def png(path):
    """Width, height, rows of (r, g, b)."""
    data = open(path, "rb").read()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind == 2, path
    body, at = b"", 8
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        if name == b"IDAT":
            body += data[at + 8:at + 8 + size]
        at += 12 + size
    raw, stride = zlib.decompress(body), width * 3
    rows, above = [], bytes(stride)
    for y in range(height):
        how, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            a = row[x - 3] if x >= 3 else 0
            b, c = above[x], above[x - 3] if x >= 3 else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth)[how]) & 255
        above = bytes(row)
        rows.append([tuple(above[3 * x:3 * x + 3]) for x in range(width)])
    return width, height, rows

SIDE, ZOOM, GAP = 24, 2, 2
report = json.load(open("seen.json"))
assert report["panels"] == ["image", "perceive.mask heat", "perceive.mask gray", "mask", "perceive.clean", "clean.image",
                            "perceive.head.relu.0 cam", "perceive.stem.conv1 heat"], report["panels"]
rows = list(csv.DictReader(open("seen/explain.csv")))
answers = list(csv.DictReader(open("answers.csv")))
assert len(answers) == 20
answers = [answers[20 * n // 18] for n in range(18)]  # spread evenly
assert len(rows) == len(report["pictures"]) == 18 and (report["test"], report["data"]) == ("some", "some")
sheet = png("seen/sheet.png")
sums = {"iou": 0, "iou_all": 0, "iou_none": 0, "auc": [], "share": [], "both": 0, "either": 0, "error": 0,
        "error_input": 0, "error_flat": 0}
for n, (row, picture, answer) in enumerate(zip(rows, report["pictures"], answers)):
    width, height, pixels = png("seen/" + row["file"])
    assert (row["file"], row["id"], row["name"]) == ("%05d.png" % (n + 1), answer["id"], answer["name"]), row
    assert (width, height) == (8 * SIDE * ZOOM + 7 * GAP, SIDE * ZOOM)
    assert sheet[2][n * (height + GAP):n * (height + GAP) + height] == pixels
    # what fer eval says: the same cover, the same answer
    assert row["label"] == answer["label"] and row["perceive.predicted"] == answer["predicted"]
    assert abs(float(row["perceive.probability"]) - float(answer["p." + answer["predicted"]])) < 1e-5
    assert abs(float(row["perceive.mask.covered"]) - float(answer["covered"])) < 1e-6

    def panel(k):
        left = k * (SIDE * ZOOM + GAP)
        for y in range(SIDE * ZOOM):
            for x in range(SIDE * ZOOM):
                assert pixels[y][left + x] == pixels[y // ZOOM * ZOOM][left + x // ZOOM * ZOOM]
            assert k == 0 or pixels[y][left - 1] == pixels[y][left - 2] == (255, 255, 255)
        return [pixels[y * ZOOM][left + x * ZOOM] for y in range(SIDE) for x in range(SIDE)]
    image, heat, gray, mask, back, clean, cam, inner = [panel(k) for k in range(8)]
    assert set(mask) <= {(0, 0, 0), (255, 255, 255)}
    truth = [m[0] == 255 for m in mask]
    said = [g[0] >= 128 for g in gray]
    both, either = sum(t and s for t, s in zip(truth, said)), sum(t or s for t, s in zip(truth, said))
    iou = both / either if either else 1
    assert abs(float(row["perceive.mask.iou"]) - iou) < 1e-6, (row, iou)
    assert abs(float(row["perceive.mask.predicted"]) - sum(said) / SIDE ** 2) < 1e-6
    if 0 < sum(truth) < SIDE ** 2:
        inside, outside = ([g[0] for g, t in zip(gray, truth) if t == which] for which in (True, False))
        auc = sum((a > b) + 0.5 * (a == b) for a in inside for b in outside) / len(inside) / len(outside)
        assert abs(float(row["perceive.mask.auc"]) - auc) < 0.02, (row, auc)
        sums["auc"].append(float(row["perceive.mask.auc"]))
    else:
        assert row["perceive.mask.auc"] == "" and picture["perceive"]["mask"]["auc"] is None
    mse = sum((a[0] - b[0]) ** 2 for a, b in zip(back, clean)) / 255 ** 2 / SIDE ** 2
    assert abs(float(row["perceive.clean.error"]) - mse) < 2e-3, (row, mse)
    assert abs(float(row["perceive.clean.psnr"]) + 10 * math.log10(float(row["perceive.clean.error"]))) < 1e-3
    share = picture["perceive"]["head.relu.0"]["share"]
    assert picture["perceive"]["head.relu.0"]["covered"] == picture["perceive"]["mask"]["covered"]
    assert share is None or 0 <= share <= 1 and (share == 0 or any(truth)), picture
    if share is not None:
        sums["share"].append(share)
    # outside of the cover the two pictures are one, inside black
    for i, c, t in zip(image, clean, truth):
        assert i == ((0, 0, 0) if t else c)
    given = sum((a[0] - b[0]) ** 2 for a, b in zip(image, clean)) / 255 ** 2 / SIDE ** 2
    assert abs(float(row["perceive.clean.error_input"]) - given) < 1e-3
    mean = sum(c[0] for c in clean) / SIDE ** 2
    flat = sum((c[0] - mean) ** 2 for c in clean) / 255 ** 2 / SIDE ** 2  # the best that one gray can do
    assert abs(float(row["perceive.clean.error_flat"]) - flat) < 1e-3
    for i, h, g in zip(image, heat, gray):  # 0.6 g of red, from 0.5 on of yellow, over the picture
        v = g[0] / 255
        under = (1 - 0.6 * v) * i[0]
        wanted = (under + 0.6 * 255 * v, under + 0.6 * 255 * v * max(0, 2 * v - 1), under)
        assert all(abs(a - b) <= 2 for a, b in zip(h, wanted)), (i, h, g)
    assert any(c != i for c, i in zip(inner, image))
    sums["iou"] += iou
    sums["iou_all"] += sum(truth) / SIDE ** 2
    sums["iou_none"] += not any(truth)
    sums["both"] += both
    sums["either"] += either
    for name in ("error", "error_input", "error_flat"):
        sums[name] += float(row["perceive.clean." + name])
assert sums["iou_none"] > 0, "no picture without a cover: this says little"
means = report["means"]["perceive.mask"]
assert (means["field"], means["pictures"]) == ("mask", 18)
for name in ("iou", "iou_all", "iou_none"):
    assert abs(means[name] - sums[name] / 18) < 1e-6, (name, means)
assert abs(means["iou_pooled"] - sums["both"] / sums["either"]) < 1e-6
assert abs(means["auc"] - sum(sums["auc"]) / len(sums["auc"])) < 1e-6
assert abs(report["means"]["perceive.head.relu.0"]["share"] - sum(sums["share"]) / len(sums["share"])) < 1e-6
means = report["means"]["perceive.clean"]
for name in ("error", "error_input", "error_flat"):
    assert abs(means[name] - sums[name] / 18) < 1e-6, (name, means)
assert abs(means["psnr"] + 10 * math.log10(means["error"])) < 1e-6
right = sum(row["label"] == row["perceive.predicted"] for row in rows)
assert abs(report["means"]["perceive"]["right"] - right / 18) < 1e-6
END
python3 check.py

# --- the same again is the same; fewer leave nothing of the others behind
cp -r seen before
"$FER" explain $last --out seen --rows 18 --zoom 2 --cam --show stem.conv1 --compare clean=clean.image -q >/dev/null
diff -r seen before
"$FER" explain $last --out seen --rows 3 --zoom 2 --cam --show stem.conv1 --compare clean=clean.image >said
[ "$(ls seen)" = "$(printf '%s\n' 00001.png 00002.png 00003.png explain.csv explain.json sheet.png)" ]
cmp seen/00001.png before/00001.png
cmp seen/00002.png before/00007.png # 6 of 20, which is 6 of those 18
python3 - <<'END'
import csv
ids = lambda path: [int(row["id"]) for row in csv.DictReader(open(path))]
whole = ids("answers.csv")
assert ids("seen/explain.csv") == [whole[0], whole[6], whole[13]], ids("seen/explain.csv")
END
grep -q '^panels: image | perceive.mask heat' said
grep -q '^perceive.mask: field mask pictures 3 iou ' said

# --- pictures: the same answers as fer predict, and what can be compared without a data set
"$FER" predict $last before/0000[12].png --json >predict.json
"$FER" explain $last before/0000[12].png --out pictures --json --class sadness --cam=head.relu.0 >explain.json
python3 - <<'END'
import json
report = json.load(open("explain.json"))
for line, picture in zip(open("predict.json"), report["pictures"]):
    answer = json.loads(line)
    assert picture["name"] == answer["image"] and picture["perceive"]["predicted"] == answer["label"]
    assert abs(picture["perceive"]["probability"] - answer["probability"]) < 1e-5
    assert "mask" not in picture["perceive"] and picture["perceive"]["clean"]["error"] >= 0 and "label" not in picture
assert report["means"]["perceive.clean"]["field"] == "image" and "test" not in report
assert "error_input" not in report["means"]["perceive.clean"]
END
"$FER" explain $last - --out piped -q <before/00001.png >/dev/null
cmp piped/sheet.png piped/00001.png
# one that cannot be read is reported, the others go on
status=0
echo broken >broken.png
"$FER" explain $last broken.png before/00001.png --out partly >out 2>err || status=$?
[ $status -eq 1 ] && grep -q broken.png err && [ -s partly/sheet.png ] && grep -q '^00001.png	before/00001.png' out
refused 1 'no picture to explain' explain $last broken.png --out nothing

# --- refused, and nothing begun
refused 2 'which checkpoint' explain --out new
refused 2 'out=DIR is missing' explain $last
refused 2 'whole number' explain $last --out new --rows 0
refused 2 'whole number' explain $last --out new --zoom 1e9
refused 2 'from 0 to 1' explain $last --out new --threshold nan
refused 2 'not both' explain $last before/00001.png --out new --rows 3
refused 1 "no predict 'perceve'" explain $last --out new --predict perceve
refused 1 'named twice' explain $last --out new --predict perceive --predict perceive
refused 1 'take other pictures' explain $last --out new --predict perceive --predict large
refused 1 'has pictures of 1 x 32 x 32, and predict perceive takes 1 x 24 x 24' explain $last --out new --test wide
refused 1 "no test 'none'" explain $last --out new --test none
refused 1 "no class 'joy'" explain $last --out new --class joy
refused 1 "did you mean 'stem.conv1'" explain $last --out new --show stem.conv
refused 1 'no height and width' explain $last --out new --show head
refused 1 'does not depend on' explain $last --out new --cam=cover
refused 1 'OUTPUT=FIELD' explain $last --out new --compare mask
refused 1 "no predict block that is looked at has an output 'masc'" explain $last --out new --compare masc=mask
refused 1 "no field 'soft'.* it has image, mask" explain $last --out new --compare mask=soft
refused 1 'compared twice' explain $last --out new --compare mask=mask --compare perceive.mask=image
refused 1 "no test over data 'train'" explain $last --out new --compare mask=train.mask
refused 1 "pictures have no field 'mask'" explain $last before/00001.png --out new --compare mask=mask
refused 1 'has 8 channels and mask has 1' explain $last --out new --show stem.conv1 --compare stem.conv1=mask
refused 1 'are no picture' explain $last --out new --zoom 64 --show stem.conv1 --show stem.bn1 --show stem.relu.0 \
    --show head.conv1 --show cover.conv2d --show back.conv2d
test ! -e new
refused 1 'other samples' explain $last --out few --compare clean=other.image
test ! -e few/explain.csv
refused 1 'made in another way' explain $last --out before
mkdir mine
touch mine/thesis.txt
refused 1 'no set of explained pictures that was written here' explain $last --out mine
test "$(ls mine)" = thesis.txt
refused 1 'exists and is no set' explain $last --out tiny.fer
refused 1 'cannot make' explain $last --out absent/deeper
head -c 2000 $last >cut.safetensors
refused 1 'cut.safetensors' explain cut.safetensors --out new
test ! -e new
