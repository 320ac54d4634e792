#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pages of bench/compare.py and bench/dlprimitives.py from measurements that are given: ratios, to the best and to eager, and an
# epoch without its tests.
# Neither PyTorch nor a device is needed.
set -eu

compare=$top_srcdir/bench/compare.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || exit 77

# PyTorch: 0.5 s a step, 0.4 with channels_last, 0.2 with jit; an epoch of 4 steps of 2 s, with one process to load 1.6 s
cat >torch <<'END'
#!/bin/sh
[ "$1" != -c ] || exit 0
case $2 in
*'"data"'*) case $2 in
    *'"workers": 1'*) s=1.6 ;;
    *) s=2 ;;
    esac ;;
*'"jit"'*) s=0.2 ;;
*channels_last*) s=0.4 ;;
*) s=0.5 ;;
esac
echo "{\"seconds\": $s, \"later\": $s, \"steps\": 4, \"loss\": 1, \"version\": \"9.9\", \"parameters\": 7}"
END
# fer: 0.1 s a step, half of it with bf16; two epochs of two steps, which end after 1, 2 and 6, 8 s, with tests of 3 s
cat >fer <<'END'
#!/bin/sh
case "$*" in
*bf16*) s=0.05 ;;
*) s=0.1 ;;
esac
case $1 in
bench) echo "{\"seconds_per_step\": $s, \"parameters\": 7, \"peak_device_memory\": 1048576, \"seconds_to_first_step\": 1}" ;;
devices) echo '[]' ;;
train)
    while [ "$1" != --run ]; do shift; done
    mkdir "$2"
    for line in '"step","seconds":1' '"step","seconds":2' '"epoch","seconds":5,"loss":1' '"step","seconds":6' \
        '"step","seconds":8' '"epoch","seconds":11,"loss":1'; do
        echo "{\"kind\":$line}"
    done >"$2/log.jsonl" ;;
esac
END
chmod +x torch fer
python3 "$compare" --fer ./fer --python ./torch --rounds 2 --only 'ResNet-18 inference, 224 px' \
    --only 'ResNet-18 training, 224 px' --precision fp32 --precision bf16 --out page.md 2>err || { cat err; exit 1; }
grep '^|' page.md | cut -d '|' -f 2-7 >rows
cat >wanted <<'END'
 | batch | fer, images/s | PyTorch, images/s (best of) | ratio | ratio to eager 
---|---|---|---|---|---
 ResNet-18 inference, 224 px (fp32) | 8 | 80.0 ± 0 % | 40.0 ± 0 % (jit) | **2.00** (2.00 … 2.00) | **4.00** (4.00 … 4.00) 
 ResNet-18 inference, 224 px (bf16) | 8 | 160.0 ± 0 % | 40.0 ± 0 % (jit) | **4.00** (4.00 … 4.00) | **8.00** (8.00 … 8.00) 
 ResNet-18 training, 224 px (fp32) | 8 | 80.0 ± 0 % | 20.0 ± 0 % (channels_last) | **4.00** (4.00 … 4.00) |  
 ResNet-18 training, 224 px (bf16) | 8 | 160.0 ± 0 % | 20.0 ± 0 % (channels_last) | **8.00** (8.00 … 8.00) |  
END
diff wanted rows
# without jit there is nothing to tell apart
python3 "$compare" --fer ./fer --python ./torch --rounds 1 --model resnet18 --torch-device cuda --torch-precision half >page.md 2>err
if grep -q '^|.*eager' page.md; then exit 1; fi
python3 "$compare" --fer ./fer --python ./torch --only nonsense >page.md 2>err && exit 1
grep -q "no case has 'nonsense' in its name: .*ResNet-18 training" err

# an epoch: 2 and 3 s of training for four steps of 64, and the faster way to load
{
    echo path,label,split
    for i in $(seq 64); do
        echo "a$i.png,happy,train"
        echo "b$i.png,happy,test"
    done
} >faces.csv
python3 "$compare" --fer ./fer --python ./torch --rounds 2 --data faces.csv --epochs 2 --out page.md 2>err || { cat err; exit 1; }
grep -q "| 64 | 51.2 ± 0 % | 40.0 ± 0 % (nchw, workers=1) | \*\*1.28\*\* (1.28 … 1.28) |" page.md
grep -q 'tests and what is saved do not' page.md
head -n 100 faces.csv >few.csv
python3 "$compare" --fer ./fer --python ./torch --data few.csv 2>err && exit 1
grep -q 'few.csv has no 64 rows of split=train and of split=test' err
python3 "$compare" --fer ./fer --python ./torch --data missing.csv 2>err && exit 1
grep -q 'missing.csv cannot be read' err

# dlprimitives: steps of 200 ms forward, 500 in training, after slow ones that do not count
mkdir -p theirs/build
cat >theirs/build/dlprim_benchmark <<'END'
#!/bin/sh
case "$*" in
*' 1:0 '*docs/nets_for_benchmark/resnet18-b8.js) ;;
*) echo "not called for so: $*" >&2; exit 1 ;;
esac
case "$*" in
'-b -g -B4 '*) step=500 ;;
-B4*) step=200 ;;
*) exit 1 ;;
esac
printf 'Using: it\nStep -2 9000.000\nStep -1 9000.000\nStep  0 %d.000 1.0 1.0\nStep  1 %d.000 1.0 1.0\nStep  2 9000.000 1.0 1.0\n' $step $step
END
chmod +x theirs/build/dlprim_benchmark
python3 "$top_srcdir/bench/dlprimitives.py" theirs --dlprimitives-device 1:0 --fer ./fer --net resnet18 --batch 4 --rounds 2 \
    --steps 3 --out page.md 2>err || { cat err; exit 1; }
grep -q '| resnet18 inference, 224 px | 4 | 40.0 ± 0 % | 20.0 ± 0 % | \*\*2.00\*\* (2.00 … 2.00) |' page.md
grep -q '| resnet18 training, 224 px | 4 | 40.0 ± 0 % | 8.0 ± 0 % | \*\*5.00\*\* (5.00 … 5.00) |' page.md
python3 "$top_srcdir/bench/dlprimitives.py" theirs --fer ./fer --steps 4 --net resnet18 --dlprimitives-device 1:0 --batch 4 \
    >page.md 2>err && exit 1
grep -q '4 steps were asked for, dlprim_benchmark printed 3' err
python3 "$top_srcdir/bench/dlprimitives.py" nowhere 2>err && exit 1
grep -q 'nowhere/build/dlprim_benchmark is not there' err
