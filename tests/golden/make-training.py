#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""training.safetensors: weights after each of five updates by PyTorch's optimizers, and PyTorch's learning rates.

usage: make-training.py [OUT]

One linear layer from 4 x 4 pixels of three channels to five classes, cross entropy, batches of 6, in double precision.
Initial weights, pictures and labels are those of common.py.  tests/unit-training.c reads it.
"""
import os
import sys

import torch
import torch.nn.functional as F
from torch.optim import SGD, Adam, AdamW, lr_scheduler
from safetensors.torch import save_file

from common import labels, pixels, weight

torch.set_default_dtype(torch.float64)
SIDE, CLASSES, BATCH, STEPS, EPOCHS = 4, 5, 6, 5, 30
tensors, metadata = {}, {}

# --- optimizers: what stands after `update t` ---
OPTIMIZERS = {
    "sgd": ("with sgd lr=0.5", lambda p: SGD(p, 0.5)),
    "momentum": ("with sgd lr=0.1 momentum=0.9 decay=0.01", lambda p: SGD(p, 0.1, 0.9, weight_decay=0.01)),
    "dampening": ("with sgd lr=0.1 momentum=0.9 dampening=0.5", lambda p: SGD(p, 0.1, 0.9, 0.5)),
    "nesterov": ("with sgd lr=0.1 momentum=0.8 nesterov=yes decay=5e-4",
                 lambda p: SGD(p, 0.1, 0.8, nesterov=True, weight_decay=5e-4)),
    "weights_only": ("with sgd lr=0.1 decay=0.1 decay_on=weights",
                     lambda p: SGD([{"params": p[:1], "weight_decay": 0.1}, {"params": p[1:]}], 0.1)),
    "clipped": ("clip=0.25 with sgd lr=0.5 momentum=0.5", lambda p: SGD(p, 0.5, 0.5)),
    "adam": ("with adam lr=0.01", lambda p: Adam(p, 0.01)),
    "adam_decay": ("with adam lr=0.01 beta1=0.8 beta2=0.99 eps=1e-6 decay=0.1",
                   lambda p: Adam(p, 0.01, (0.8, 0.99), 1e-6, 0.1)),
    "adamw": ("with adamw lr=0.02", lambda p: AdamW(p, 0.02)),
    "adamw_decay": ("with adamw lr=0.02 decay=0.3", lambda p: AdamW(p, 0.02, weight_decay=0.3)),
}
for name, (text, make) in OPTIMIZERS.items():
    w = torch.tensor(weight("op.weight", (CLASSES, 3 * SIDE * SIDE))).double().requires_grad_()
    b = torch.tensor(weight("op.bias", (CLASSES,))).double().requires_grad_()
    optimizer, losses, history = make([w, b]), [], []
    for step in range(STEPS):
        x = torch.tensor(pixels(step, BATCH * SIDE * SIDE * 3)).view(BATCH, SIDE, SIDE, 3).permute(0, 3, 1, 2) / 255.0
        loss = F.cross_entropy(F.linear(x.flatten(1), w, b), torch.tensor(labels(step, BATCH, CLASSES)))
        optimizer.zero_grad()
        loss.backward()
        if name == "clipped":
            torch.nn.utils.clip_grad_norm_([w, b], 0.25)
        optimizer.step()
        losses.append(loss.item())
        history.append(torch.cat([w.detach().flatten(), b.detach()]))
    metadata["optimizer." + name] = text
    tensors["optimizer.%s.loss" % name] = torch.tensor(losses).float()
    tensors["optimizer.%s.weights" % name] = torch.stack(history).float()

# --- schedules: rates at whole epochs for lr=1 ---
METRICS = [3, 2, 2.1, 2.05, 2.2, 1.99995, 1.5, 1.6, 1.6, 1.6, 1.6, 1.4, 1.45, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.2] + 9 * [1.3]
SCHEDULES = {
    "step": ("step every=7 gamma=0.3", lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
    "multistep": ("multistep at=[4, 5, 20] gamma=0.5", lambda o: lr_scheduler.MultiStepLR(o, [4, 5, 20], 0.5)),
    "cosine": ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
    "cosine_min": ("cosine min=0.1", lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, 0.1)),
    "exponential": ("exponential gamma=0.9", lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "warmup": ("warmup for=6 from=0.25", lambda o: lr_scheduler.LinearLR(o, 0.25, total_iters=6)),
    "plateau": ("plateau factor=0.5 patience=2", lambda o: lr_scheduler.ReduceLROnPlateau(o, "min", 0.5, 2)),
    "plateau_cooldown": ("plateau factor=0.5 patience=1 cooldown=2 min=0.2",
                         lambda o: lr_scheduler.ReduceLROnPlateau(o, "min", 0.5, 1, cooldown=2, min_lr=0.2)),
}
tensors["metrics"] = torch.tensor(METRICS).float()
for name, (text, make) in SCHEDULES.items():
    optimizer = SGD([torch.zeros(1, requires_grad=True)], 1.0)
    schedule, rates = make(optimizer), []
    for epoch in range(EPOCHS):
        optimizer.step()
        if name.startswith("plateau"):
            schedule.step(METRICS[epoch])  # the rate after this epoch's test
        rates.append(optimizer.param_groups[0]["lr"])
        if not name.startswith("plateau"):
            schedule.step()
    metadata["schedule." + name] = text
    tensors["schedule.%s.rate" % name] = torch.tensor(rates).float()

metadata["optimizers"], metadata["schedules"] = " ".join(OPTIMIZERS), " ".join(SCHEDULES)
out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "training.safetensors")
save_file(tensors, out, metadata)
print("%s: %d bytes" % (out, os.path.getsize(out)))
