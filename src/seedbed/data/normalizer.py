"""Normalizers: (x - shift) / scale with statistics learned from the training split and saved with the weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from seedbed.errors import CheckpointError, ConfigError, DataError

Kind: TypeAlias = Literal["zscore", "minmax", "minmax01", "robust", "fixed"]
Per: TypeAlias = Literal["auto", "feature", "channel", "global"]
KINDS: tuple[str, ...] = get_args(Kind)
ROBUST_LIMIT = 50_000_000  # values kept for exact quantiles; beyond that, evenly spread rows

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Float64 statistics of a data set, in the shape that broadcasts against one sample."""

    shift: Floats
    scale: Floats
    count: int


class Normalizer(nn.Module):
    """(x - ``shift_``) / ``scale_``.

    Args:
        kind: ``zscore`` (mean 0, variance 1), ``minmax`` (to [-1, 1]), ``minmax01`` (to [0, 1]), ``robust`` (median 0,
            interquartile range 1), or ``fixed`` (the given shift and scale).
        per: Which elements share statistics: ``feature`` (each element of a sample has its own), ``channel`` (each
            entry of the first dimension), ``global`` (one pair of numbers). ``auto`` is ``feature`` for vectors and
            ``channel`` for anything with more dimensions.
        shift: For ``fixed``: numbers to subtract, one or one per channel.
        scale: For ``fixed``: numbers to divide by.

    A constant feature is shifted and not scaled. The statistics are buffers, so ``state_dict`` has them, the kind
    included.
    """

    shift_: Tensor
    scale_: Tensor
    kind_: Tensor

    def __init__(
        self,
        kind: Kind = "zscore",
        *,
        per: Per = "auto",
        shift: Sequence[float] | float | None = None,
        scale: Sequence[float] | float | None = None,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ConfigError(f"normalize is {kind!r}; choose one of {', '.join(KINDS)}")
        if per not in get_args(Per):
            raise ConfigError(f"normalize per {per!r}; choose one of {', '.join(get_args(Per))}")
        if (shift is None) != (kind != "fixed") or (scale is None) != (kind != "fixed"):
            raise ConfigError(
                "normalize with mean and std (or kind 'fixed') needs both of them; the other kinds learn theirs"
            )
        self.kind, self.per = kind, per
        self.fitted = kind == "fixed"
        self.register_buffer("shift_", torch.as_tensor(0.0 if shift is None else shift, dtype=torch.float32))
        self.register_buffer("scale_", torch.as_tensor(1.0 if scale is None else scale, dtype=torch.float32))
        self.register_buffer("kind_", torch.tensor(KINDS.index(kind)))
        if bool((self.scale_ == 0).any()):
            raise ConfigError("normalize: scale must not be 0")

    def forward(self, x: Tensor) -> Tensor:
        """Normalised x, shape (B, …); integers become float32."""
        assert self.fitted, "the normalizer is used before fit() or load_state_dict()"
        x = x if x.is_floating_point() else x.to(torch.float32)
        return (x - self._fitting(self.shift_, x)).div_(self._fitting(self.scale_, x))

    def inverse(self, x: Tensor) -> Tensor:
        """What ``forward`` made x of."""
        return x * self._fitting(self.scale_, x) + self._fitting(self.shift_, x)

    def _fitting(self, statistic: Tensor, x: Tensor) -> Tensor:
        if statistic.dtype != x.dtype or statistic.device != x.device:
            statistic = statistic.to(device=x.device, dtype=x.dtype)
        # fixed statistics of a vector are per channel, which is the first dimension of a sample
        if self.kind == "fixed" and statistic.ndim == 1 and x.ndim > 2:
            return statistic.reshape(-1, *[1] * (x.ndim - 2))
        return statistic

    def fit(self, chunks: Iterable[Tensor], num_samples: int | None = None) -> None:
        """Learn the statistics from batches of samples, each of shape (B, …), in one pass in float64.

        Args:
            chunks: The training split, not augmented.
            num_samples: How many samples there will be, to thin out what ``robust`` keeps.

        Raises:
            DataError: A value is not finite, or there is no sample.
        """
        if self.kind == "fixed":
            return
        statistics = (
            fit_robust(chunks, self.per, num_samples)
            if self.kind == "robust"
            else fit_moments(chunks, self.kind, self.per)
        )
        self._set(torch.from_numpy(statistics.shift), torch.from_numpy(statistics.scale))

    def _set(self, shift: Tensor, scale: Tensor) -> None:
        device = self.shift_.device
        for name, value in (("shift_", shift), ("scale_", scale)):
            buffer = getattr(self, name)
            # in place, so that whoever holds the buffer sees the change in its version
            with torch.no_grad():
                buffer.resize_(value.shape).copy_(value.to(device=device, dtype=torch.float32))
        self.fitted = True

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        kind = state_dict.get(f"{prefix}kind_")
        if kind is not None and KINDS[int(kind)] != self.kind:
            raise CheckpointError(
                f"the checkpoint's normalizer is {KINDS[int(kind)]!r}, but the config says {self.kind!r}; "
                "set data.args.normalize to what the checkpoint was trained with"
            )
        shift, scale = state_dict.get(f"{prefix}shift_"), state_dict.get(f"{prefix}scale_")
        if shift is not None and scale is not None:
            self._set(shift, scale)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def extra_repr(self) -> str:
        return f"{self.kind}, per={self.per}"


def fit_moments(chunks: Iterable[Tensor], kind: str, per: Per) -> Statistics:
    """Shift and scale of ``zscore``, ``minmax`` and ``minmax01``; means and variances merged chunk by chunk.

    The merge is that of Chan, Golub and LeVeque (1979), which does not lose digits as sums of squares would.
    """
    count = 0
    shape: tuple[int, ...] = ()
    mean = squares = low = high = np.zeros(0)
    for chunk in chunks:
        values, shape = _table(chunk, per)
        if not len(values):
            continue
        size = len(values)
        _check_finite(values, count)
        chunk_mean = values.mean(axis=0)
        chunk_squares = ((values - chunk_mean) ** 2).sum(axis=0)
        chunk_low, chunk_high = values.min(axis=0), values.max(axis=0)
        if count == 0:
            mean, squares, low, high, count = chunk_mean, chunk_squares, chunk_low, chunk_high, size
            continue
        delta, total = chunk_mean - mean, count + size
        mean = mean + delta * (size / total)
        squares = squares + chunk_squares + delta**2 * (count * size / total)
        low, high, count = np.minimum(low, chunk_low), np.maximum(high, chunk_high), total
    if count == 0:
        raise DataError("normalize: the training split is empty")
    if kind == "zscore":
        shift, scale = np.where(low == high, low, mean), np.sqrt(squares / count)
    elif kind == "minmax":
        shift, scale = low + (high - low) / 2, (high - low) / 2
    else:
        shift, scale = low, high - low
    scale = np.where(low == high, 1.0, scale)
    return Statistics(shift.reshape(shape), scale.reshape(shape), count)


def fit_robust(chunks: Iterable[Tensor], per: Per, num_samples: int | None = None) -> Statistics:
    """Median and interquartile range. Exact up to ``ROBUST_LIMIT`` values, else from evenly spread samples."""
    kept: list[Floats] = []
    count = 0
    shape: tuple[int, ...] = ()
    for chunk in chunks:
        every = max(1, -(-(num_samples or 0) * chunk[0].numel() // ROBUST_LIMIT)) if len(chunk) else 1
        first = -count % every
        count += len(chunk)
        values, shape = _table(chunk[first::every], per)
        _check_finite(values, count)
        kept.append(values)
    if count == 0:
        raise DataError("normalize: the training split is empty")
    low, median, high = np.percentile(np.concatenate(kept), [25, 50, 75], axis=0)
    scale = np.where(high == low, 1.0, high - low)
    return Statistics(median.reshape(shape), scale.reshape(shape), count)


def _table(chunk: Tensor, per: Per) -> tuple[Floats, tuple[int, ...]]:
    """The chunk as (values, columns): one column per statistic; and the statistics' shape."""
    sample_shape = chunk.shape[1:]
    if per == "auto":
        per = "feature" if len(sample_shape) <= 1 else "channel"
    array: Floats = chunk.detach().cpu().to(torch.float64).numpy()
    if per == "global" or not sample_shape:
        return array.reshape(-1, 1), (1,) * len(sample_shape) if sample_shape else ()
    if per == "feature":
        return array.reshape(len(array), math.prod(sample_shape)), tuple(sample_shape)
    channels = sample_shape[0]
    return np.moveaxis(array, 1, -1).reshape(-1, channels), (channels, *[1] * (len(sample_shape) - 1))


def _check_finite(values: Floats, before: int) -> None:
    if not np.isfinite(values).all():
        column = int(np.argwhere(~np.isfinite(values))[0][1])
        raise DataError(
            f"normalize: feature or channel {column} of the training split has a value that is not finite; "
            "fill or drop it first (for a table: missing='mean' or missing='drop')"
        )


def make_normalizer(option: str | dict[str, Any] | None) -> Normalizer | None:
    """The normalizer that a loader option names: None, a kind, or a dict of ``Normalizer``'s arguments."""
    if option is None:
        return None
    arguments: dict[str, Any] = {"kind": option} if isinstance(option, str) else dict(option)
    for ours, common in (("shift", "mean"), ("scale", "std")):
        if common in arguments:
            arguments[ours] = arguments.pop(common)
            arguments.setdefault("kind", "fixed")
    unknown = set(arguments) - {"kind", "per", "shift", "scale"}
    if unknown:
        raise ConfigError(f"normalize has the unknown key {sorted(unknown)[0]!r}; it takes kind, per, shift, scale")
    return Normalizer(**arguments)
