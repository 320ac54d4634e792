#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Solvers that a plugin adds to another's problems: offered, chosen, asked for, measured, left out, and right or thrown out.
. "$top_srcdir/tests/expect.sh"
command -v python3 >/dev/null || exit 77
FER_TUNE=off
FER_PROFILE=gpu # its layouts are plain
export FER_TUNE FER_PROFILE
plain=$FER_PLUGIN_PATH
mkdir plugins
cp "$top_builddir/tests/broken/toyadd.so" plugins/
FER_PLUGIN_PATH=$work/plugins:$plain

# head: products, c 4 columns; point: a convolution of 1 x 1.  Nobody says `use toyadd`.
cat >net.fer <<'END'
fer 1
use vision
net small(x: f32[5,2,3]) -> y, z {
  y = x | head: linear 4
  z = x | point: conv2d 3 kernel=1 bias=no solver="SOLVER"
}
predict infer(x: f32[5,2,3]) -> y, z { y, z = x | small }
END
model() { sed "s/SOLVER/$1/" net.fer >"$1.fer"; }
model auto
# launches MODEL ARGUMENT…: "kernel solver" of each launch
launches() {
    model=$1
    shift
    expect 0 show "$model.fer" --batch 2 --json "$@"
    python3 -c '
import json
for l in json.load(open("out"))["launches"]:
    print(l["op"], l["kernel"], l["solver"], l["chosen"])' >launches
}
launched() { grep -qx "$1" launches || { cat launches >&2; fail "no launch '$1'"; }; }

# They are listed, with the plugin.
expect 0 plugins
prints '^toyadd 1.0.0'
prints '^  solver     rough fast spare wrong absent nested'
expect 0 plugins show toyadd.fast
prints '^toyadd.fast (solver)'

# The preferred one is taken without having been used; the others wait for a measurement.
launches auto
launched 'linear product toyadd.fast first'
if grep -q spare launches; then fail "a solver that is not preferred was taken"; fi
expect 0 show auto.fer --launches
prints ' toyadd.fast '
# Left out: what there was without the plugin.
launches auto --without solvers
mv launches without
if grep -q toyadd without; then fail "solvers are not left out"; fi
FER_PLUGIN_PATH=$plain
launches auto
cmp launches without
FER_PLUGIN_PATH=$work/plugins:$plain

# Asked for by name: taken where it applies; elsewhere as if nobody had; a name that nobody has is an error in its place.
for solver in toyadd.spare toyadd.absent toyadd.fast other.spare toyadd.nested; do model $solver; done
launches toyadd.spare
launched 'conv2d spare toyadd.spare first'
launches toyadd.absent
if grep -q 'toyadd\.[sa]' launches; then fail "a solver that does not apply was taken"; fi
expect 1 show toyadd.fast.fer # that is for products
says "conv2d has no solver called 'toyadd.fast'"
says "^    z = x | point: conv2d"
expect 1 show other.spare.fer
says "conv2d has no solver called 'other.spare'"
expect 1 show toyadd.nested.fer
says "a solver that another plugin adds poses a problem, 'forward'"

# Right: the same numbers as without, within rounding.
python3 - <<'END'
import json, random, struct
random.seed(1)
values = [random.uniform(-1, 1) for _ in range(2 * 30)]
header = json.dumps({"x": {"dtype": "F32", "shape": [2, 5, 2, 3], "data_offsets": [0, 4 * len(values)]}}).encode()
open("x.st", "wb").write(struct.pack("<Q", len(header)) + header + struct.pack("<%df" % len(values), *values))
END
run() {
    model=$1 to=$2
    shift 2
    expect 0 run "$model.fer" small --in x.st --out "$to" --seed 3 "$@"
}
# distance FILE FILE LEAST MOST
distance() {
    python3 - "$@" <<'END'
import struct, sys
def load(path):
    data = open(path, "rb").read()
    data = data[8 + struct.unpack("<Q", data[:8])[0]:]
    return struct.unpack("<%df" % (len(data) // 4), data)
a, b = load(sys.argv[1]), load(sys.argv[2])
error = (sum((x - y) ** 2 for x, y in zip(a, b)) / sum(y * y for y in b)) ** 0.5
assert len(a) == len(b) == 2 * 4 + 2 * 18 and float(sys.argv[3]) <= error <= float(sys.argv[4]), error
END
}
run toyadd.spare with.st
run auto without.st --without solvers
distance with.st without.st 0 1e-6

# Rounded products are for who allows them, and nothing but them changes.
launches auto --precision tf32
launched 'linear product toyadd.rough first'
expect 0 show auto.fer --precision tf32 -v
prints 'tf32 1 rounded, 1 exact'
if grep -q 'precision tf32' err; then fail "what is there is said to be missing"; fi
run auto rough.st --precision tf32
distance rough.st without.st 1e-5 6e-4
expect 0 show auto.fer --precision tf32 --without solvers -v
prints 'tf32 0 rounded, 2 exact'
says 'precision tf32: no solver here rounds what it multiplies; everything is computed as with fp32'
run auto full.st --precision tf32 --without solvers
cmp full.st without.st
expect 0 show auto.fer --precision fp32
if grep -q tf32 out; then fail "tf32 where nobody asked"; fi
refused 1 "'tf33' is no precision; those are fp32, tf32, fp16 and bf16" show auto.fer --precision tf33

# Measured beside the layer's own; what is wrong is thrown out; its own error is allowed to who rounds.
FER_TUNE=$work/tune.txt
for precision in fp32 tf32; do
    expect 0 tune auto.fer --batch 2 --json --precision $precision
    mv out $precision.json
done
expect 0 bench --ops auto.fer --batch 2 --steps 1 --solvers --json
python3 - <<'END'
import json
for precision in "fp32", "tf32":
    report = json.load(open(precision + ".json"))
    rows = {row["work"]: {s["solution"]: s for s in row["solutions"]} for row in report["results"]}
    # the convolution has the same candidates in both precisions, so that it is known the second time
    assert (report["problems"], report["tuned"]) == (2, 2 if precision == "fp32" else 1), report
    linear, conv = rows["linear product"], rows.get("conv2d forward", conv if precision == "tf32" else None)
    assert "its result is wrong: 1 away" in linear["toyadd.wrong"]["refusal"], linear
    assert linear["toyadd.fast"]["refusal"] is None and linear["toyadd.fast"]["error"] < 1e-6, linear
    assert conv["toyadd.spare"]["refusal"] is None and conv["toyadd.spare"]["error"] < 1e-6, conv
    assert "poses a problem" in conv["toyadd.nested"]["refusal"] and "toyadd.absent" not in conv, conv
    assert ("toyadd.rough" in linear) == (precision == "tf32"), linear
    assert len([s for s in linear if "toyadd" not in s]) >= 1, linear   # the layer's own
    if precision == "tf32":
        assert linear["toyadd.rough"]["refusal"] is None and 4e-4 < linear["toyadd.rough"]["error"] < 6e-4, linear
ops = {row["work"]: row["solvers"] for row in json.load(open("out"))["operations"] if "solvers" in row}
assert any(s["solver"] == "toyadd.fast" for s in ops["product"]), ops
END
# What was measured is used, under its whole name.
awk -F'\t' -v OFS='\t' '$5 == "conv2d forward" { $8 = "toyadd.spare step=1" } { print }' tune.txt >new
mv new tune.txt
launches auto
launched 'conv2d spare toyadd.spare step=1 tuned'
