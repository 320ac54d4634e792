#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the plain networks with torchvision's: the same weights, the same pictures, the same logits.

    tests/golden/torchvision_nets.py FER [NET…]

FER is the command.  Needs Debian's python3-torch, python3-torchvision and python3-safetensors.  Weights are
torchvision's at their random start, loaded into fer by their names, so a missing or misnamed weight is an error."""
import os
import subprocess
import sys
import tempfile

import torch
import torchvision
from safetensors.torch import load_file, save_file

models = torchvision.models
NETS = {  # name: plugin, call, torchvision's, side of the picture
    "resnet18": ("resnet", "resnet depth=18", models.resnet18, 64),
    "resnext50": ("resnext", "resnext depth=50", models.resnext50_32x4d, 64),
    "vgg16_bn": ("vgg", "vgg depth=16 bn=yes hidden=64", models.vgg16_bn, 64),
    "vgg11": ("vgg", "vgg depth=11 hidden=64", models.vgg11, 32),
    "alexnet": ("alexnet", "alexnet", models.alexnet, 96),
    "mobilenet_v2": ("mobilenet_v2", "mobilenet_v2", models.mobilenet_v2, 64),
}


def narrow(net):
    """A VGG with 64 hidden features, so that its weights stay small."""
    if isinstance(net, torchvision.models.VGG):
        net.classifier[0] = torch.nn.Linear(512 * 7 * 7, 64)
        net.classifier[3] = torch.nn.Linear(64, 64)
        net.classifier[6] = torch.nn.Linear(64, 1000)
    return net


def disturb(net):
    """Running statistics and scales away from 0 and 1, so that exchanging two of them shows."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.25)
            with torch.no_grad():
                module.weight.uniform_(0.8, 1.25)
                module.bias.uniform_(-0.1, 0.1)


def compare(fer, name, folder):
    plugin, call, make, side = NETS[name]
    torch.manual_seed(0)
    net = narrow(make()).eval()
    disturb(net)
    x = torch.rand(2, 3, side, side)
    with torch.no_grad():
        want = net(x)
    weights = {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    path = {k: os.path.join(folder, k) for k in ("net.fer", "weights", "in", "out")}
    with open(path["net.fer"], "w", encoding="utf-8") as file:
        file.write(f"fer 1\nuse {plugin}\nnet m = {call}\n"
                   f"predict p(image: f32[3,{side},{side}]) -> y {{ y = image | m }}\n")
    save_file({k: v.contiguous() for k, v in weights.items()}, path["weights"])
    save_file({"image": x}, path["in"])
    subprocess.run([fer, "run", path["net.fer"], "m", "--weights", path["weights"], "--in", path["in"], "--out",
                    path["out"]], check=True)
    (ours,) = load_file(path["out"]).values()
    error = ((ours - want).norm() / want.norm()).item()
    print(f"{name}: {sum(p.numel() for p in net.parameters())} parameters, relative difference {error:.2e}")
    return error < 1e-4


def main():
    with tempfile.TemporaryDirectory() as folder:
        good = [compare(sys.argv[1], name, folder) for name in sys.argv[2:] or NETS]
    sys.exit(0 if all(good) else 1)


main()
