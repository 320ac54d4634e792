#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""layers.safetensors: what PyTorch makes of every layer and loss, with all gradients.

usage: make-layers.py [OUT]      (Debian's python3-torch; the safetensors package)

Computed in double precision, stored in single.  The metadata lists the cases, and for each the flow in the language of
models, what its inputs and outputs are called, and whether it is in training mode.  tests/unit-golden.c reads it.
"""
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)
tensors, metadata, names = {}, {}, []


def rounded(t):
    """The nearest doubles that are floats, so that both sides start from the same numbers."""
    return t.float().double()


def draw(*shape):
    return rounded(torch.rand(*shape) * 2 - 1)


def case(name, flow, inputs, function, weights=None, training=True):
    """flow: the body of a net with inputs a, b, …; function(inputs, weights) returns a list of outputs.
    weights: path -> tensor; a function that also returns a dict says what became of statistics."""
    weights = weights or {}
    inputs = [rounded(t) if t.is_floating_point() else t for t in inputs]
    leaves = [t.clone().requires_grad_(t.is_floating_point()) for t in inputs]
    held = {k: rounded(t).clone().requires_grad_("running" not in k) for k, t in weights.items()}
    result = function(leaves, held)
    outputs, moved = result if isinstance(result, tuple) else (result, {})
    grads = [draw(*y.shape) if y.dim() else rounded(torch.rand(())) for y in outputs]
    sum((y * g).sum() for y, g in zip(outputs, grads)).backward()
    names.append(name)
    metadata[name] = flow
    metadata[name + ".ports"] = "%d %d %d" % (len(inputs), len(outputs), training)
    metadata[name + ".weights"] = " ".join(weights)

    def put(key, t):
        t = t.detach()
        t = t.reshape(1) if t.dim() == 0 else t
        tensors["%s.%s" % (name, key)] = (t.float() if t.is_floating_point() else t.int()).clone().contiguous()

    for i, t in enumerate(inputs):
        put("in.%d" % i, t)
        if leaves[i].grad is not None:
            put("grad_in.%d" % i, leaves[i].grad)
    for i, y in enumerate(outputs):
        put("out.%d" % i, y)
        put("grad_out.%d" % i, grads[i])
    for k, t in held.items():
        put("weight." + k, t)
        if t.grad is not None:
            put("grad_weight." + k, t.grad)
        if k in moved:
            put("moved." + k, moved[k])


def module(name, flow, inputs, layer, prefix="op", training=True):
    """A torch.nn module whose parameters and buffers have our names."""
    with torch.no_grad():
        for key, p in layer.state_dict().items():
            if p.is_floating_point():
                p.copy_(rounded(torch.rand_like(p) + 0.5) if "running_var" in key else draw(*p.shape))
    layer.train(training)
    state = {"%s.%s" % (prefix, k): v.clone() for k, v in layer.state_dict().items() if v.is_floating_point()}

    def run(x, w):
        own = {k[len(prefix) + 1:]: v for k, v in w.items()}
        moving = {k: v.clone() for k, v in own.items() if "running" in k}
        own.update(moving)
        y = torch.nn.utils.stateless.functional_call(layer, own, tuple(x))
        return [y], {"%s.%s" % (prefix, k): v for k, v in moving.items()}

    case(name, flow, inputs, run, state, training)


def plain(name, flow, inputs, function, training=True):
    case(name, flow, inputs, lambda x, w: [function(*x)], None, training)


def loss(name, call, inputs, per_sample, mean=None):
    """per_sample(…) gives [N]; mean(…) the scalar, by default its mean."""
    def run(x, w):
        each = per_sample(*x)
        return [mean(*x) if mean else each.mean(), each]
    flow = "y, z = %s | %s" % (", ".join("abcd"[:len(inputs)]), call)
    case(name, flow, inputs, run)


def rows(t):
    return t.flatten(1).mean(1)


# --- layers with weights ---
module("conv2d", "y = a | op: conv2d 20 kernel=3 pad=1", [draw(2, 17, 9, 11)], nn.Conv2d(17, 20, 3, padding=1))
module("conv2d_stem", "y = a | op: conv2d 18 kernel=7 stride=2 pad=3 bias=no", [draw(2, 3, 21, 18)],
       nn.Conv2d(3, 18, 7, 2, 3, bias=False))
module("conv2d_stride", "y = a | op: conv2d 9 kernel=3 stride=2 pad=1", [draw(3, 16, 8, 7)], nn.Conv2d(16, 9, 3, 2, 1))
module("conv2d_groups", "y = a | op: conv2d 12 kernel=3 groups=3 dilation=2 pad=2", [draw(2, 6, 7, 8)],
       nn.Conv2d(6, 12, 3, groups=3, dilation=2, padding=2))
module("conv2d_depthwise", "y = a | op: conv2d 18 kernel=5 stride=2 pad=2 groups=depthwise bias=no", [draw(2, 18, 9, 8)],
       nn.Conv2d(18, 18, 5, 2, 2, groups=18, bias=False))
module("conv2d_1x1", "y = a | op: conv2d 33 kernel=1", [draw(2, 16, 5, 6)], nn.Conv2d(16, 33, 1))
module("deconv2d", "y = a | op: deconv2d 9 kernel=4 stride=2 pad=1", [draw(2, 17, 5, 4)],
       nn.ConvTranspose2d(17, 9, 4, 2, 1))
module("deconv2d_groups", "y = a | op: deconv2d 6 kernel=3 stride=3 output_pad=2 groups=2 dilation=2", [draw(2, 4, 3, 5)],
       nn.ConvTranspose2d(4, 6, 3, 3, output_padding=2, groups=2, dilation=2))
module("linear", "y = a | op: linear 19", [draw(5, 33)], nn.Linear(33, 19))
module("prelu", "y = a | op: prelu", [draw(2, 5, 3, 4)], nn.PReLU())
module("prelu_channels", "y = a | op: prelu slopes=channels", [draw(2, 18, 3, 4)], nn.PReLU(18))
module("batchnorm", "y = a | op: batchnorm", [draw(4, 18, 5, 3)], nn.BatchNorm2d(18))
module("batchnorm_rows", "y = a | op: batchnorm eps=1e-3 momentum=0.25", [draw(6, 7)], nn.BatchNorm1d(7, 1e-3, 0.25))
module("batchnorm_eval", "y = a | op: batchnorm", [draw(2, 18, 5, 3)], nn.BatchNorm2d(18), training=False)
module("groupnorm", "y = a | op: groupnorm 3", [draw(2, 18, 5, 3)], nn.GroupNorm(3, 18))

# --- layers without ---
x, y = draw(2, 18, 5, 6), draw(2, 18, 5, 6)
plain("relu", "y = a | relu", [x], F.relu)
plain("leaky_relu", "y = a | leaky_relu 0.1", [x], lambda t: F.leaky_relu(t, 0.1))
plain("sigmoid", "y = a | sigmoid", [x], torch.sigmoid)
plain("tanh", "y = a | tanh", [x], torch.tanh)
plain("softmax", "y = a | softmax", [x], lambda t: t.softmax(1))
plain("l2_normalize", "y = a | l2_normalize", [x], lambda t: F.normalize(t))
plain("normalize", "y = a | normalize mean=[0.485, 0.456, 0.406] std=[0.229, 0.224, 0.225]", [draw(2, 3, 4, 5)],
      lambda t: (t - torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)) /
      torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
plain("dropout_eval", "y = a | dropout 0.3", [x], lambda t: F.dropout(t, 0.3, False), training=False)
plain("add", "y = a, b | add", [x, y], torch.add)
plain("sub", "y = a, b | sub", [x, y], torch.sub)
plain("mul", "y = a, b | mul", [x, y], torch.mul)
plain("mul_gate", "y = a, b | mul", [x, draw(2, 18, 1, 1)], torch.mul)
plain("add_map", "y = a, b | add", [x, draw(2, 1, 5, 6)], torch.add)
plain("scale", "y = a | scale 3 shift=-1", [x], lambda t: 3 * t - 1)
plain("matmul", "y = a, b | matmul transpose_b=yes", [draw(2, 7, 9), draw(2, 5, 9)], lambda s, t: s @ t.transpose(1, 2))
plain("concat", "y = a, b | concat", [x, draw(2, 5, 5, 6)], lambda s, t: torch.cat([s, t], 1))
plain("slice", "y = a | slice 3 to=17", [x], lambda t: t[:, 3:17])
plain("slice_rows", "y = a | slice 1 to=-1 axis=2", [x], lambda t: t[:, :, 1:-1])
plain("reshape", "y = a | reshape [9, -1]", [x], lambda t: t.reshape(2, 9, -1))
plain("flatten", "y = a | flatten", [x], lambda t: t.flatten(1))
plain("gather", "y = a | gather [5, 2, 2, 17]", [x], lambda t: t[:, [5, 2, 2, 17]])
plain("channel_shuffle", "y = a | channel_shuffle 6", [x], lambda t: t.view(2, 6, 3, 5, 6).transpose(1, 2).reshape(t.shape))
plain("detach", "d = a | detach\ny = a, d | mul", [x], lambda t: t * t.detach())
plain("pad", "y = a | pad [1, 2, 3, 0] value=-0.5", [x], lambda t: F.pad(t, (1, 2, 3, 0), value=-0.5))
plain("maxpool", "y = a | maxpool 3 stride=2 pad=1", [x], lambda t: F.max_pool2d(t, 3, 2, 1))
plain("maxpool_ceil", "y = a | maxpool 2 ceil=yes", [x], lambda t: F.max_pool2d(t, 2, ceil_mode=True))
plain("avgpool", "y = a | avgpool 3 stride=2 pad=1", [x], lambda t: F.avg_pool2d(t, 3, 2, 1))
plain("avgpool_ceil", "y = a | avgpool 3 stride=2 pad=1 ceil=yes", [draw(2, 5, 6, 8)],
      lambda t: F.avg_pool2d(t, 3, 2, 1, ceil_mode=True))
plain("avgpool_inside", "y = a | avgpool 3 stride=2 pad=1 include_pad=no", [x],
      lambda t: F.avg_pool2d(t, 3, 2, 1, count_include_pad=False))
plain("avgpool_global", "y = a | avgpool global", [x], lambda t: t.mean((2, 3)))
plain("avgpool_adaptive", "y = a | avgpool adaptive=4", [draw(2, 18, 7, 9)], lambda t: F.adaptive_avg_pool2d(t, 4))
plain("upsample", "y = a | upsample 2", [x], lambda t: F.interpolate(t, scale_factor=2))
plain("upsample_bilinear", "y = a | upsample 2 mode=bilinear", [x],
      lambda t: F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=False))
plain("upsample_corners", "y = a | upsample size=[9, 7] mode=bilinear align_corners=yes", [x],
      lambda t: F.interpolate(t, size=(9, 7), mode="bilinear", align_corners=True))
plain("upsample_fraction", "y = a | upsample 1.5 mode=bilinear", [x],
      lambda t: F.interpolate(t, scale_factor=1.5, mode="bilinear", align_corners=False))
plain("resize", "y = a | resize [3, 4]", [x], lambda t: F.interpolate(t, size=(3, 4), mode="bilinear", align_corners=False))
plain("resize_area", "y = a | resize [3, 4] mode=area", [x], lambda t: F.interpolate(t, size=(3, 4), mode="area"))
plain("resize_nearest", "y = a | resize [7, 4] mode=nearest", [x], lambda t: F.interpolate(t, size=(7, 4)))
plain("resize_like", "y = a, b | resize_like", [x, draw(2, 3, 4, 9)],
      lambda s, t: F.interpolate(s, size=(4, 9), mode="bilinear", align_corners=False) + 0 * t.sum())
plain("reduce_sum", "y = a | reduce sum", [x], lambda t: t.sum((2, 3)))
plain("reduce_mean", "y = a | reduce mean axes=[1] keep=yes", [x], lambda t: t.mean(1, keepdim=True))
plain("reduce_max", "y = a | reduce max axes=[2, 3]", [x], lambda t: t.amax((2, 3)))

# --- losses: the mean and the losses of samples, both with gradients ---
logits, label = draw(6, 7), torch.tensor([0, 6, 3, 3, 1, 5])
weight = torch.tensor([1, 0.5, 2, 1.5, 1, 0.25, 3])
soft = torch.rand(6, 7).softmax(1)
loss("cross_entropy", "cross_entropy", [logits, label], lambda s, t: F.cross_entropy(s, t, reduction="none"))
loss("cross_entropy_weight", "cross_entropy weight=[1, 0.5, 2, 1.5, 1, 0.25, 3]", [logits, label],
     lambda s, t: F.cross_entropy(s, t, weight, reduction="none"), lambda s, t: F.cross_entropy(s, t, weight))
loss("cross_entropy_smooth", "cross_entropy weight=[1, 0.5, 2, 1.5, 1, 0.25, 3] label_smoothing=0.1", [logits, label],
     lambda s, t: F.cross_entropy(s, t, weight, reduction="none", label_smoothing=0.1),
     lambda s, t: F.cross_entropy(s, t, weight, label_smoothing=0.1))
ignored = torch.tensor([0, -1, 3, 3, -1, 5])
loss("cross_entropy_ignored", "cross_entropy", [logits, ignored],
     lambda s, t: F.cross_entropy(s, t, reduction="none", ignore_index=-1),
     lambda s, t: F.cross_entropy(s, t, ignore_index=-1))
loss("cross_entropy_soft", "cross_entropy label_smoothing=0.2", [logits, soft],
     lambda s, t: F.cross_entropy(s, t, reduction="none", label_smoothing=0.2))
p, t = torch.rand(5, 3, 2, 2) * 0.9 + 0.05, torch.rand(5, 3, 2, 2)
loss("bce", "bce", [p, t], lambda s, t: rows(F.binary_cross_entropy(s, t, reduction="none")))
loss("bce_logits", "bce logits=yes", [draw(5, 12), torch.rand(5, 12)],
     lambda s, t: rows(F.binary_cross_entropy_with_logits(s, t, reduction="none")))
loss("mse", "mse", [draw(5, 12), draw(5, 12)], lambda s, t: rows((s - t) ** 2))
loss("l1", "l1", [draw(5, 12), draw(5, 12)], lambda s, t: rows((s - t).abs()))


def contrastive(a, b, same, margin=1.5):
    d = (F.normalize(a) - F.normalize(b)).pow(2).sum(1)
    return same * d / 2 + (1 - same) * (margin - d).clamp(min=0) / 2


def nt_xent(a, b, temperature=0.5):
    z = F.normalize(torch.cat([a, b]))
    s = (z @ z.T / temperature).masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(a)
    each = F.cross_entropy(s, torch.cat([torch.arange(n) + n, torch.arange(n)]), reduction="none")
    return (each[:n] + each[n:]) / 2


loss("contrastive", "contrastive margin=1.5", [draw(6, 9), draw(6, 9), torch.tensor([1., 0, 1, 0, 0, 1])], contrastive)
loss("nt_xent", "nt_xent", [draw(5, 9), draw(5, 9)], nt_xent)

metadata["cases"] = " ".join(names)
out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.safetensors")
save_file(tensors, out, metadata)
print("%s: %d cases, %d bytes" % (out, len(names), os.path.getsize(out)))
