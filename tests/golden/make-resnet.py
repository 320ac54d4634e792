#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""resnet.safetensors: logits, gradients and twenty losses of torchvision's ResNet-18 and ResNet-50.

usage: make-resnet.py [OUT]      (Debian's python3-torch and python3-torchvision; some minutes)

Pictures of 64 x 64, seven classes, initial weights from common.py, but those of the last normalisation of each residual branch
are a quarter of them: as branches that add less (Goyal et al. 2017 begin with 0) keep rounding from growing with depth; else
PyTorch's own single and double precision part within a few steps.  Logits and gradients of a pair of pictures in double
precision, with running (eval) and with batch statistics (train).  A relu that rounding turns the other way is a percent of a
gradient of ResNet-50, so the pairs are those where none does: with running statistics the one of ten whose relus come least
close to zero (2e-6 of their root mean square), with batch statistics three of the five, of twenty-four, in which
PyTorch's single precision is 3e-5 from its double in every gradient (1e-2 in most).  The runs of twenty steps of SGD (rate 0.001, momentum 0.9,
decay 5e-4, batch 4, each step on pictures of its own) in single precision, as people train.  A gradient is kept as its norm, SKETCH sums with random
signs, whose differences estimate the distance of gradients, and its first elements.  tests/unit-resnet.c reads it.
"""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file

from common import hashed, labels, pixels, weight

SIDE, CLASSES, BATCH, STEPS, RATE, SKETCH, FIRST = 64, 7, 4, 20, 0.001, 16, 16
PAIRS = {"eval": [8], "train": [15, 20, 9]}
tensors = {}


def batch(step, count, dtype):
    x = torch.tensor(pixels(step, count * SIDE * SIDE * 3)).view(count, SIDE, SIDE, 3).permute(0, 3, 1, 2)
    return x.to(dtype) / 255, torch.tensor(labels(step, count, CLASSES))


def network(depth, dtype):
    net = getattr(torchvision.models, "resnet%d" % depth)(num_classes=CLASSES)
    state = {k: torch.tensor(weight(k, tuple(v.shape))) if v.is_floating_point() else v
             for k, v in net.state_dict().items()}
    for k in state:
        if k.endswith("bn2.weight" if depth < 50 else "bn3.weight"):
            state[k] *= 0.25
    net.load_state_dict(state)
    return net.to(dtype)


def sketch(g):
    """Element i has the sign of bit j of number i in sum j."""
    bits = hashed(0, g.size)
    return np.array([np.where((bits >> np.uint64(j)) & np.uint64(1), g, -g).sum() for j in range(SKETCH)])


def run(depth):
    """The losses of STEPS steps, each on pictures of its own."""
    net, losses = network(depth, torch.float32).train(), []
    optimizer = torch.optim.SGD(net.parameters(), RATE, 0.9, weight_decay=5e-4)
    for step in range(STEPS):
        x, y = batch(step, BATCH, torch.float32)
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def differentiate(depth, mode, pair):
    net = network(depth, torch.float64).train(mode == "train")
    x, y = batch(pair, 2, torch.float64)
    x.requires_grad_()
    logits = net(x)
    F.cross_entropy(logits, y).backward()
    tensors["%d.%s%d.logits" % (depth, mode, pair)] = logits.detach().float()
    for name, p in list(net.named_parameters()) + [("image", x)]:
        g = p.grad.detach().numpy().ravel()
        first = np.zeros(FIRST)
        first[:min(FIRST, g.size)] = g[:FIRST]
        row = np.concatenate([[np.sqrt((g * g).sum())], sketch(g), first])
        tensors["%d.%s%d.gradient.%s" % (depth, mode, pair, name)] = torch.tensor(row).float()


for depth in (18, 50):
    for mode, pairs in PAIRS.items():
        for pair in pairs:
            differentiate(depth, mode, pair)
    losses = run(depth)
    tensors["%d.losses" % depth] = torch.tensor(losses)
    print(depth, ["%.4f" % v for v in losses])

out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "resnet.safetensors")
save_file(tensors, out)
print("%s: %d bytes" % (out, os.path.getsize(out)))
