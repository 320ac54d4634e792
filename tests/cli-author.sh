#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an author of a plugin is told: mistakes in a layer are refused with a sentence that names them, and fer check and
# fer grad see what no flow uses.
. "$srcdir/tests/expect.sh"

mkdir plugins
cp "$top_builddir/tests/broken/clumsy.so" plugins/
FER_PLUGIN_PATH=$work/plugins:$FER_PLUGIN_PATH
export FER_PLUGIN_PATH

# MISTAKE: a net that makes it.
model() {
    printf 'fer 1\nuse clumsy\nnet twice(x: f32[3,5]) -> y { y = x | clumsy mistake=%s | clumsy mistake=%s }\n' "$1" "$1" >net.fer
}

model none
expect 0 check net.fer
prints '^net twice: 2 parameters in 2 tensors$'
expect 0 grad net.fer twice

model shape
expect 1 check net.fer
says "the shape function of 'clumsy' failed (shape mismatch) without a sentence; fer_fail gives one"
model forward
refused 1 "net.fer:3:39: the forward function of 'clumsy' failed (invalid argument) without a sentence" grad net.fer twice
model name
expect 1 grad net.fer twice
says "FER_TYPE_x is there for tensors that the launch passes; these are: input, w, y"
model index
refused 1 'kernel forward: no tensor for argument w: its index is out of range' grad net.fer twice
model saved
refused 1 'twice.clumsy.1 (clumsy, backward): kernel backward_input reads w (twice.clumsy.1) before any' grad net.fer twice
model input
refused 1 'net.fer:3:.*: twice.clumsy.1 (clumsy): its backward function writes no gradient of input 0' grad net.fer twice
model weight
refused 1 'writes no gradient of weight 0, twice.clumsy.1.weight' grad net.fer twice

printf 'fer 1\nuse clumsy\nnet l(x: f32[3]) -> y { y = x | cost }\n' >net.fer
expect 1 check net.fer
says 'cost: it is a loss: its output 0 must be f32.1.'

# Labels: whole numbers below the classes that the loss knows, one a sample.
cat >net.fer <<'END'
fer 1
use loss, vision
net l(x: f32[5], label: i32[]) -> y { y = x, label | cross_entropy }
net open(x) -> y { y = x | relu }
net dead(x: f32[5]) -> y { y = x | scale 0 }
END
expect 0 check net.fer
prints '^net l: 0 parameters'
prints '^net open: not checked: nothing uses it, and its inputs have no shapes$'
expect 0 grad net.fer l --batch=9
expect 0 grad net.fer dead
prints 'says nothing$'
refused 1 'or for labels x: i32\[\]' grad net.fer open
expect 0 fmt net.fer
prints '^net l(x: f32\[5\], label: i32\[\]) -> y'

# A net that no flow uses is checked to its last shape.
printf 'fer 1\nuse vision\nnet a(x: f32[3,5,5]) -> y { y = x | conv2d 4 kernel=9 }\n' >net.fer
expect 1 check net.fer
says 'net.fer:3:46: error: conv2d: a kernel of 9 pixels does not fit'

printf 'fer 1\npredict p(x: f32[]) -> y { y = x }\n' >net.fer
expect 1 check net.fer
says 'an input of predict has an extent'

FER_PLUGIN_PATH=$work/nowhere:$FER_PLUGIN_PATH expect 0 plugins
prints "^folder $work/nowhere of FER_PLUGIN_PATH is not read: No such file or directory"
