#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer occlude on rendered faces: what it writes, that it writes it again, and what it refuses.
. "$top_srcdir/tests/expect.sh"
command -v python3 >/dev/null || exit 77
for plugin in synthface occlude; do
    "$FER" plugins show $plugin >/dev/null 2>&1 || exit 77
done

# --- faces of two sizes, gray and in colour, in one list, without landmarks
"$FER" occlude --reader 'synthface count=14 size=48 channels=1' --with 'hflip p=0' --out gray -q
"$FER" occlude --reader 'synthface count=7 size=40 channels=3 split=test' --with 'hflip p=0' --out colour -q
test ! -e gray/masks
for set in gray colour; do
    sed -n "2,\$s|^\\([^,]*\\),\\([^,]*\\),\\([^,]*\\),.*|$set/\\1,\\2,\\3|p" $set/manifest.csv
done | sed '1i path,label,split' >faces.csv

# --- the same seed, the same files; another seed, others; a part of the data
"$FER" occlude faces.csv --out one --with 'patch area=[0.2, 0.3] p=0.8 | sunglasses kind=aviator' --seed 5 >said
grep -q '21 pictures' said
grep -q 'found in 0; in 21 the usual places' said
"$FER" occlude faces.csv --out two --with 'patch area=[0.2, 0.3] p=0.8 | sunglasses kind=aviator' --seed 5 -q
"$FER" occlude faces.csv --out other --with 'patch area=[0.2, 0.3] p=0.8 | sunglasses kind=aviator' --seed 6 -q
"$FER" occlude faces.csv --out part --with 'half upper' --split test --json >part.json
diff -r one two
cmp -s one/manifest.csv other/manifest.csv && { echo "another seed gives the same set" >&2; exit 1; }

# --- pictures that lie in no class folders: all of them, without labels
mkdir flat
cp gray/images/*/*/0000000[0-4].png flat/
"$FER" occlude flat --out bare --with 'patch 16' >said
grep -q '^bare: [1-5] pictures' said
head -1 bare/manifest.csv | grep -q label && { echo "labels from nowhere" >&2; exit 1; }

# --- what was left of a run that was killed is written again
rm one/manifest.csv one/images/train/*/00000003.png
"$FER" occlude faces.csv --out one --with 'patch area=[0.2, 0.3] p=0.8 | sunglasses kind=aviator' --seed 5 -q
diff -r one two

# --- and its masks are read again: `covered` is the part of them that is white, and what was written into the manifest
cat >again.fer <<'END'
fer 1
use data, vision, metric, loss, optim
labels "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"
data set -> image, label, mask, covered = manifest "one/manifest.csv" | resize 48 | batch 4
net n(x) -> y { y = x | avgpool global | linear 7 }
stage fit over set until step=1 {
  y = image | n
  loss ce = y, label | cross_entropy
  minimize ce
  update n with sgd lr=0.1
}
predict p(image: f32[3,48,48]) -> y { y = image | n }
test again over set {
  y = image | p
  mean = mask | avgpool global | reshape []
  metric difference = mean, covered | mse
  metric accuracy = y, label | accuracy by=covered bins=[0, 0.2, 1]
  metric bins = y, label | accuracy by=covered bins=[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1]
  metric recall = y, label | recall
}
END
"$FER" train again.fer --run reread -q
"$FER" eval reread/last.safetensors --json >again.json
# as many bins as classes are not classes
expect 0 eval reread/last.safetensors
prints '^    by_bin 0-0.1 [0-9.-]*, 0.1-0.2 .*, 0.6-1 -$' # empty: nothing right is not the same as nothing there
prints '^    samples 0-0.1 [0-9]*, 0.1-0.2 [0-9]*, '
prints '^    per_class angry [01][.][0-9]*, disgust'
# from another directory than that of the training
mkdir elsewhere && cd elsewhere
refused 1 'relative paths in a checkpoint start at the working directory, and --data set=PATH' eval ../reread/last.safetensors
expect 0 eval ../reread/last.safetensors --data set=../one/manifest.csv --json
grep -q '"images": 21' out
cd ..
python3 - <<'END'
import csv
import json
test = json.load(open("again.json"))["tests"]["again"]
covered = [float(row["covered"]) for row in csv.DictReader(open("one/manifest.csv"))]
assert test["images"] == 21 and test["difference"] < 1e-12, test
assert test["accuracy"]["samples"] == [sum(c < 0.2 for c in covered), sum(c >= 0.2 for c in covered)], (test, covered)
END

# --- pictures and masks themselves
cat >check.py <<'END'
import csv
import json
import struct
import zlib

def png(path):
    """Width, height, channels, rows of bytes."""
    data = open(path, "rb").read()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (0, 2), path
    body, at, channels = b"", 8, 1 if kind == 0 else 3
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        if name == b"IDAT":
            body += data[at + 8:at + 8 + size]
        at += 12 + size
    raw, stride = zlib.decompress(body), width * channels
    rows, above = [], bytes(stride)
    for y in range(height):
        how, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            a = row[x - channels] if x >= channels else 0
            b, c = above[x], above[x - channels] if x >= channels else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth)[how]) & 255
        above = bytes(row)
        rows.append(above)
    return width, height, channels, rows

def check(directory, low, high):
    rows = list(csv.DictReader(open(directory + "/manifest.csv")))
    for row in rows:
        number = int(row["path"][-12:-4])
        source = list(csv.DictReader(open("faces.csv")))[number]
        width, height, channels, image = png(directory + "/" + row["path"])
        was = png(source["path"])
        mask = png(directory + "/" + row["mask"])
        assert (width, height, channels) == was[:3] and mask[:3] == (width, height, 1), row
        assert row["label"] == source["label"] and row["split"] == source["split"], row
        assert row["path"].split("/")[1:3] == [row["split"], row["label"]], row
        covered = 0
        for y in range(height):
            assert set(mask[3][y]) <= {0, 255}
            covered += sum(v == 255 for v in mask[3][y])
            if directory == "part":
                assert mask[3][y] == (b"\xff" if y < height // 2 else b"\0") * width
                assert image[y] == (bytes(width * channels) if y < height // 2 else was[3][y])
        assert abs(float(row["covered"]) - covered / (width * height)) < 1e-6, row
        assert low <= float(row["covered"]) < high and bool(row["occluder"]) == (covered > 0), row
    return rows

one = check("one", 0.02, 0.5)
assert len(one) == 21 and {row["found"] for row in one} == {"0"}
assert {png("one/" + row["path"])[:3] for row in one} == {(48, 48, 1), (40, 40, 3)}
part = check("part", 0.5, 0.51)
assert len(part) == 7 and {row["split"] for row in part} == {"test"} and "found" not in part[0]
summary = json.load(open("part.json"))
assert summary["pictures"] == 7 and summary["covered"] == 7 and abs(summary["mean_covered"] - 0.5) < 1e-6
END
python3 check.py

# --- what was written can be read: by folder, by manifest with its landmarks
"$FER" occlude one/images --out again --with 'half left' -q
test "$(wc -l <again/manifest.csv)" -eq 22
"$FER" occlude gray/manifest.csv --out marked --with 'face_mask landmarks=required kind=2' >said
grep -q 'found in 14; in 0' said

# --- refused
for set in gray bare/; do # with class folders, and without
    refused 1 "'$set' was written by fer occlude.*read the list '${set%/}/manifest.csv', or.* '${set%/}/images'" occlude $set --out new
done
refused 1 "'one' was written by fer occlude" pack one --out new --reader 'folder labels=no'
"$FER" occlude bare/images --out barer --with 'half left' -q
refused 1 'made in another way' occlude faces.csv --out one --with 'half upper'
mkdir mine
touch mine/thesis.txt
refused 1 'is no data set that was written here' occlude faces.csv --out mine
test "$(ls mine)" = thesis.txt
refused 1 "did you mean 'face_mask'" occlude faces.csv --out new --with face_maks
refused 1 '\^~~' occlude faces.csv --out new --with 'patch 16 p=2'
refused 1 'does not fit' occlude faces.csv --out new --with 'patch 60'
refused 1 'landmarks are required' occlude faces.csv --out new --with 'eyes landmarks=required'
refused 1 'has no PNG picture' occlude faces.csv --out new --with 'face_mask dir="mine"'
refused 1 "cannot read the folder 'absent'" occlude absent --out new
refused 2 'out=DIR is missing' occlude faces.csv
refused 2 'which folder' occlude --out new
test ! -e new
