# SPDX-License-Identifier: Apache-2.0
"""Numbers that both sides make themselves, so that no file holds a network: SplitMix64, as in tests/harness.c."""
import numpy as np


def hashed(start, count):
    """`count` 64-bit numbers of the stream that begins at state `start`."""
    with np.errstate(over="ignore"):
        z = np.uint64(start & (2**64 - 1)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(start, count):
    """In [0, 1), 24 bits."""
    return (hashed(start, count) >> np.uint64(40)).astype(np.float64) / 2.0**24


def seed_of(text):
    """FNV-1a, 64 bits."""
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h


def pixels(step, count):
    """Bytes of the pictures of one step."""
    return np.floor(uniform(seed_of("pictures %d" % step), count) * 256).astype(np.uint8)


def labels(step, count, classes):
    return np.floor(uniform(seed_of("labels %d" % step), count) * classes).astype(np.int64)


def weight(path, shape):
    """What a weight starts as: about kaiming for filters, about one for scales and variances, small for the rest."""
    u = uniform(seed_of(path), int(np.prod(shape)))
    if len(shape) > 1:
        bound = np.sqrt(6.0 / np.prod(shape[1:])) if len(shape) == 4 else np.sqrt(1.0 / shape[1])
        v = (2 * u - 1) * bound
    elif path.endswith("running_var") or path.endswith("weight"):
        v = 0.8 + 0.4 * u
    else:
        v = 0.2 * u - 0.1
    return v.astype(np.float32).reshape(shape)
