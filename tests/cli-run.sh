#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer run against arithmetic: a linear net with weights that are given, forward and backward.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || exit 77

cat >net.fer <<'END'
fer 1
use vision
net line(x: f32[3]) -> y { y = x | fc: linear 2 }
END

cat >st.py <<'END'
"""safetensors without a library: {name: (shape, floats)}."""
import json
import struct

def save(path, tensors):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        packed = struct.pack("<%df" % len(values), *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)

def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {n: (h["shape"], list(struct.unpack("<%df" % ((h["data_offsets"][1] - h["data_offsets"][0]) // 4),
                                               data[slice(*h["data_offsets"])]))) for n, h in header.items()}
END

python3 - <<'END'
import st
st.save("w.st", {"line.fc.weight": ([2, 3], [1, 2, 3, 4, 5, 6]), "line.fc.bias": ([2], [10, 20])})
st.save("relative.st", {"fc.weight": ([2, 3], [1, 2, 3, 4, 5, 6]), "fc.bias": ([2], [10, 20])})
st.save("short.st", {"line.fc.weight": ([2, 2], [1, 2, 3, 4])})
st.save("x.st", {"x": ([2, 3], [1, 0, -1, 2, 2, 2]), "grad.y": ([2, 2], [1, 0, 0, 2])})
st.save("other.st", {"z": ([1], [0])})
END

for weights in w.st relative.st; do
    "$FER" run net.fer line --in x.st --out y.st --weights $weights --backward
    python3 - <<'END'
import st
y = st.load("y.st")
wanted = {
    "y": ([2, 2], [8, 18, 22, 50]),
    "grad.x": ([2, 3], [1, 2, 3, 8, 10, 12]),
    "grad.line.fc.weight": ([2, 3], [1, 0, -1, 4, 4, 4]),
    "grad.line.fc.bias": ([2], [1, 2]),
}
assert y == wanted, y
END
done

status=0
"$FER" run net.fer line --in x.st --out z.st --weights short.st 2>err || status=$?
[ $status -eq 1 ]
grep -q 'lacks 1: line.fc.bias' err
grep -q 'line.fc.weight (2 x 2 there, 2 x 3 here)' err
status=0
"$FER" run net.fer line --in other.st --out z.st 2>err || status=$?
[ $status -eq 1 ]
grep -q "no tensor 'x'" err
test ! -e z.st

# A gradient that is no number is wrong, and every tensor is in the report all the same.
python3 - <<'END'
import st
st.save("nan.st", {"line.fc.weight": ([2, 3], [float("nan"), 2, 3, 4, 5, 6]), "line.fc.bias": ([2], [10, 20])})
END
status=0
"$FER" grad net.fer line --weights nan.st --json >report || status=$?
[ $status -eq 1 ]
python3 - <<'END'
import json
rows = json.load(open("report"))["tensors"]
assert [r["name"] for r in rows[::2]] == ["x", "line.fc.weight", "line.fc.bias"], rows
assert rows[0]["analytic"] is None and rows[0]["difference"] is None and not any(r["ok"] for r in rows), rows
END

# Passes of the compiler: shown, left out, and the same numbers (a convolution of ones, its batch norm, what is added).
cat >block.fer <<'END2'
fer 1
use vision
net block(x: f32[1,2,2]) -> y {
  h = x | conv: conv2d 1 kernel=1 bias=no | bn: batchnorm eps=0
  y = h, x | add | relu
}
END2
python3 - <<'END2'
import st
st.save("b.st", {"block.conv.weight": ([1, 1, 1, 1], [2]), "block.bn.weight": ([1], [3]), "block.bn.bias": ([1], [-1]),
                 "block.bn.running_mean": ([1], [1]), "block.bn.running_var": ([1], [4])})
st.save("p.st", {"x": ([1, 1, 2, 2], [-1, 0, 1, 2])})
END2
"$FER" show block.fer --net block >show
grep -q '^passes: fold 1 batchnorm; fuse 1 add, 1 relu; layout ' show
grep -q 'conv2d + batchnorm + add + relu' show
for without in "" fold fuse views arena fold,fuse,layout,inplace,views,optimizer,arena; do
    "$FER" run block.fer block --in p.st --out q.st --weights b.st --without "$without"
    python3 - <<'END2'
import st
# 3 * (2 x - 1) / 2 - 1 + x
assert st.load("q.st") == {"y": ([1, 1, 2, 2], [0, 0, 1.5, 5.5])}, st.load("q.st")
END2
done
"$FER" show block.fer --net block --without fold,fuse >show
grep -q '^passes: fold off; fuse off; layout [0-9]* conversions; ' show
"$FER" show block.fer --net block --without tune,views,arena >show
grep -q '^passes: .* tensors; views off; optimizer nothing; arena off; tune off$' show
status=0
"$FER" show block.fer --net block --without fuse,folds 2>err || status=$?
[ $status -eq 1 ]
grep -q "'folds' is no pass" err
