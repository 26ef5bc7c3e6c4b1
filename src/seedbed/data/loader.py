"""From a source and options to the batches of a training: split, sampler, transforms, normalizer, workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seedbed.data.batches import EvalBatches, TrainBatches
from seedbed.data.collate import COLLATES
from seedbed.data.fetch import DatasetFetcher
from seedbed.data.kept import KeptItems
from seedbed.data.normalizer import Normalizer, make_normalizer
from seedbed.data.options import SAMPLERS, LoaderOptions
from seedbed.data.pipeline import Pipeline
from seedbed.data.randomness import kept_globals
from seedbed.data.samplers import (
    Custom,
    LengthBucketed,
    Listed,
    Sampler,
    Sequential,
    Shuffled,
    Weighted,
    class_balanced,
)
from seedbed.data.samples import DatasetSamples, IterableSamples, Samples, TensorSamples, split_item
from seedbed.data.source import LoaderHints, Source
from seedbed.data.split import split_indices
from seedbed.data.stream import EvalStream, StreamBatches
from seedbed.data.transforms import make_transforms
from seedbed.errors import ConfigError, DataError
from seedbed.seeding import reseed_globals, stream_key


@dataclass(kw_only=True)
class Data:
    """The batches of a training, and what was learned from its training split.

    A new training calls ``fit`` once; a resumed one, or a prediction, loads the normalizers' state instead.
    """

    name: str
    train: TrainBatches | StreamBatches
    val: EvalBatches | EvalStream | None
    test: EvalBatches | EvalStream | None
    normalizer: Normalizer | None
    target_normalizer: Normalizer | None
    info: dict[str, Any] = field(default_factory=dict)

    def remark(self) -> str | None:
        """What was decided about reading the training data since the last call, in a sentence."""
        fetcher = getattr(self.train, "fetcher", None)
        kept: KeptItems | None = None if fetcher is None else fetcher.kept
        if kept is None:
            return None
        text, kept.remark = kept.remark, None
        return text

    def fit(self, poll: Callable[[], None] = lambda: None) -> None:
        """Learn the normalizers' statistics from the training split, without augmentation; once.

        Args:
            poll: Called for every chunk of samples; may raise to end the pass.
        """
        wanted = [n for n in (self.normalizer, self.target_normalizer) if n is not None and not n.fitted]
        if not wanted:
            return
        if isinstance(self.train, StreamBatches):
            raise DataError(
                f"{self.name}: normalize cannot be fitted on an iterable data set; give the numbers: "
                'normalize={"mean": …, "std": …}'
            )
        samples = self.train.samples
        plain = plain_chunks(samples, self.train)

        def chunks() -> Iterator[tuple[Any, Any]]:
            for chunk in plain():
                poll()
                yield chunk

        if self.normalizer is not None:
            self.normalizer.fit((_one_tensor(x, self.name) for x, _ in chunks()), len(samples))
        if self.target_normalizer is not None:
            self.target_normalizer.fit((_one_tensor(y, self.name).float() for _, y in chunks()), len(samples))

    def close(self) -> None:
        """Stop all worker processes."""
        for part in (self.train, self.val, self.test):
            if part is not None:
                part.close()


def prepare(source: Source, options: LoaderOptions, *, seed: int, device: torch.device | str = "cpu") -> Data:
    """Put the batches of a training together. Reads no sample and fits nothing.

    Args:
        source: The data.
        options: How they become batches.
        seed: Root seed of order, augmentation and (unless ``split_seed`` is set) the split.
        device: Where batches go.

    Raises:
        ConfigError, DataError: An option is wrong, or does not fit the data.
    """
    device = torch.device(device)
    check_options(options)
    train, val, test = split_source(source, options, seed)
    if source.encode is not None:
        train, val, test, info = source.encode(train, val, test)
    else:
        info = source.info
    normalizer, target_normalizer = make_normalizer(options.normalize), make_normalizer(options.normalize_targets)
    for module in (normalizer, target_normalizer):
        if module is not None:
            module.to(device)
    pipeline = Pipeline(
        device,
        seed=seed,
        transforms=make_transforms(options.transforms),
        normalizer=normalizer,
        target_normalizer=target_normalizer,
    )
    pipeline.resident = options.resident
    return Data(
        name=source.name,
        train=make_train(train, pipeline, options, source.hints, seed),
        val=make_eval(val, pipeline, options, source.hints, seed),
        test=make_eval(test, pipeline, options, source.hints, seed),
        normalizer=normalizer,
        target_normalizer=target_normalizer,
        info=dict(info),
    )


def check_options(options: LoaderOptions) -> None:
    """Refuse numbers that make no sense, before any work.

    Raises:
        ConfigError: An option is out of its range.
    """
    for name in ("batch_size", "eval_batch_size", "prefetch", "limit", "batches_per_epoch", "samples_per_epoch"):
        value = getattr(options, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ConfigError(f"{name} is {value!r}; it must be a whole number of at least 1")
    if options.num_workers is not None and options.num_workers < 0:
        raise ConfigError(f"num_workers is {options.num_workers}; it must be 0 or more")
    if isinstance(options.sampler, str) and options.sampler not in SAMPLERS:
        raise ConfigError(f"sampler is {options.sampler!r}; choose one of {', '.join(SAMPLERS)} or give a function")
    if isinstance(options.collate, str) and options.collate not in COLLATES:
        raise ConfigError(f"collate is {options.collate!r}; choose default or padded, or give a function")
    if options.split_by in ("group", "time") and options.split_column is None:
        raise ConfigError(
            f"split_by={options.split_by!r} needs split_column, the name of the column with the {options.split_by}"
        )
    if options.samples_per_epoch is not None and options.sampler not in ("weighted", "class_balanced"):
        raise ConfigError("samples_per_epoch is for the weighted and class_balanced samplers; did you mean limit?")
    if (options.sampler == "weighted") != (options.weights is not None):
        raise ConfigError("sampler='weighted' and weights=… go together: a number per training sample, or a column")


def split_source(source: Source, options: LoaderOptions, seed: int) -> tuple[Samples, Samples | None, Samples | None]:
    """The three splits: the source's own, or taken from its training data as the options say."""
    train, val, test = source.train, source.val, source.test
    wanted: dict[str, float | int] = {}
    for name, own, part in (("val", val, options.val), ("test", test, options.test)):
        if part is None or part == 0:
            continue
        if own is not None:
            raise ConfigError(
                f"{name}={part} asks for a {name} split, but {source.name} comes with its own; leave it out"
            )
        wanted[name] = part
    if wanted:
        if isinstance(train, IterableSamples):
            raise DataError(f"{source.name} is iterable and cannot be split; give a validation data set of its own")
        by = options.split_by
        facts = (
            train.labels() if by == "stratified" else _column(train, options.split_column) if by != "random" else None
        )
        split_seed = seed if options.split_seed is None else options.split_seed
        rest, *parts = split_indices(
            len(train), list(wanted.values()), by=by, facts=facts, seed=split_seed, names=list(wanted)
        )
        taken = dict(zip(wanted, parts, strict=True))
        val = train.subset(taken["val"]) if "val" in taken else val
        test = train.subset(taken["test"]) if "test" in taken else test
        train = train.subset(rest)
    if options.limit is not None and not isinstance(train, IterableSamples):
        train = train.subset(np.arange(min(options.limit, len(train)), dtype=np.int64))
    return train, val, test


def make_train(
    samples: Samples, pipeline: Pipeline, options: LoaderOptions, hints: LoaderHints, seed: int
) -> TrainBatches | StreamBatches:
    """The training batches of a split."""
    batch_size = options.batch_size or hints.batch_size or 32
    drop_last = options.drop_last if options.drop_last is not None else bool(hints.drop_last)
    collate = make_collate(options.collate or hints.collate)
    num_workers = options.num_workers if options.num_workers is not None else hints.num_workers or 0
    if isinstance(samples, IterableSamples):
        for option in ("sampler", "limit", "batches_per_epoch", "sample_transforms", "num_workers"):
            if getattr(options, option):
                raise ConfigError(
                    f"{samples.name} is iterable, so read in its own order in the main process; leave out {option}, "
                    "or make it map-style (__len__ and __getitem__)"
                )
        return StreamBatches(samples, pipeline, collate, batch_size=batch_size, seed=seed, drop_last=drop_last)
    if not len(samples):
        raise DataError(f"{samples.name}: the training split is empty")
    fetcher = None
    if isinstance(samples, DatasetSamples):
        if options.sample_transforms:
            samples = DatasetSamples(
                samples.dataset,
                samples.ids,
                transforms=(*samples.transforms, *options.sample_transforms),
                columns=samples.columns,
                name=samples.name,
            )
        pin = pipeline.device.type == "cuda"
        fetcher = DatasetFetcher(
            samples,
            collate,
            seed=seed,
            num_workers=num_workers,
            prefetch=options.prefetch,
            pin=pin,
            keep=options.keep_items,
        )
    elif options.sample_transforms or options.collate not in (None, "default"):
        option, instead = ("sample_transforms", "; use transforms") if options.sample_transforms else ("collate", "")
        raise ConfigError(f"{samples.name} is in memory and gathered in whole batches: leave out {option}{instead}")
    return TrainBatches(
        samples,
        make_sampler(samples, options, hints, batch_size, seed),
        pipeline,
        batch_size=batch_size,
        drop_last=drop_last,
        batches_per_epoch=options.batches_per_epoch,
        fetcher=fetcher,
    )


def make_eval(
    samples: Samples | None, pipeline: Pipeline, options: LoaderOptions, hints: LoaderHints, seed: int
) -> EvalBatches | EvalStream | None:
    """The evaluation batches of a split, None where there is none."""
    if samples is None:
        return None
    if isinstance(samples, IterableSamples):
        collate = make_collate(options.collate or hints.eval_collate or hints.collate)
        size = options.eval_batch_size or hints.eval_batch_size or options.batch_size or hints.batch_size or 32
        return EvalStream(samples, pipeline, collate, batch_size=size, seed=seed)
    in_memory = isinstance(samples, TensorSamples)
    batch_size = options.batch_size or hints.batch_size or 32
    eval_batch_size = options.eval_batch_size or hints.eval_batch_size or batch_size * (4 if in_memory else 1)
    fetcher = None
    if isinstance(samples, DatasetSamples):
        plain = DatasetSamples(samples.dataset, samples.ids, name=samples.name)
        num_workers = options.num_workers if options.num_workers is not None else hints.num_workers or 0
        collate = make_collate(options.collate or hints.eval_collate or hints.collate)
        pin = pipeline.device.type == "cuda"
        fetcher = DatasetFetcher(
            plain,
            collate,
            seed=seed,
            num_workers=num_workers,
            prefetch=options.prefetch,
            pin=pin,
            keep=options.keep_items,
        )
    return EvalBatches(samples, pipeline, batch_size=eval_batch_size, fetcher=fetcher)


def make_collate(option: str | Callable[[list[Any]], Any] | None) -> Callable[[list[Any], Any], Any]:
    """``(items, sample numbers) -> stacked`` of the option; a user's function gets the items only."""
    if option is None or isinstance(option, str):
        return COLLATES[option or "default"]
    function = option
    return lambda items, ids: function(items)


def make_sampler(
    samples: TensorSamples | DatasetSamples, options: LoaderOptions, hints: LoaderHints, batch_size: int, seed: int
) -> Sampler | Listed:
    """The sampler that the options name, else the one that comes with the data, else shuffled."""
    n = len(samples)
    subset = options.val or options.test or options.limit
    if options.sampler is None and (hints.batches is not None or hints.weights is not None) and subset:
        raise ConfigError(
            f"{samples.name} comes with a sampler of its own, which val, test and limit would invalidate; give "
            "sampler='shuffled' (or another), or split the data before making the loader"
        )
    if options.sampler is None and hints.batches is not None:
        return Listed(keyed_batches(hints.batches, seed), n)
    if options.sampler is None and hints.weights is not None:
        if len(hints.weights) > n:
            raise DataError(f"{samples.name}: the sampler has {len(hints.weights)} weights for {n} samples")
        return Weighted(hints.weights, seed=seed, num_samples=hints.num_samples)
    name = options.sampler or hints.sampler or "shuffled"
    if callable(name):
        return Custom(name, n, seed=seed)
    if name == "sequential":
        return Sequential(n)
    if name == "weighted":
        weights = _column(samples, options.weights) if isinstance(options.weights, str) else np.asarray(options.weights)
        if len(weights) != n:
            raise ConfigError(f"weights has {len(weights)} numbers for {n} training samples")
        return Weighted(weights, seed=seed, num_samples=options.samples_per_epoch)
    if name == "class_balanced":
        return class_balanced(samples.labels(), seed=seed, num_samples=options.samples_per_epoch)
    if name == "length_bucketed":
        return LengthBucketed(sample_lengths(samples), batch_size=batch_size, seed=seed)
    return Shuffled(n, seed=seed)


def keyed_batches(
    batches: Callable[[int], Sequence[Sequence[int]]], seed: int
) -> Callable[[int], Sequence[Sequence[int]]]:
    """``batches`` with the global generators seeded by the epoch, and put back afterwards."""

    def keyed(epoch: int) -> Sequence[Sequence[int]]:
        with kept_globals():
            reseed_globals(stream_key(seed, "batch sampler", epoch))
            return batches(epoch)

    return keyed


def sample_lengths(samples: TensorSamples | DatasetSamples) -> Any:
    """Length of each sample: a column `length`, the data set's `lengths`, else read from the items."""
    if "length" in samples.columns:
        return samples.columns["length"]
    if isinstance(samples, TensorSamples):
        raise ConfigError("sampler='length_bucketed' needs samples of different length; tensors in memory have one")
    lengths = getattr(samples.dataset, "lengths", None)
    if lengths is not None:
        return np.asarray(lengths)[samples.ids]
    return np.asarray([len(split_item(item)[0]) for item in samples.items()])


def plain_chunks(
    samples: TensorSamples | DatasetSamples, train: TrainBatches
) -> Callable[[], Iterator[tuple[Any, Any]]]:
    """Inputs and targets of the split in order, without augmentation: float, not normalised, on the CPU."""
    pipeline = Pipeline(torch.device("cpu"), seed=train.pipeline.seed)
    fetcher = None if train.fetcher is None else train.fetcher.without_transforms()
    batches = EvalBatches(samples, pipeline, batch_size=1024 if fetcher is None else 64, fetcher=fetcher)
    return lambda: ((batch.inputs, batch.targets) for batch in batches)


def _one_tensor(tree: Any, name: str) -> Tensor:
    value = tree.get("x") if isinstance(tree, dict) else tree
    if not isinstance(value, Tensor):
        raise DataError(f"{name}: normalize needs one tensor, or a dict with the entry 'x'; got {type(tree).__name__}")
    return value


def _column(samples: TensorSamples | DatasetSamples, column: str | None) -> Any:
    if column is not None and column in samples.columns:
        return samples.columns[column]
    values = getattr(samples.dataset, column, None) if column and isinstance(samples, DatasetSamples) else None
    if values is not None and isinstance(samples, DatasetSamples):
        return np.asarray(values)[samples.ids]
    known = ", ".join(sorted(samples.columns)) or "none"
    raise DataError(f"{samples.name} has no column {column!r}; it has: {known}")
