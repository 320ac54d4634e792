#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The modules of the published systems against PyTorch (systems/blocks.py wrote the values): outputs and gradients.
set -eu

systems=$top_srcdir/tests/systems
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || exit 77

cat >"$work/st.py" <<'END'
import json, math, struct, sys

def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    about = header.pop("__metadata__", {})
    kinds = {"F32": "f", "I32": "i"}
    values = {}
    for name, h in header.items():
        part = data[slice(*h["data_offsets"])]
        values[name] = (h["shape"], struct.unpack("<%d%s" % (len(part) // 4, kinds[h["dtype"]]), part))
    return values, about

def main():
    wanted, about = load(sys.argv[1])
    if len(sys.argv) == 2:
        print(about["net"], about["mode"])
        return
    got, _ = load(sys.argv[2])
    bad = 0
    for name in sorted(w for w in wanted if w.startswith("want.")):
        shape, values = wanted[name]
        name = name[len("want."):]
        if name not in got:
            name = name.replace("grad.", "grad." + about["net"] + ".", 1)
        if name not in got or got[name][0] != shape:
            print("%s: %s is missing or has another shape than %s" % (sys.argv[1], name, shape))
            bad = 1
            continue
        difference = math.sqrt(sum((a - b) ** 2 for a, b in zip(got[name][1], values)))
        length = math.sqrt(sum(v * v for v in values))
        # what is all but zero may be off by rounding of numbers near one
        if not difference <= 2e-4 * length + 1e-5:
            print("%s: %s is off by %g of %g" % (sys.argv[1], name, difference, length))
            bad = 1
    sys.exit(bad)

main()
END

bad=0
for file in "$systems"/*.safetensors; do
    set -- $(python3 "$work/st.py" "$file")
    for profile in cpu gpu; do
        FER_PROFILE=$profile "$FER" run -q "${file%.safetensors}.fer" "$1" --mode "$2" --backward --weights "$file" --in "$file" \
            --out "$work/out" 2>"$work/notes" || { cat "$work/notes"; bad=1; continue; }
        python3 "$work/st.py" "$file" "$work/out" || { echo "with FER_PROFILE=$profile"; bad=1; }
    done
done
exit $bad
