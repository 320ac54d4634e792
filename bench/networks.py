# SPDX-License-Identifier: Apache-2.0
"""The networks of compare.py in PyTorch, written from the papers.  make(torch, "vgg depth=16", channels, classes) is the
network that `fer bench "vgg depth=16"` runs; compare.py checks that both have as many parameters.
"""
import re


def convolution(nn, a, b, kernel, stride=1, groups=1):
    return [nn.Conv2d(a, b, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(b)]


def residual(torch, branch, shortcut, relu):
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.branch, self.shortcut = nn.Sequential(*branch), nn.Sequential(*shortcut)
            self.relu = nn.ReLU(inplace=True) if relu else nn.Identity()

        def forward(self, x):
            return self.relu(self.branch(x) + self.shortcut(x))

    return Residual()


def resnet(torch, channels, classes, depth="18", width="64", stem="imagenet", groups="1", group_width=None):
    """He et al. 2015, table 1, stride in the 3x3 convolution; with groups Xie et al. 2017, table 1."""
    nn = torch.nn
    counts = {"18": (2, 2, 2, 2), "34": (3, 4, 6, 3), "50": (3, 4, 6, 3), "101": (3, 4, 23, 3)}[depth]
    width, groups = int(width), int(groups)
    kernel, stride = (3, 1) if stem == "small" else (7, 2)
    layers = [*convolution(nn, channels, width, kernel, stride), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    last = width
    for stage, count in enumerate(counts):
        for i in range(count):
            stride = 2 if stage > 0 and i == 0 else 1
            outer = width << stage
            if int(depth) < 50:
                branch = convolution(nn, last, outer, 3, stride) + [nn.ReLU(inplace=True)] + convolution(nn, outer, outer, 3)
            else:
                inner = groups * int(group_width) << stage if group_width else outer
                outer *= 4
                branch = convolution(nn, last, inner, 1) + [nn.ReLU(inplace=True)]
                branch += convolution(nn, inner, inner, 3, stride, groups) + [nn.ReLU(inplace=True)]
                branch += convolution(nn, inner, outer, 1)
            shortcut = [] if stride == 1 and last == outer else convolution(nn, last, outer, 1, stride)
            layers.append(residual(torch, branch, shortcut, True))
            last = outer
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, classes))


def resnext(torch, channels, classes, depth="50", groups="32", group_width="4"):
    return resnet(torch, channels, classes, depth=depth, groups=groups, group_width=group_width)


def vgg(torch, channels, classes, depth="16", bn="no"):
    """Simonyan and Zisserman 2015, table 1."""
    nn = torch.nn
    counts = {"11": (1, 1, 2, 2, 2), "13": (2, 2, 2, 2, 2), "16": (2, 2, 3, 3, 3), "19": (2, 2, 4, 4, 4)}[depth]
    layers, last = [], channels
    for stage, count in enumerate(counts):
        width = min(64 << stage, 512)
        for _ in range(count):
            layers += [nn.Conv2d(last, width, 3, padding=1)] + ([nn.BatchNorm2d(width)] if bn == "yes" else [])
            layers.append(nn.ReLU(inplace=True))
            last = width
        layers.append(nn.MaxPool2d(2))
    layers += [nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(last * 49, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5),
               nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(4096, classes)]
    return nn.Sequential(*layers)


def mobilenet_v2(torch, channels, classes):
    """Sandler et al. 2018, table 2."""
    nn = torch.nn

    def unit(a, b, kernel, stride=1, groups=1):
        return [*convolution(nn, a, b, kernel, stride, groups), nn.ReLU6(inplace=True)]

    layers, last = unit(channels, 32, 3, 2), 32
    for factor, width, count, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                        (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            stride, inner = first if i == 0 else 1, last * factor
            branch = unit(last, inner, 1) if factor > 1 else []
            branch += unit(inner, inner, 3, stride, inner) + convolution(nn, inner, width, 1)
            if stride == 1 and last == width:
                layers.append(residual(torch, branch, [], False))
            else:
                layers += branch
            last = width
    return nn.Sequential(*layers, *unit(last, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
                         nn.Linear(1280, classes))


# The values that a parameter may have; None: any number.
FAMILIES = {
    "resnet": (resnet, {"depth": ("18", "34", "50", "101"), "width": None, "stem": ("imagenet", "small")}),
    "resnext": (resnext, {"depth": ("50", "101"), "groups": None, "group_width": None}),
    "vgg": (vgg, {"depth": ("11", "13", "16", "19"), "bn": ("yes", "no")}),
    "mobilenet_v2": (mobilenet_v2, {}),
}


def parse(text):
    """'resnet18' and 'resnet depth=18 width=32': the function and its values as text; None: it is not written here."""
    first, *words = text.split() or [""]
    name, depth = (first, "") if first in FAMILIES else re.fullmatch(r"(.*?)(\d*)", first).groups()
    if name not in FAMILIES or any("=" not in word for word in words):
        return None
    function, known = FAMILIES[name]
    values = {**({"depth": depth} if depth else {}), **dict(word.split("=", 1) for word in words)}
    for key, value in values.items():
        if key not in known or not (value.isdigit() if known[key] is None else value in known[key]):
            return None
    return function, values


def make(torch, text, channels, classes):
    """The network, on the CPU, with its initial weights."""
    function, values = parse(text)
    return function(torch, channels, classes, **values)
