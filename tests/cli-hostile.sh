#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever a file holds, the command answers with a sentence and exit status 1: no crash, no hang, nothing half-written.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# refuses PATTERN COMMAND…: it fails with status 1 and a sentence that matches.
refuses() {
    pattern=$1
    shift
    status=0
    timeout 120 "$@" >out 2>err </dev/null || status=$?
    if [ $status -ne 1 ] || ! grep -q -e "$pattern" err || [ "$(wc -l <err)" -gt 120 ]; then
        echo "status $status, expected 1 and '$pattern': $*"
        head -c 2000 err
        exit 1
    fi
}

repeat() { # TEXT TIMES
    awk -v text="$1" -v times="$2" 'BEGIN { for (i = 0; i < times; i++) printf "%s", text }'
}

# --- descriptions ---

refuses 'cannot open: No such file' "$FER" check absent.fer
mkdir folder.fer
refuses 'cannot read: Is a directory' "$FER" check folder.fer
: >empty.fer
refuses 'empty.fer:1:1: error:' "$FER" check empty.fer
printf 'fer 1\nlet a = "\0"\n' >zero.fer
refuses 'zero.fer:2: a zero byte' "$FER" check zero.fer
printf 'fer 1\n# \377\n' >latin.fer
refuses 'not valid UTF-8' "$FER" check latin.fer
{ echo 'fer 1'; repeat '# 16 MiB of remarks, each on a line of its own, and then some' 300000; } >large.fer
refuses 'at most 16 MiB' "$FER" check large.fer
{ echo 'fer 1'; printf 'let a = '; repeat '[' 100000; } >deep.fer
refuses 'nested more than' "$FER" check deep.fer
{ echo 'fer 1'; awk 'BEGIN { for (i = 0; i < 20000; i++) print "let a" i " = 1" }'; } >many.fer
refuses 'at most 10000 items' "$FER" check many.fer
{
    printf 'fer 1\nnet n(x) -> y {\n  a0 = x\n'
    awk 'BEGIN { for (i = 1; i < 60000; i++) print "  a" i " = a" i - 1 }'
    printf '  y = x\n}\npredict p(x: f32[1,2,2]) -> y { y = x | n }\n'
} >flows.fer
refuses 'more than 2000 names between two braces' "$FER" check flows.fer
printf 'fer 1\ninclude "loop2.fer"\n' >loop1.fer
printf 'fer 1\ninclude "loop1.fer"\n' >loop2.fer
refuses 'loop' "$FER" check loop1.fer
printf 'fer 1\ninclude "%s/absent.fer"\n' "$work" >gone.fer
refuses 'gone.fer:2:9: error:' "$FER" check gone.fer

# --- a small model, so that there is a checkpoint ---

cat >tiny.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, metric
labels "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry"
net small(x) -> y { y = x | conv: conv2d 4 kernel=3 stride=4 | relu | avgpool global | fc: linear 7 }
data train -> image, label = synthface size=32 count=32 channels=1 | batch 8
stage fit over train until epoch=1 {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=0.1
}
predict classify(image: f32[1,32,32]) -> probs { probs = image | small | softmax }
test t over train {
  probs = image | classify
  metric accuracy = probs, label | accuracy
}
END
"$FER" train tiny.fer --run run -q >/dev/null
checkpoint=run/last.safetensors

# --- pictures: the bad ones are reported, the good ones go on ---

{ printf 'P5 32 32 255\n'; repeat x 1024; } >good.pgm
: >empty.png
echo 'this is a letter' >text.jpg
printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\1\206\240\0\1\206\240\10\2\0\0\0' >huge.png
refuses 'a picture of 100000 x 100000 pixels is refused' "$FER" predict "$checkpoint" huge.png
printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\040\0\0\0\040\10\0\0\0\0' >cut.png
printf '\377\330\377\340\0\020JFIF\0\1\1\0\0\1\0\1\0\0\377\333' >cut.jpg
printf 'BM\0\0\0\0\0\0\0\0\066\0\0\0\050\0\0\0\377\377\377\177\377\377\377\177\1\0\030\0\0\0\0\0' >huge.bmp
printf 'P6 99999999 99999999 255\n' >huge.ppm
printf 'P5 -1 0 255\n' >none.pgm
mkdir folder.png
for picture in empty.png text.jpg huge.png cut.png cut.jpg huge.bmp huge.ppm none.pgm absent.png; do
    refuses "$picture" "$FER" predict "$checkpoint" good.pgm "$picture" good.pgm
    [ "$(grep -c good.pgm out)" -eq 2 ] || { echo "$picture kept the others from going on:"; cat out err; exit 1; }
done

# A pipe that nobody writes to is not waited for, wherever a file is expected; what stands in the way is said.
mkdir pipes
mkfifo pipes/pipe.png
cp good.pgm pipes
refuses "'pipes/pipe.png' is a pipe that nobody writes to" "$FER" predict "$checkpoint" pipes
grep -q '^pipes/good.pgm' out
refuses 'pipe.png: not a regular file' "$FER" eval pipes/pipe.png
refuses 'pipe.png' "$FER" check pipes/pipe.png
status=0
"$FER" predict "$checkpoint" - <pipes >out 2>err || status=$?
[ $status -eq 1 ] && grep -q 'cannot read standard input: Is a directory' err || { echo "a directory as a picture"; cat err; exit 1; }

# --- tables ---

manifest() { # TEXT PATTERN
    printf "$1" >list.csv
    refuses "$2" "$FER" check --strict list.fer
}
cat >list.fer <<'END'
fer 1
use vision, data, metric
labels "a", "b"
data d -> image, label = manifest "list.csv" | batch 1
predict p(x: f32[1,2,2]) -> y { y = x | relu }
test t over d { metric accuracy = image, label | accuracy }
END
manifest '' 'list.csv'
manifest 'path,label\n' 'list.fer:4:[0-9]*: error:'
manifest 'file,class\ngood.pgm,a\n' 'list.csv'
manifest 'path,label\ngood.pgm\n' 'list.csv'
manifest 'path,label\ngood.pgm,c\n' 'list.csv'
manifest 'path,label\nabsent.pgm,a\n' 'absent.pgm'
manifest 'path,label\n"good.pgm,a\n' 'list.csv'
manifest 'path,label\ncut.png,a\n' 'cut.png'
head -c 100000 /dev/zero >list.csv
refuses 'list.csv' "$FER" check --strict list.fer
sed 's/manifest "list.csv"/fer2013 "list.csv"/' list.fer >fer2013.fer
printf 'emotion,pixels,Usage\n0,1 2 3,Training\n' >list.csv
refuses 'list.csv' "$FER" check --strict fer2013.fer
rm list.csv
"$FER" check list.fer 2>err >out # absent data is a warning, unless --strict
grep -q 'warning: data .d.: manifest: cannot open' err
refuses 'cannot open' "$FER" check --strict list.fer

# --- tensors ---

tensors() { # HEADER BYTES PATTERN: the length before the header is right
    { printf "\\$(printf %o ${#1})\0\0\0\0\0\0\0%s" "$1"; repeat x "$2"; } >bad.safetensors
    refuses "$3" "$FER" eval bad.safetensors
    refuses "$3" "$FER" predict bad.safetensors good.pgm
    refuses "$3" "$FER" run tiny.fer small --in bad.safetensors --out y.safetensors
    [ ! -e y.safetensors ]
}
: >bad.safetensors
refuses 'bad.safetensors' "$FER" eval bad.safetensors
printf '\377\377\377\377\377\377\377\177{}' >bad.safetensors
refuses 'bad.safetensors' "$FER" eval bad.safetensors
printf '\100\0\0\0\0\0\0\0{}' >bad.safetensors
refuses 'bad.safetensors' "$FER" eval bad.safetensors
tensors 'not JSON' 0 'bad.safetensors'
tensors '[]' 0 'bad.safetensors'
tensors '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}' 12 'bad.safetensors'
tensors '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,800]}}' 8 'bad.safetensors'
tensors '{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}' 8 'bad.safetensors'
tensors '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}' 8 'bad.safetensors'
tensors '{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}' 8 'bad.safetensors'
tensors '{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}' 8 'bad.safetensors'
tensors '{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}' 0 'bad.safetensors'
# A checkpoint's description reads no other file.
echo 'nobody may read this' >private.txt
header='{"__metadata__":{"fer":"1","seed":"1","description":"fer 1\ninclude \"private.txt\"\n"}}'
{ printf "\\$(printf %o ${#header})\0\0\0\0\0\0\0%s" "$header"; } >includes.safetensors
for arguments in 'eval -q' 'predict good.pgm' 'explain --out seen good.pgm'; do
    refuses 'includes.safetensors:2:9: error: only a description that is a file may include another' \
        "$FER" ${arguments%% *} includes.safetensors ${arguments#* }
    if grep -q nobody out err; then
        cat out err
        exit 1
    fi
done
for seed in 9223372036854775808 -1 1.5; do
    header="{\"__metadata__\":{\"fer\":\"1\",\"seed\":\"$seed\",\"description\":\"fer 1\"}}"
    { printf "\\$(printf %o ${#header})\0\0\0\0\0\0\0%s" "$header"; } >seed.safetensors
    refuses "seed.safetensors: its seed '$seed' should be a whole number from 0 to 9223372036854775807" \
        "$FER" eval seed.safetensors
done
size=$(wc -c <"$checkpoint")
for part in 4 100 $((size / 2)) $((size - 1)); do
    head -c "$part" "$checkpoint" >part.safetensors
    refuses 'part.safetensors' "$FER" eval part.safetensors
done

# --- the machine ---

mkdir vendors
refuses 'no OpenCL platform was found; install' env OCL_ICD_VENDORS="$work/vendors" "$FER" train tiny.fer --run nodevice
[ ! -e nodevice/last.safetensors ]
refuses 'no device' env FER_DEVICE='no such thing' "$FER" eval "$checkpoint"
: >file
refuses 'file' "$FER" train tiny.fer --run file/run
refuses 'file' "$FER" train tiny.fer --run file
if [ -c /dev/full ]; then
    status=0
    "$FER" check --json tiny.fer >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ] && grep -q 'No space left' err || { echo "status $status on a full disk"; cat err; exit 1; }
fi

# A sum of losses that no number holds is not taken for a lack of memory.
sed 's/minimize ce/minimize 1e308 ce/' tiny.fer >steep.fer
refuses 'the loss ce is not finite' "$FER" train steep.fer --run steep
grep -q '"step":1,"loss":null' steep/log.jsonl

# Without standard streams, files that are opened do not become them: the log holds its own lines and nothing else.
status=0
"$FER" train tiny.fer --run closed >&- 2>&- <&- || status=$?
grep -v '^{.*}$' closed/log.jsonl && { echo "the log holds what was to be printed"; exit 1; }
[ "$(wc -l <closed/log.jsonl)" -eq "$(wc -l <run/log.jsonl)" ]
status=0
"$FER" check tiny.fer >&- 2>err || status=$?
[ $status -eq 1 ] && grep -q 'standard output: Bad file descriptor' err || { echo "status $status without standard output"; cat err; exit 1; }

# A disk that is full in the middle of a checkpoint of 12 MB, 4 MB at most of which fit: a sentence, no file under the
# checkpoint's name, and nothing left behind.  (Kernels are compiled before, with room for what the driver caches.)
sed -e 's/relu | avgpool global/relu | flatten | wide: linear 12000 | relu/' -e 's/kernel=3/kernel=3 pad=1/' tiny.fer >wide.fer
"$FER" train wide.fer --run wide -q >/dev/null
[ "$(wc -c <wide/last.safetensors)" -gt 12000000 ]
status=0
(
    ulimit -f 4096
    exec "$FER" train wide.fer --run full -q
) >out 2>err || status=$?
if [ $status -ne 1 ] || ! grep -q "cannot write 'full/last.safetensors': larger than" err; then
    echo "status $status on a full disk"
    cat err
    exit 1
fi
left=$(find full -type f ! -name model.fer ! -name 'run.json' ! -name log.jsonl)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }

# Killed at any moment: what stands under a checkpoint's name is whole.
for lines in 1 3 6; do
    mkfifo pipe
    "$FER" train tiny.fer --run killed$lines --save-every 1 --json -q >pipe 2>err &
    pid=$!
    exec 3<pipe
    count=0
    while [ $count -lt $lines ] && read -r _ <&3; do
        count=$((count + 1))
    done
    kill -KILL $pid 2>/dev/null || :
    wait $pid 2>/dev/null || :
    exec 3<&-
    rm pipe
    if [ -e killed$lines/last.safetensors ]; then
        "$FER" eval killed$lines/last.safetensors -q >out
    fi
done
