#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mtcnn.safetensors: what facenet-pytorch finds with weights and pictures that are hashes of their names (common.py).

usage: make-mtcnn.py [OUT]      (Debian's python3-torch and python3-torchvision; the packages safetensors and
                                 facenet-pytorch 2.5.3)

Such nets see no faces, but their boxes, scores and landmarks must be the same.  The biases of the three classifiers are
chosen, and stored, so that some windows pass and none is near a threshold: everything is found again when all weights
are off by 1e-5.  tests/unit-mtcnn.c reads the file.
"""
import os
import sys

import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from facenet_pytorch.models.utils.detect_face import detect_face
from safetensors.numpy import save_file

from common import pixels, uniform, weight

BLOCK = 8  # pictures are squares of this side
PICTURES = ((96, 72, 24), (61, 130, 20))  # width, height, min_size
THRESHOLDS = (0.6, 0.7, 0.7)
SHIFTS = ("conv4_2", "dense5_2", "dense6_2")  # a tenth of what they would be, so that boxes stay near the picture


def picture(i, width, height):
    columns, rows = -(-width // BLOCK), -(-height // BLOCK)
    small = pixels(i, columns * rows * 3).reshape(rows, columns, 3)
    return small.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]


def make(kind, name, bias, off=0.0):
    net = kind(pretrained=False).eval()
    state = {}
    for key, value in net.state_dict().items():
        w = weight(name + "." + key, tuple(value.shape))
        if key.startswith(SHIFTS):
            w = w * np.float32(0.1)
        if key == bias[0]:
            w = bias[1].copy()
        w = w * (1 + off * (2 * uniform(len(state), w.size).reshape(w.shape) - 1))
        state[key] = torch.tensor(w.astype(np.float32))
    net.load_state_dict(state)
    return net


def find(biases, off):
    nets = [make(kind, name, bias, off)
            for kind, name, bias in zip((PNet, RNet, ONet), ("pnet", "rnet", "onet"), biases)]
    found = []
    for i, (width, height, min_size) in enumerate(PICTURES):
        with torch.no_grad():
            boxes, points = detect_face(picture(i, width, height), min_size, *nets, THRESHOLDS, 0.709, "cpu")
        found.append((np.asarray(boxes[0], np.float32), np.asarray(points[0], np.float32)))
    return found


def same(a, b):
    return all(x.shape == y.shape and (len(x) == 0 or np.abs(x - y).max() < 0.01) for p, q in zip(a, b)
               for x, y in zip(p, q))


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "mtcnn.safetensors")
    names = ("conv4_1.bias", "dense5_1.bias", "dense6_1.bias")
    for attempt in range(1000):
        levels = np.random.default_rng(attempt).uniform(-1.5, 1.5, 3)
        biases = [(name, np.array([-level, level], np.float32) / 2) for name, level in zip(names, levels)]
        try:
            found = find(biases, 0.0)
        except IndexError:  # of facenet-pytorch, when a box lies outside of the picture
            continue
        counts = [len(boxes) for boxes, _ in found]
        if min(counts) < 3 or max(counts) > 12:
            continue
        if all(same(found, find(biases, off)) for off in (1e-5, -1e-5)):
            break
    else:
        sys.exit("no biases were found")
    print("attempt %d: %s boxes" % (attempt, counts))
    tensors = {net + "." + name: value for net, (name, value) in zip(("pnet", "rnet", "onet"), biases)}
    for i, (boxes, points) in enumerate(found):
        tensors["%d.boxes" % i] = np.ascontiguousarray(boxes)  # x0, y0, x1, y1, score
        tensors["%d.points" % i] = np.ascontiguousarray(points)
    save_file(tensors, out)


main()
