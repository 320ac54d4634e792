#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fer compare on predictions that are made up, so that every number is known.
. "$top_srcdir/tests/expect.sh"

# STATUS ARGUMENTS…
compare() {
    wanted=$1
    shift
    expect "$wanted" compare "$@"
}
# The number of a key in the first object that has it.
number() {
    sed -n "s/.*\"$1\": \(-*[0-9.e-]*\).*/\1/p" out | head -n 1
}
near() {
    awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN { exit !(a - b <= d && b - a <= d) }' || fail "$1 instead of $2"
}
# FILE RIGHT…: 100 samples, of which those between two numbers are right; covered rises from 0 to 0.99.
answers() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        print "test,id,name,label,predicted,covered"
        for (i = 0; i < 100; i++) {
            label = i % 2 ? "happy" : "sad"
            printf "faces,%d,\"a, b/%d.png\",%s,%s,%g\n", i, i, label, (i < from || i >= to) ? "fear" : label, i / 100
        }
    }'
}

# A has 0 to 79 right, B 20 to 86: 20 are A's alone, 7 B's
answers 0 80 >a.csv
answers 20 87 >b.csv
compare 0 a.csv b.csv --json
near "$(number accuracy_a)" 0.8 1e-9
near "$(number accuracy_b)" 0.67 1e-9
near "$(number difference)" 0.13 1e-9
[ "$(number a_only)" -eq 20 ] && [ "$(number b_only)" -eq 7 ] && [ "$(number samples)" -eq 100 ]
# 2 (the sum of comb(27, k) for k = 0 … 7) / 2^27
grep -A 4 mcnemar out >rest && mv rest out
near "$(number p)" 0.0191572904586792 1e-8
# 13 ± 1.96 sqrt(27 - 100 * 0.13^2) / 100, within the resampling's own doubt
compare 0 a.csv b.csv --json
near "$(number low)" 0.0314 0.012
near "$(number high)" 0.2286 0.012
cp out first
compare 0 a.csv b.csv --json
cmp first out
compare 0 b.csv a.csv
grep -q '^faces  0.6700 - 0.8000 = -0.1300 .* \*  p .*McNemar 7:20 p 0.0192  (100)$' out || fail "the line"

# bins: from 0 to 0.2 only A is right, from 0.2 to 0.5, the edge with it, both are
compare 0 a.csv b.csv --by covered=0,0.2,0.5
grep -q '^  covered 0-0.2  1.0000 - 0.0000 = +1.0000 .*(20)$' out || fail "the first bin"
grep -q '^  covered 0.2-0.5  1.0000 - 1.0000 = +0.0000 .*(31)$' out || fail "the second bin"
# what fer eval writes of 0.7 is on the edge, where its own metric has it
sed 's/,0\.7$/,0.699999988/' a.csv >c.csv
sed 's/,0\.7$/,0.699999988/' b.csv >d.csv
compare 0 c.csv d.csv --by covered=0,0.7,1
grep -q '^  covered 0-0.7 .*(70)$' out || fail "below the edge"
grep -q '^  covered 0.7-1 .*(30)$' out || fail "on the edge"

# several of one side are averaged: A and B together against B: half of 20 alone, less half of 7
compare 0 a.csv b.csv --against b.csv --json
near "$(number difference)" 0.065 1e-9
if grep -q mcnemar out; then fail "McNemar is for one against one"; fi
# 3/5, -1/5, -1/5 and -1/5: 27 of 64 resamples have a mean of exactly 0, and with them more than half lie on either side
for file in 1 2 3 4 5; do
    awk -v file=$file 'BEGIN {
        print "test,id,name,label,predicted"
        for (i = 0; i < 4; i++)
            printf "faces,%d,%d.png,sad,%s\n", i, i, (i ? file != i : file < 4) ? "sad" : "fear"
    }' >one$file.csv
done
printf 'test,id,name,label,predicted\nfaces,0,0.png,sad,fear\n' >other.csv
for i in 1 2 3; do echo faces,$i,$i.png,sad,sad >>other.csv; done
compare 0 one1.csv one2.csv one3.csv one4.csv one5.csv --against other.csv --json
near "$(number difference)" 0 1e-12
near "$(number p)" 1 1e-12

# other samples, and what is none
grep -v ',9[0-9],' a.csv >less.csv
compare 0 less.csv b.csv
grep -q 'test faces: 0 samples are only in the first, 10 only in the second' err || fail "no word of what is missing"
sed 's/faces/others/' a.csv >other.csv
compare 1 other.csv b.csv;   grep -q 'no sample is in both' err || fail "other tests"
sed 's/sad,sad/angry,sad/' a.csv >labels.csv
compare 1 labels.csv b.csv;  grep -q 'not the same data' err || fail "other labels"
sed 's/7\.png/8.png/' a.csv >names.csv
compare 1 names.csv b.csv;   grep -q 'not the same data' err || fail "other names"
cut -d, -f 1,2 a.csv >columns.csv
compare 1 columns.csv b.csv; grep -q "has no column 'name'" err || fail "no columns"
{ cat a.csv; tail -n 1 a.csv; } >twice.csv
compare 1 twice.csv b.csv;   grep -q 'is there twice' err || fail "twice"
for id in x 7x 9223372036854775808 ''; do
    sed "s/^faces,7,/faces,$id,/" a.csv >ids.csv
    compare 1 ids.csv b.csv; grep -q "the id '$id' of a sample of test faces is no whole number" err || fail "id '$id'"
done
compare 0 a.csv b.csv --json; cp out plain
{ printf '\357\273\277'; cat a.csv; } >marked.csv # as spreadsheets write it
compare 0 marked.csv b.csv --json; cmp out plain
compare 1 a.csv nothing.csv
compare 1 a.csv b.csv --by area=0,1; grep -q "has no column 'area'" err || fail "no such column"
compare 1 a.csv b.csv --by covered=1,0
compare 2 a.csv b.csv --by covered
compare 2 a.csv
compare 2 a.csv b.csv a.csv
