#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The modules of the published systems, written again in PyTorch from the papers' equations, and what they compute.

    tests/systems/blocks.py --write        # NAME.fer and NAME.safetensors beside this script

Each file holds a net's weights, its inputs, gradients of its outputs (grad.…), and what PyTorch makes of them: outputs and
gradients, their names beginning with "want.".  tests/systems-golden.sh runs fer on them.  Needs Debian's python3-torch,
python3-torchvision and python3-safetensors."""
import os
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock
from torchvision.ops import SqueezeExcitation

HERE = os.path.dirname(os.path.abspath(__file__))


class Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


# ---- FFRA-Net (Chen, Liu, Zhao, Ji 2023) ----

class ShuffleAttention(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.groups = groups
        half = channels // groups // 2
        self.cweight = nn.Parameter(torch.randn(half))
        self.cbias = nn.Parameter(torch.randn(half))
        self.sweight = nn.Parameter(torch.randn(half))
        self.sbias = nn.Parameter(torch.randn(half))

    def forward(self, x):
        n, c, h, w = x.shape
        whole, pixels = x.view(n * self.groups, c // self.groups, h, w).chunk(2, dim=1)
        column = lambda v: v.view(1, -1, 1, 1)
        whole = whole * torch.sigmoid(column(self.cweight) * whole.mean((2, 3), keepdim=True) + column(self.cbias))
        normal = F.group_norm(pixels, pixels.shape[1])
        pixels = pixels * torch.sigmoid(column(self.sweight) * normal + column(self.sbias))
        y = torch.cat([whole, pixels], 1).view(n, c, h, w)
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class MultiScale(nn.Module):
    """Eq. 1."""

    def __init__(self, channels, groups):
        super().__init__()
        for i in range(groups):
            self.add_module(str(i), Unit(channels // groups, channels // groups))

    def forward(self, x):
        parts = x.chunk(len(self._modules), 1)
        out = []
        for i, part in enumerate(parts):
            out.append(self._modules[str(i)](part + out[-1] if out else part))
        return torch.cat(out, 1)


class LocalAttention(nn.Module):
    """Eq. 4, four quadrants."""

    def __init__(self, channels, sa_groups):
        super().__init__()
        self.conv = Unit(channels, channels)
        for i in range(4):
            part = nn.Module()
            part.conv = Unit(channels, channels)
            part.sa = ShuffleAttention(channels, sa_groups)
            self.add_module(str(i), part)

    def forward(self, x):
        h = self.conv(x)
        rows, columns = h.shape[2], h.shape[3]
        h = F.pad(h, (0, columns % 2, 0, rows % 2))
        top, bottom = h.chunk(2, 2)
        parts, z = [*top.chunk(2, 3), *bottom.chunk(2, 3)], []
        for i, part in enumerate(parts):
            module = self._modules[str(i)]
            z.append(module.sa(module.conv(part + z[-1] if z else part)))
        y = torch.cat([torch.cat(z[:2], 3), torch.cat(z[2:], 3)], 2)
        return y[:, :, :rows, :columns]


class Fusion(nn.Module):
    """Eq. 5, and by concatenation."""

    def __init__(self, channels, concat):
        super().__init__()
        self.concat = concat
        self.add_module("global", MultiScale(channels, 4))
        self.local = LocalAttention(channels, 2)
        if concat:
            self.join = nn.Conv2d(2 * channels, channels, 1, bias=False)
            self.join_bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        scales, local = self._modules["global"](x), self.local(x)
        if self.concat:
            return self.join_bn(self.join(torch.cat([local, scales], 1))) + x
        return 0.6 * local + 0.4 * scales + x


# ---- Double channel (Tang, Xiang, Wei 2021) ----

class Adaptive(nn.Module):
    def __init__(self, inputs, channels, out, product="spatial", soft=False):
        super().__init__()
        self.a1, self.a2 = Unit(inputs, channels, 1), Unit(channels, channels, 5)
        self.b1, self.b2 = Unit(inputs, channels, 1), Unit(channels, channels, 3)
        self.join = Unit(channels, out, 1)
        self.o1, self.o2 = Unit(inputs, channels, 1), nn.Conv2d(channels, 1, 3, padding=1)
        self.product, self.soft = product, soft

    def forward(self, x):
        x = F.interpolate(x, (7, 7), mode="bilinear", align_corners=False)
        a, b = self.a2(self.a1(x)), self.b2(self.b1(x))
        if self.product == "spatial":
            f = torch.matmul(a.transpose(2, 3), b)          # eq. 2
        else:
            u, v = a.flatten(2), b.flatten(2)
            f = torch.matmul(torch.matmul(u, v.transpose(1, 2)) / u.shape[2], v).view_as(a)
        f = self.join(f)
        pool = lambda t: F.max_pool2d(t, 3, stride=1, padding=1)
        p = torch.sigmoid(pool(pool(self.o2(self.o1(x)))))  # eq. 3
        if self.training:
            m = 1 - p
        else:
            m = torch.where(p < 0.5, torch.ones_like(p), 1 - p if self.soft else torch.zeros_like(p))  # eq. 4
        return m * f + f, p                                  # eq. 6


# ---- Privileged information (Pan, Wang, Xia 2019) ----

class Losses(nn.Module):
    """softmax_mse, loss_inequality, gan_discriminator, gan_generator."""

    def forward(self, a, b, label, real, fake):
        mse = (a.softmax(1) - b.softmax(1)).pow(2).sum(1).mean()
        each = lambda logits: F.cross_entropy(logits, label, reduction="none")
        inequality = F.relu(each(b) - each(a)).mean()
        ones = torch.ones_like(real)
        adversary = F.binary_cross_entropy_with_logits
        return mse, inequality, adversary(real, ones) + adversary(fake, 0 * ones), adversary(fake, ones)


class Decoder(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.deconv1 = nn.ConvTranspose2d(inputs, 6, 4, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.deconv2 = nn.ConvTranspose2d(6, 3, 4, stride=2, padding=1)

    def forward(self, h, like):
        picture = torch.sigmoid(self.deconv2(F.relu(self.bn1(self.deconv1(h)))))
        return F.interpolate(picture, like.shape[2:], mode="bilinear", align_corners=False)


class Critic(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, 6, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(8)
        self.conv3 = nn.Conv2d(8, 1, 3, stride=2, padding=1)

    def forward(self, h):
        h = F.leaky_relu(self.conv1(h), 0.2)
        return self.conv3(F.leaky_relu(self.bn2(self.conv2(h)), 0.2))


# ---- SE-ResNet (Hu, Shen, Sun 2018), of which the first stage ----

class Squeezed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(*(BasicBlock(8, 8) for _ in range(2)))
        for block in self.layer1:
            block.se = SqueezeExcitation(8, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for b in self.layer1:
            x = F.relu(b.se(b.bn2(b.conv2(F.relu(b.bn1(b.conv1(x)))))) + x)
        return x


# ---- Path selection (Ruan, Han, Sun, Chen, Li 2022) ----

class Spatial(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.Module()
        self.attention.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.attention.bn = nn.BatchNorm2d(1)

    def forward(self, x):
        gate = torch.cat([x.max(1, keepdim=True).values, x.mean(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.attention.bn(self.attention.conv(gate)))


class Choose(nn.Module):
    """Groups {0, 2}, {1, 3, 4}: the likeliest, and all by their probability."""

    def forward(self, b, x, y):
        join = lambda w: torch.stack([w[:, 0] * x[:, 0], w[:, 1] * y[:, 0], w[:, 0] * x[:, 1], w[:, 1] * y[:, 1],
                                      w[:, 1] * y[:, 2]], 1)
        return join(b * F.one_hot(b.argmax(1), 2)), join(b)


OUTPUTS = {"ffra_fusion": ["y"], "occlusion_adaptive": ["y", "p"], "feature_decoder": ["picture"],
           "feature_critic": ["logits"], "resnext_attention": ["logits"], "resnet": ["logits"]}


# name: plugins, port shapes and body of a net or a model's call, module, training
def cases():
    adaptive = "occlusion_adaptive channels=8 out=12 regions=7"
    maps = {"x": (12, 5, 5)}
    yield "ffra_weighted", "ffra", {"x": (16, 5, 7)}, "ffra_fusion channels=16 sa_groups=2", Fusion(16, False), True
    yield "ffra_concat", "ffra", {"x": (16, 4, 6)}, "ffra_fusion channels=16 sa_groups=2 mode=concat", Fusion(16, True), True
    yield "adaptive_train", "double_channel", maps, adaptive, Adaptive(12, 8, 12), True
    yield "adaptive_channel", "double_channel", maps, adaptive + " product=channel", Adaptive(12, 8, 12, "channel"), True
    yield "adaptive_hard", "double_channel", maps, adaptive, Adaptive(12, 8, 12), False
    yield "adaptive_soft", "double_channel", maps, adaptive + " above=soft", Adaptive(12, 8, 12, soft=True), False
    yield "decoder", "privileged", {"h": (5, 3, 4), "like": (3, 13, 14)}, "feature_decoder channels=[6, 3]", Decoder(5), True
    yield "critic", "privileged", {"h": (5, 9, 7)}, "feature_critic channels=[6, 8, 1]", Critic(5), True
    yield ("squeezed", "resnet", {"image": (3, 9, 10)}, 'resnet depth=18 width=8 se=4 stem=small until="layer1"', Squeezed(), True)
    yield ("spatial", "resnext", {"image": (3, 9, 8)},
           'resnext_attention width=4 groups=2 group_width=2 until="attention"', Spatial(), True)
    yield ("privileged_losses", "privileged", {"a": (7,), "b": (7,), "label": "i32", "real": (1, 2, 2), "fake": (1, 2, 2)},
           "{\n  l = label | reshape []\n  s = a, b | softmax_mse\n  t = a, b, l | loss_inequality\n  u = real, fake | gan_discriminator\n"
           "  v = fake | gan_generator\n}", Losses(), True)
    yield ("choose", "path_selection", {"b": (2,), "x": (2,), "y": (3,)},
           "{\n  s = b, x, y | choose labels=[[0, 2], [1, 3, 4]]\n"
           "  t = b, x, y | choose labels=[[0, 2], [1, 3, 4]] how=product\n}", Choose(), True)


def port(name, shape):
    return f"{name}: i32[1]" if shape == "i32" else f"{name}: f32[{','.join(map(str, shape))}]"


def description(plugin, ports, call, outputs):
    if call.startswith("{"):
        return f"fer 1\nuse vision, {plugin}\nnet t({', '.join(port(*p) for p in ports.items())}) -> {', '.join(outputs)} {call}\n"
    names, outs = ", ".join(ports), ", ".join(outputs)
    return (f"fer 1\nuse vision, {plugin}\nnet m = {call}\n"
            f"predict t({', '.join(port(*p) for p in ports.items())}) -> {outs} {{ {outs} = {names} | m }}\n")


def write(name, plugin, ports, call, module, training):
    torch.manual_seed(1)
    for entry in module.modules():
        if isinstance(entry, nn.BatchNorm2d):
            nn.init.uniform_(entry.weight, 0.5, 1.5)
            nn.init.uniform_(entry.bias, -0.5, 0.5)
            entry.running_mean.uniform_(-0.2, 0.2)
            entry.running_var.uniform_(0.5, 1.5)
    tensors = {k: v.clone() for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}
    inputs = {n: torch.randint(7, (3,)) if s == "i32" else torch.randn(3, *s, requires_grad=True) for n, s in ports.items()}
    module.train(training)
    result = module(*inputs.values())
    result = list(result) if isinstance(result, tuple) else [result]
    names = ["s", "t", "u", "v"][:len(result)] if call.startswith("{") else OUTPUTS[call.split()[0]]
    grads = [torch.randn_like(r) for r in result]
    torch.autograd.backward(result, grads)
    tensors.update({n: x.int().view(-1, 1) if x.dtype == torch.int64 else x.detach() for n, x in inputs.items()})
    for output, value, grad in zip(names, result, grads):
        tensors[f"grad.{output}"] = grad.reshape(-1) if grad.dim() == 0 else grad
        tensors[f"want.{output}"] = value.detach().reshape(-1) if value.dim() == 0 else value.detach()
    for key, value in list(inputs.items()) + list(module.named_parameters()):
        if value.grad is not None and value.grad.abs().max() > 0:
            tensors[f"want.grad.{key}"] = value.grad
    save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(HERE, name + ".safetensors"),
              {"mode": "train" if training else "eval", "net": "t" if call.startswith("{") else "m"})
    with open(os.path.join(HERE, name + ".fer"), "w", encoding="utf-8") as file:
        file.write(description(plugin, ports, call, names))


if sys.argv[1:] != ["--write"]:
    sys.exit(__doc__)
for case in cases():
    write(*case)
