"""MNIST-1D: small series that tell linear models, MLPs, CNNs and GRUs apart (Greydanus and Kobak, arXiv 2011.14439)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from seedbed.data.order import permutation
from seedbed.data.samplers import uniform_array
from seedbed.data.samples import TensorSamples
from seedbed.data.source import Source
from seedbed.errors import ConfigError
from seedbed.seeding import stream_key

Floats = npt.NDArray[np.float64]

# the paper's hand-made outlines of the ten digits, 12 points each
OUTLINES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
# the paper's parameters
PADDING = (36, 60)
SCALE, MAX_TRANSLATION = 0.4, 48
CORRELATED_NOISE, INDEPENDENT_NOISE, SHEAR = 0.25, 0.02, 0.75
CORRELATION = 2.0  # standard deviation of the smoothing kernel, in points


def MNIST1D(
    *,
    num_samples: int = 5000,
    length: int = 40,
    generation_seed: int = 42,
    channel: bool = False,
    shuffle_time: bool = False,
) -> Source:
    """Ten classes of noisy, shifted, scaled and sheared one-dimensional digits; 80 % train, 20 % test.

    Generated as the paper says, with its parameters, from random numbers of our own (so the samples are not the ones
    in the paper's file). As in the paper, one mean and one scale over all samples make them mean 0, variance 1.

    Args:
        num_samples: Training and test samples together, a multiple of 10.
        length: Points per sample.
        generation_seed: Seed of the data; the training's seed does not change them.
        channel: Inputs of shape (1, length) instead of (length,).
        shuffle_time: Permute the points in time, the same way in all samples (the paper's control).
    """
    if num_samples < 10 or num_samples % 10:
        raise ConfigError(f"num_samples is {num_samples}; it must be a multiple of 10 (classes)")
    if length < 2:
        raise ConfigError(f"length is {length}; it must be at least 2")
    labels = np.repeat(np.arange(10, dtype=np.int64), num_samples // 10)
    series = generate(labels, length, generation_seed)
    order = permutation(num_samples, stream_key(generation_seed, "mnist1d", "order"))
    series, labels = series[order], labels[order]
    if shuffle_time:
        series = series[:, permutation(length, stream_key(generation_seed, "mnist1d", "time"))]
    series = (series - series.mean()) / series.std()
    inputs = torch.from_numpy(series.astype(np.float32))
    every = TensorSamples(inputs[:, None] if channel else inputs, torch.from_numpy(labels), name="MNIST1D")
    num_train = num_samples * 4 // 5
    info = {
        "task": "classification",
        "num_classes": 10,
        "class_names": [str(digit) for digit in range(10)],
        "input_shape": list(every.inputs.shape[1:]),
    }
    train, test = np.arange(num_train), np.arange(num_train, num_samples)
    return Source(name="MNIST1D", train=every.subset(train), test=every.subset(test), info=info)


def generate(labels: npt.NDArray[np.int64], length: int, seed: int) -> Floats:
    """One series per label, shape (N, length), not yet normalised."""
    n, full = len(labels), len(OUTLINES[0]) + PADDING[1]
    templates = _templates() + 1e-8  # so that only the padding is exactly zero
    pads, scales, shifts, shears = uniform_array(stream_key(seed, "mnist1d", "shape"), 4 * n).reshape(4, n)
    noise = _normals(stream_key(seed, "mnist1d", "noise"), 2 * n * full).reshape(2, n, full)
    num_zeros = PADDING[0] + (pads * (PADDING[1] - PADDING[0] + 1)).astype(np.int64)
    series = np.zeros((n, full))
    for row, label in enumerate(labels):
        padded = np.concatenate([templates[label], np.zeros(num_zeros[row])])
        series[row] = np.roll(_stretch(padded, full), int(shifts[row] * MAX_TRANSLATION))
    series *= 1 + SCALE * (scales[:, None] - 0.5)
    series = np.where(series != 0, series, _smooth(CORRELATED_NOISE * noise[0])) + INDEPENDENT_NOISE * noise[1]
    series -= SHEAR * (shears[:, None] - 0.5) * np.linspace(-0.5, 0.5, full)
    return np.stack([_stretch(row, length) for row in series])


def _templates() -> Floats:
    outlines = np.asarray(OUTLINES, dtype=np.float64)
    outlines = (outlines - outlines.mean(1, keepdims=True)) / outlines.std(1, keepdims=True)
    templates: Floats = (outlines - outlines[:, :1]) / 6.0
    return templates


def _stretch(values: Floats, length: int) -> Floats:
    """The series resampled to ``length`` points by linear interpolation."""
    stretched: Floats = np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(values)), values)
    return stretched


def _smooth(series: Floats) -> Floats:
    """Convolution along time with a normal kernel cut at four standard deviations, mirrored at the ends."""
    radius = int(4 * CORRELATION + 0.5)
    places = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (places / CORRELATION) ** 2)
    kernel /= kernel.sum()
    mirrored = np.pad(series, ((0, 0), (radius, radius)), mode="symmetric")
    smooth: Floats = np.lib.stride_tricks.sliding_window_view(mirrored, len(kernel), axis=1) @ kernel
    return smooth


def _normals(key: int, n: int) -> Floats:
    """Standard normal numbers (Box and Muller, 1958) from our own stream, which no library version changes."""
    u = uniform_array(key, 2 * n)
    result: Floats = np.sqrt(-2.0 * np.log1p(-u[:n])) * np.cos(2.0 * np.pi * u[n:])
    return result
