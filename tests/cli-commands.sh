#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What every command promises: results on standard output, talk on standard error, exit status 0, 1 and 2.
. "$top_srcdir/tests/expect.sh"

cat >tiny.fer <<'END'
fer 1
use vision, loss, optim, data, synthface, metric
labels "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"
net small(image: f32[1,24,24]) -> logits {
  logits = image | conv1: conv2d 8 kernel=3 pad=1 stride=2 | bn1: batchnorm | relu | avgpool global | fc: linear 7
}
data train -> image, label = synthface size=24 count=64 channels=1 | batch 16 | hflip
data valid -> image, label = synthface size=24 count=20 channels=1 split=valid | batch 16
stage fit over train until epoch=1 {
  logits  = image | small
  loss ce = logits, label | cross_entropy
  minimize ce
  update small with sgd lr=0.05
}
predict classify(image: f32[1,24,24]) -> probs { probs = image | small | softmax }
test valid over valid {
  probs = image | classify
  metric accuracy  = probs, label | accuracy
  metric confusion = probs, label | confusion
}
END
sed 's/kernel=3/kernel=0/' tiny.fer >wrong.fer

# the command line itself
expect 0 --help;            prints 'Usage: fer COMMAND'
expect 0 --version;         prints '^fer [0-9]'
expect 2;                   says 'Usage: fer COMMAND'
expect 2 nothing;           says "no command 'nothing'\$"
expect 0 version;           prints '^fer [0-9]'
for pair in prdict:predict trian:train pred:predict evaluate:eval sho:show; do
    expect 2 "${pair%:*}";  says "did you mean '${pair#*:}'?";  [ "$(wc -l <err)" -eq 2 ]
done
for command in devices plugins check fmt show train sweep study eval compare predict explain run grad bench tune occlude pack; do
    expect 0 "$command" --help;     prints "Usage: fer $command";  cp out help
    expect 0 "$command" -h;         cmp out help
    expect 2 "$command" --nonsense; says "fer $command --help"
done
expect 2 check tiny.fer --set nonsense;    says 'NAME=VALUE'
refused 1 "^fer: --set lr: tiny.fer has no let 'lr'; it has none\$" check tiny.fer --set lr=1;  [ "$(wc -l <err)" -eq 1 ]
refused 1 "^fer: --data tran: tiny.fer has no data 'tran'; did you mean 'train'?\$" check tiny.fer --data tran=x;  [ "$(wc -l <err)" -eq 1 ]
expect 2 train tiny.fer;                   says 'run=DIR is missing'
expect 2 grad tiny.fer small --seed 9223372036854775808;  says 'seed=9223372036854775808 should be .* from 0 to 9223372036854775807'
expect 2 grad tiny.fer small --seed 1.5;                  says 'seed=1.5 should be one whole number'
expect 2 sweep tiny.fer --run no --seeds 1,-1;       says 'seeds=-1 should be a whole number'
expect 2 train tiny.fer --run no --save-every 2.5;  says 'save-every=2.5 should be a whole number from 0 to 1000000000'

# looking around
expect 0 devices;                  prints 'compute units'
expect 0 devices --json;           prints '"compute_units"'
expect 0 plugins;                  prints '^vision '
expect 0 plugins show conv2d;      prints 'kernel'
expect 1 plugins show conv2;       says "did you mean 'conv2d'"

# descriptions
expect 0 check tiny.fer;           prints 'net small: 159 parameters in 8 tensors'
expect 1 check wrong.fer;          says 'wrong.fer:5:'; says 'kernel=0'; says '\^'
expect 1 check absent.fer;         says 'absent.fer'
expect 0 fmt tiny.fer;             cp out formatted.fer
expect 0 fmt --check formatted.fer
cp tiny.fer indented.fer;          chmod 640 indented.fer;          ln -s indented.fer link.fer
echo mine >link.fer.tmp
expect 0 fmt --in-place link.fer;  cmp indented.fer formatted.fer;  [ -L link.fer ]
[ "$(stat -c %a indented.fer)" = 640 ]; grep -q mine link.fer.tmp;  [ "$(ls -d indented.fer*)" = indented.fer ]
expect 0 show tiny.fer --memory;   prints 'small.conv1 *conv2d + batchnorm + relu'; prints ' 96 '
expect 0 show tiny.fer --mode train;  prints '^passes: .*; optimizer 1 launch for 6 weights; arena [0-9.]* KiB of [0-9.]* KiB$'
expect 0 show tiny.fer --mode train --without arena,optimizer;  prints '; optimizer off; arena off$'
expect 0 show tiny.fer --mode train --without arena,optimizer --json
tr -d ' \n' <out >line
grep -q '"without":\["optimizer","arena"\]' line || fail "not what was left out:"
grep -q '"optimizer":{"launches":6,"weights":6},"arena":{"bytes":\([0-9]*\),"apart":\1}.*"memory":{"arena":\1,' line || fail "no sum:"
# the texts of its kernels: all of them, with options; nothing is compiled
cache=$XDG_CACHE_HOME
XDG_CACHE_HOME=$work/cache FER_CACHE=on
export XDG_CACHE_HOME FER_CACHE
expect 0 show tiny.fer --mode train --kernels texts;  prints "^kernels: $(ls texts | wc -l) programs in texts\$";  [ ! -e cache/libfer ]
XDG_CACHE_HOME=$cache
unset FER_CACHE
expect 0 show tiny.fer --mode train --json
grep -o '"kernel": *"[a-z0-9_]*"' out | sed 's/.*"\([^"]*\)"$/\1/' | sort -u >kernels
grep -qx moments kernels || fail "no kernels in:"
while read -r kernel; do
    grep -q "^#define FER_KERNEL_$kernel 1\$" texts/*.cl || fail "no text has $kernel"
    grep -q "\<$kernel(" texts/*.cl || fail "$kernel is in no text"
done <kernels
for text in texts/*.cl; do sed 1q "$text" | grep -q '^// -cl-std=CL' || fail "no options in $text"; done
expect 1 show tiny.fer --kernels tiny.fer/texts;  says '^fer: cannot make the directory tiny.fer/texts: Not a directory$';  [ "$(wc -l <err)" -eq 1 ]
expect 0 show tiny.fer data train --out sheet.png --rows 2;  prints 'row 2, column 8'
test -s sheet.png
expect 1 show tiny.fer data vali --out no.png;   says "tiny.fer has no data 'vali'; did you mean 'valid'?"
expect 1 show tiny.fer data other --out no.png;  says "has no data 'other'; it has train and valid\$"
expect 2 show tiny.fer data valid --out no.JPG;  says 'no.JPG: the sheet is written as PNG'; [ ! -e no.JPG ]
sed 's/linear 7/linear 8/' tiny.fer >wide.fer
expect 0 check wide.fer;  says "wide.fer:15:9: warning: predict 'classify' yields 8 numbers a picture, and there are 7 labels"
sed '/^data train/s/count=64/count=15/' tiny.fer >few.fer
expect 0 check few.fer;   says "^few.fer:7:6: warning: data 'train': 15 samples do not fill one batch of 16, and training needs one"
expect 0 show tiny.fer data valid --out sheet.png # 20 pictures: 206 x 76, no more than they need
[ "$(od -An -tu1 -j16 -N8 sheet.png | tr -s ' ')" = ' 0 0 0 206 0 0 0 76' ]
expect 0 show tiny.fer data valid --out sheet.png --columns 65536 --rows 65536
expect 0 show tiny.fer data valid --out sheet.png --columns 32
[ "$(od -An -tu1 -j16 -N8 sheet.png | tr -s ' ')" = ' 0 0 2 6 0 0 0 24' ]
# quiet: nothing about files that were written; answers are
rm sheet.png
expect 0 show tiny.fer data valid --out sheet.png -q;        [ ! -s out ];  [ ! -s err ];  test -s sheet.png
expect 0 show tiny.fer data valid --out sheet.png -q --json; prints '"pictures"'
expect 0 show tiny.fer -q;                                   prints 'small.conv1'

# settings: a string's text is taken as it stands
sed 's/^use .*/&\nlet csv = "none.csv"/; s/^data train.*/data train -> image, label = manifest $csv | gray | resize 24 | batch 16/' \
    tiny.fer >list.fer
expect 1 check --strict list.fer --set csv="$work/no such.csv";   says "$work/no such.csv"
expect 1 check --strict list.fer --set csv='"quoted.csv"';        says 'quoted.csv'
if grep -q '"quoted' err; then echo 'the quotes are part of the name' >&2; exit 1; fi

# training and what comes after
expect 0 train tiny.fer --run run; prints 'fit epoch 1/1'; says 'run/best.safetensors'
odd=$(printf 'r\303\274n\377') # valid UTF-8 and not
cp tiny.fer "$odd.fer"
expect 0 train "$odd.fer" --run "$odd";   grep -q "\"description\": \"$(printf 'r\303\274n\357\277\275').fer\"" "$odd/run.json"
expect 0 eval "$odd/best.safetensors" --json;  prints "\"$(printf 'r\303\274n\357\277\275')/best.safetensors\""
expect 1 eval run;                 says 'run is a directory.*best.safetensors'
expect 0 eval run/best.safetensors --json;     prints '"accuracy"'; prints '"counts"'
expect 1 eval run/best.safetensors --test no;  says "has no test 'no'; it has valid\$"
expect 1 eval run/best.safetensors --test vaild;  says "did you mean 'valid'"
expect 1 eval run/best.safetensors --data valid=pictures;  says "no path that 'pictures' could replace"
expect 1 eval tiny.fer;                        says 'tiny.fer is a description where a safetensors file is expected'
expect 1 eval sheet.png;                           says 'not a safetensors file'
expect 1 eval absent.safetensors;              says "cannot open 'absent.safetensors': there is no such file"
expect 1 check run/best.safetensors;           says 'is a safetensors file and no description'
expect 1 compare run run;                      says 'run has no answers; fer eval run/best.safetensors --predictions=run/predi'
expect 1 predict run/best.safetensors x.png --predict no;  says "has no predict 'no'; it has classify"

# weights to start from are looked at before anything runs: there, by these names, of these shapes
loading() {
    sed "/^data train/i load small $1" tiny.fer >again.fer
}
loading '"run/best.safetensors"'
expect 1 check again.fer;           says '^again.fer:7:6: error: .*run/best.safetensors has its weights behind "small."; write prefix="small."$'
expect 1 train again.fer --run no;  says 'write prefix="small."$'
loading '"run/best.safetensors" strict=no'
expect 0 check again.fer;           says 'write prefix="small."; without it all stay as they were initialised'
loading '"run/best.safetensors" prefix="small."'
expect 0 check --strict again.fer;  [ ! -s err ]
sed -i 's/linear 7/linear 5/' again.fer
expect 1 check again.fer;           says 'another shape: small.fc.weight (7 x 8 there, 5 x 8 here)'
loading '"absent.safetensors"'
expect 0 check again.fer;           says "^again.fer:7:6: warning: load small: cannot open 'absent.safetensors'"
expect 1 check --strict again.fer;  says "^again.fer:7:6: error: load small: cannot open 'absent.safetensors'"
# … but for what a stage will have saved
loading '"saved.safetensors"'
sed -i 's/^  minimize ce/&\n  save small "saved.safetensors"/' again.fer
expect 0 check again.fer;           [ ! -s err ]

# P2 to P5, of bytes that awk can print
to_pgm() {
    awk 'NR <= 3 { if (NR == 1) print "P5"; else print } NR > 3 { printf "%c", ($1 > 100 ? 126 : 33) }'
}

# pictures: those that cannot be read are reported, the others go on, and the batch does not matter
mkdir pictures
for i in 1 2 3 4 5 6 7 8 9; do
    awk -v i="$i" 'BEGIN { w = 20 + 3 * i; h = 50 - 2 * i; print "P2", w, h, 255
        for (k = 0; k < w * h; k++) print (k * k * i) % 251 }' >pgm.txt
    awk 'NR == 1 { w = $2; h = $3; printf "P5\n%d %d\n255\n", w, h } NR > 1 { printf "%c", $1 % 90 + 33 }' pgm.txt \
        >"pictures/$i.pgm"
done
expect 0 predict run/best.safetensors pictures;            cp out all
[ "$(wc -l <all)" -eq 9 ]
for batch in 1 2 7; do
    expect 0 predict run/best.safetensors pictures --batch $batch
    cmp out all
done
expect 0 predict run/best.safetensors pictures/;           cmp out all # no path with two slashes
expect 0 predict run/best.safetensors pictures --csv;      prints '^path,label,probability,'
[ "$(wc -l <out)" -eq 10 ]; [ "$(cut -d, -f1,2 out | sed 1d | tr , '\t')" = "$(cut -f1,2 all)" ]
expect 2 predict run/best.safetensors pictures --csv --json
mkdir nothing;                                             expect 1 predict run/best.safetensors nothing
says '^fer: nothing: there are no pictures there$'
expect 0 predict run/best.safetensors pictures --json;     prints '"probabilities"'; cp out all.json
expect 0 predict run/best.safetensors pictures/4.pgm --json
grep '"pictures/4.pgm"' all.json | cmp - out
echo broken >broken.png
expect 1 predict run/best.safetensors broken.png pictures/1.pgm absent.png
says broken.png; says absent.png; prints pictures/1.pgm
control=$(printf 'tab\there\nline\033]0;x\007\302\233m\\.pgm')
cp pictures/4.pgm "$control"
expect 0 predict run/best.safetensors "$control"; [ "$(wc -l <out)" -eq 1 ]
[ "$(cut -f1 out)" = 'tab\there\nline\x1b]0;x\x07\xc2\x9bm\\.pgm' ] || fail 'the name is not escaped'
echo no >"$control"
expect 1 predict run/best.safetensors "$control"; ! grep -q "$(printf '[\033\007]')" err; says 'line.x1b\]0;x.x07'
rm "$control"
cp pictures/4.pgm "$(printf 'gr\303\274n\377\303.pgm')" # valid UTF-8 and not
expect 0 predict run/best.safetensors gr*.pgm --json;     sed 's|"pictures/4.pgm"|"grün��.pgm"|' all.json | grep -q -F "$(cat out)"
rm gr*.pgm
mkdir others
cp pictures/1.pgm others;          printf 'RIFF\44\0\0\0WEBPVP8 ' >others/2.webp;          printf 'GIF89a\1\0' >others/3.gif
expect 1 predict run/best.safetensors others;             prints others/1.pgm
says '2.webp: a WebP picture'; says '3.gif: a GIF picture'
"$FER" predict run/best.safetensors - <pictures/1.pgm | grep -q '^-'
expect 2 predict run/best.safetensors

# faces in pictures: one test of one feature, so that the middle of a bright square on black is all that is found
if [ -f "$top_builddir/plugins/.libs/haar.so" ]; then
    cat >square.xml <<'END'
<opencv_storage><square type_id="opencv-haar-classifier"><size>8 8</size><stages><_><trees><_><_>
<feature><rects><_>0 0 8 8 -1.</_><_>2 2 4 4 4.</_></rects><tilted>0</tilted></feature>
<threshold>1.5</threshold><left_val>0.</left_val><right_val>1.</right_val></_></_></trees>
<stage_threshold>0.5</stage_threshold><parent>-1</parent><next>-1</next></_></stages></square></opencv_storage>
END
    square() { # SIDE LEFT TOP SIZE
        awk -v n="$1" -v x="$2" -v y="$3" -v s="$4" 'BEGIN { printf "P2\n%d %d\n255\n", n, n
            for (j = 0; j < n; j++) for (i = 0; i < n; i++)
                print (i >= x && i < x + s && j >= y && j < y + s) ? 250 : 5 }'
    }
    mkdir photos
    square 40 14 18 4 | to_pgm >photos/one.pgm
    square 40 0 0 0 | to_pgm >photos/none.pgm
    expect 0 predict run/best.safetensors photos --detect haar:cascade=square.xml,min_neighbors=0,max_size=8
    prints '^photos/none.pgm	no face$'
    prints '^photos/one.pgm	12,16,8,8	'
    [ "$(wc -l <out)" -eq 2 ]
    expect 0 predict run/best.safetensors photos --csv --detect haar:cascade=square.xml,min_neighbors=0,max_size=8
    prints '^path,faces,face,score,x0,y0,x1,y1,label,probability,'
    prints '^photos/one.pgm,1,0,[^,]*,12.00,16.00,20.00,24.00,'
    awk -F, 'NR == 1 { n = NF } NF != n || /none/ && (!/,0,,/ || $NF != "") { exit 1 }' out
    expect 0 predict run/best.safetensors photos --json --margin 0.5 \
        --detect haar:cascade=square.xml,min_neighbors=0,max_size=8
    prints '"faces":0'; prints '"faces":1'; prints '"box":\[12.0,16.0,8.0,8.0\],"landmarks":\[\]'; prints '"score":'
    awk 'BEGIN { print "P2\n60 40\n255\n"; for (j = 0; j < 40; j++) for (i = 0; i < 60; i++)
        print (j >= 18 && j < 22 && (i >= 10 && i < 14 || i >= 40 && i < 44)) ? 250 : 5 }' | to_pgm >two.pgm
    detector=haar:cascade=square.xml,min_neighbors=0,max_size=8
    expect 0 predict run/best.safetensors two.pgm --detect $detector;               [ "$(wc -l <out)" -eq 2 ]
    expect 0 predict run/best.safetensors two.pgm --detect $detector --largest --json
    [ "$(wc -l <out)" -eq 1 ]; prints '"faces":2,"face":0'
    expect 2 predict run/best.safetensors two.pgm --largest;                        says 'needs --detect'
    expect 2 predict run/best.safetensors two.pgm --margin 1;                       says 'needs --detect'
    # drawn: six times as large, a frame of 48 x 48 in a colour that the gray pictures do not have, and words
    amber() { tr -dc '\277' <"$1" | wc -c; }
    mkdir -p photos/more seen/of;                          cp photos/one.pgm photos/more/one.pgm
    expect 0 predict run/best.safetensors photos --detect $detector --draw seen/of/them
    [ "$(echo seen/of/them/*)" = 'seen/of/them/none.png seen/of/them/one-2.png seen/of/them/one.png' ]
    cmp seen/of/them/one.png seen/of/them/one-2.png
    [ "$(od -An -tu1 -j16 -N8 seen/of/them/one.png | tr -s ' ')" = ' 0 0 0 240 0 0 0 240' ]
    "$FER" pack seen --out seen.pack -q >pack.out;         [ "$(amber seen.pack)" -ge $((2 * (2 * 48 + 2 * 46))) ]
    rm seen/of/them/one*.png
    "$FER" pack seen --out seen.pack -q >pack.out;         [ "$(amber seen.pack)" -lt 20 ]
    expect 1 predict run/best.safetensors photos --draw seen/of/them;               says 'is not empty'
    expect 0 predict run/best.safetensors photos --draw labels -q;                  [ -s labels/none.png ]
    rm -r photos/more
    expect 1 predict run/best.safetensors photos --detect haar:cascade=absent.xml;  says 'opencv-data'
    expect 1 predict run/best.safetensors photos --detect nobody;                   says "unknown detector 'nobody'; installed are: .*haar"
    expect 1 predict run/best.safetensors photos --detect haar:square.xml;          says 'as in haar:[a-z_]*='
    expect 2 predict run/best.safetensors photos --margin -1;                       says 'margin'
fi

# gradients, speed, packing
expect 0 grad tiny.fer small;                              prints 'small.conv1.weight'
expect 1 grad tiny.fer small --precision fp16;             says "gradients are compared in fp32 alone"
expect 2 predict run/best.safetensors x.png --set a=1;     says "\-\-set changes nothing here"
expect 2 detect x.png --detector haar --data test=.;       says "\-\-data changes nothing here"
# common options where they have no use: COMMAND, then every one that is refused
unused() {
    command=$1
    shift
    for option; do
        expect 2 $command "--$option"
        says "\-\-${option%%=*} changes nothing here"
    done
}
computing='device=cpu without=fuse precision=fp16'
unused devices seed=1 set=a=1 data=a=. $computing
unused plugins seed=1 set=a=1 data=a=. $computing
unused 'plugins show conv2d' seed=1 set=a=1 data=a=. $computing
unused 'fmt tiny.fer' seed=1 set=a=1 data=a=. json $computing
unused 'check tiny.fer' seed=1 $computing
unused 'show tiny.fer' seed=1
unused 'compare a.csv b.csv' set=a=1 data=a=. $computing
unused 'predict run/best.safetensors x.png' seed=1 data=a=.
unused 'explain run/best.safetensors x.png --out seen' data=a=.
unused 'detect x.png' seed=1 set=a=1
unused 'run tiny.fer small --in x.st --out y.st' data=a=. json
unused 'grad tiny.fer small' data=a=.
unused 'pack pictures --out x.pack' json $computing
unused 'sweep --report sweep' seed=1 set=a=1 data=a=. $computing
unused study seed=1 set=a=1 data=a=. $computing
# … and its help does not list what a command never takes
expect 0 fmt --help
if grep -E '^ +--(device|seed|set|data|json|without|precision)' out; then echo 'fmt takes none of these' >&2; exit 1; fi
expect 0 detect --help;  prints '^ *--device=';  prints '^ *--json'
if grep -E '^ +--(seed|set|data)' out; then echo 'detect takes none of these' >&2; exit 1; fi
expect 0 train --help;   prints '^ *--seed=';  prints '^ *--data='
expect 1 grad tiny.fer smal;                               says "did you mean 'small'"
expect 0 bench tiny.fer --batch 2 --steps 2 --json;        prints '"images_per_second"'
expect 0 bench tiny.fer --steps 2 --mode train --profile;  prints 'conv2d  *backward'; prints 'sgd  *update .* -  *-$'
expect 1 bench nosuch;                                     says "no plugin has a model 'nosuch'"
mkdir -p classes/a classes/b
cp pictures/[1-4].pgm classes/a
cp pictures/[5-9].pgm classes/b
expect 0 pack classes --out packed
test -s packed
expect 1 pack absent --out other
test ! -e other

# the progress of a training stays on one row of the terminal, however narrow; elsewhere it is lines
if command -v python3 >/dev/null; then
    cat >terminal.py <<'END'
import fcntl, os, pty, re, struct, sys, termios
columns = int(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execv(sys.argv[2], ["fer"] + sys.argv[3:])
text = b""
try:
    while part := os.read(fd, 4096):
        text += part
except OSError:  # how the end of a terminal is told
    pass
assert os.waitpid(pid, 0)[1] == 0, text
rows = re.split("[\r\n]+", text.decode().replace("\x1b[K", ""))
built = [row for row in rows if row.startswith("building ")]
assert built and all(len(row) < columns for row in built), rows
bars = [row for row in rows if " step 1/4" in row]
assert bars and all(len(row) < columns for row in bars), rows
assert bars[0].startswith("[####") == (columns > 90), bars
END
    for columns in 20 60 80 200; do
        python3 terminal.py $columns "$FER" train tiny.fer --run "run$columns"
    done
fi
