#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer detect, and what is made of its list: align puts the landmarks where they should be.
[ -f "$top_builddir/plugins/.libs/haar.so" ] || exit 77
. "$top_srcdir/tests/expect.sh"

# One feature: the middle of a bright square on black is all that is found.
cat >square.xml <<'END'
<opencv_storage><square type_id="opencv-haar-classifier"><size>8 8</size><stages><_><trees><_><_>
<feature><rects><_>0 0 8 8 -1.</_><_>2 2 4 4 4.</_></rects><tilted>0</tilted></feature>
<threshold>1.5</threshold><left_val>0.</left_val><right_val>1.</right_val></_></_></trees>
<stage_threshold>0.5</stage_threshold><parent>-1</parent><next>-1</next></_></stages></square></opencv_storage>
END
dots() { # SIDE X Y SIZE…: squares on black
    awk -v n="$1" -v list="$2" 'BEGIN { m = split(list, v, " "); printf "P5\n%d %d\n126\n", n, n
        for (j = 0; j < n; j++) for (i = 0; i < n; i++) { b = 33
            for (k = 1; k < m; k += 3)
                if (i >= v[k] && i < v[k] + v[k + 2] && j >= v[k + 1] && j < v[k + 1] + v[k + 2]) b = 126
            printf "%c", b } }'
}
mkdir -p set/glad "set/so, so"
dots 40 "14 18 4" >set/glad/one.pgm
dots 40 "6 6 4 30 28 4" >"set/so, so/two.pgm"
dots 40 "" >set/glad/none.pgm
small=haar:cascade=square.xml,min_neighbors=0,max_size=8

expect 0 detect set --detector $small --labels
says 'no face in 1 of 3 pictures'
[ "$(sed -n 1p out)" = path,label,faces,face,score,x0,y0,x1,y1 ]
[ "$(wc -l <out)" -eq 4 ]
prints "^$(pwd -P)/set/glad/one.pgm,glad,1,0,[^,]*,12.00,16.00,20.00,24.00\$"
prints "^\"$(pwd -P)/set/so, so/two.pgm\",\"so, so\",2,1,"
expect 0 detect set --detector $small --largest --quiet
[ "$(wc -l <out)" -eq 3 ]
[ ! -s err ]
expect 0 detect set/glad --detector $small --json
prints '"image":"set/glad/none.pgm","faces":\[\]'
prints '"box":\[12.0,16.0,8.0,8.0\],"landmarks":\[\]'
expect 0 detect set/glad/none.pgm --detector $small       # an empty list is a list
[ "$(cat out)" = path,faces,face,score,x0,y0,x1,y1 ]
echo nothing >set/broken.png
expect 1 detect set --detector $small;                    says broken.png; prints one.pgm
says 'no face in 1 of 3 pictures'; says '1 of 4 pictures could not be used'; rm set/broken.png
expect 1 detect set --detector haar:cascade=absent.xml;   says opencv-data
expect 1 detect empty.pgm --detector $small;              says empty.pgm
expect 2 detect;                                          says 'which pictures'
expect 1 detect set --detector mtcnn:weights=absent.st;   says 'absent.st\|unknown detector'
if [ -f "$top_builddir/plugins/.libs/mtcnn.so" ]; then
    expect 1 detect set --detector mtcnn;                 says 'mtcnn needs weights (.*): write mtcnn:weights='
fi
expect 2 predict none.safetensors set --align;            says 'needs --detect'

# A face whose landmarks are five white dots, turned by a quarter and three times too large: after align they are where an
# upright face of 112 pixels has them, which are the published places.
awk 'BEGIN { n = 400; split("38.2946 51.6963 73.5318 51.5014 56.0252 71.7366 41.5493 92.3655 70.7299 92.2041", p, " ")
    printf "path,label" >"face.csv"
    for (k = 0; k < 5; k++) printf ",lx%d,ly%d", k, k >"face.csv"
    printf "\nface.pgm,glad" >"face.csv"
    for (k = 1; k < 10; k += 2) { x[k] = 370 - 3 * p[k + 1]; y[k] = 20 + 3 * p[k]; printf ",%.4f,%.4f", x[k], y[k] >"face.csv" }
    printf "\n" >"face.csv"
    printf "P5\n%d %d\n126\n", n, n >"face.pgm"
    for (j = 0; j < n; j++) for (i = 0; i < n; i++) { b = 33
        for (k = 1; k < 10; k += 2) if ((i + 0.5 - x[k]) ^ 2 + (j + 0.5 - y[k]) ^ 2 < 64) b = 126
        printf "%c", b >"face.pgm" } }'
expect 0 occlude face.csv --out aligned --reader 'manifest | align 112' --with 'patch size=1' --labels glad
cat aligned/manifest.csv >out
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
    NR == 2 { exit !(near("lx0", 38.2946) && near("ly0", 51.6963) && near("lx4", 70.7299) && near("ly4", 92.2041)) }
    function near(name, x) { d = $column[name] - x; return name in column && d * d < 0.0001 }' out || { cat out; exit 1; }
cat >no.fer <<'END'
fer 1
use data
labels "glad", "so, so"
data test -> image, label = folder "set" | align 112 | batch 1
END
expect 1 show no.fer data test --out sheet.png;           says 'no landmarks'
