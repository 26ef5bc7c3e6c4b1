"""Rules on how data become batches: sizes, order, limits, augmentation, balance."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.facts import Facts, labels_of, report
from seedbed.objectives.regression import Regression

FEW = 8  # a batch of fewer samples may hold one class by chance


def batch(facts: Facts) -> Iterator[Finding]:
    """A batch, or a window of batches, that is larger than the data."""
    n, size, per_epoch = facts.num_train, facts.batch_size, facts.batches_per_epoch
    if n and size and size > n:
        yield report(
            "SB804", "data.args.batch_size", f"batch_size is {size}, but there are {n} training samples",
            why="every epoch is one short batch, so there are far fewer updates than it seems",
            fix=f"Use a batch_size of at most {max(n // 4, 1)}", batch_size=size, samples=n,
        )  # fmt: skip
    window = facts.config.trainer.accumulate
    if per_epoch and window > per_epoch:
        yield report(
            "SB818", "trainer.accumulate", f"accumulate is {window}, but an epoch has {per_epoch} batches",
            why="the window ends with the epoch, so every update is smaller than was asked for",
            fix=f"Use accumulate of at most {max(per_epoch // 4, 1)}", accumulate=window, batches=per_epoch,
        )  # fmt: skip


def limits(facts: Facts) -> Iterator[Finding]:
    """Settings for a quick try that leave out most of the data."""
    config, n = facts.config, facts.num_train
    if config.trainer.overfit_batches is not None:
        yield report(
            "SB813", "trainer.overfit_batches", f"training and evaluation use {n} samples only",
            why="this shows whether the model can learn at all; its results mean nothing else",
            fix="Remove trainer.overfit_batches for the real run", samples=n,
        )  # fmt: skip
    elif config.data.args.get("limit") is not None:
        yield report(
            "SB813", "data.args.limit", f"training uses the first {n} samples only",
            why="the rest of the data is never seen", fix="Remove data.args.limit for the real run", samples=n,
        )  # fmt: skip
    if facts.epochs is not None and facts.epochs < 0.95 and config.trainer.overfit_batches is None and n:
        yield report(
            "SB434", "trainer.steps", f"the run ends after {facts.epochs:.0%} of the first epoch",
            why="the rest of the data is never seen", fix="Use more trainer.steps, or leave it out",
            severity=Severity.HINT, epochs=float(facts.epochs),
        )  # fmt: skip
    dropped = getattr(facts.training.data.train, "drop_last", False)
    if dropped and n and facts.batch_size and (n % facts.batch_size) / n > 0.2:
        yield report(
            "SB434", "data.args.drop_last", f"drop_last leaves out {n % facts.batch_size} of {n} samples an epoch",
            why="a good part of the data is not used", fix="Use a smaller batch_size or drop_last=false",
            severity=Severity.HINT, dropped=n % facts.batch_size, samples=n,
        )  # fmt: skip


def order(facts: Facts) -> Iterator[Finding]:
    """Samples that come in the order of the file, and so of their classes."""
    labels = facts.labels()
    if facts.config.data.args.get("sampler") != "sequential" or labels is None or facts.batch_size is None:
        if facts.config.data.args.get("sampler") == "sequential":
            yield report(
                "SB401", "data.args.sampler", "training samples come in the same order in every epoch",
                why="neighbours in the file are neighbours in the batch", fix="Remove data.args.sampler",
                severity=Severity.HINT,
            )  # fmt: skip
        return
    classes = len(labels.unique())
    batches = [chunk for chunk in labels.split(facts.batch_size) if len(chunk) >= FEW]
    single = sum(int(len(chunk.unique()) == 1) for chunk in batches)
    if classes > 1 and single >= max(len(batches) // 3, 2):
        yield report(
            "SB422", "data.args.sampler", f"{single} of {len(batches)} batches hold one class only",
            why="each update teaches one class and forgets the others", fix="Remove data.args.sampler to shuffle",
            single=single, batches=len(batches), classes=classes,
        )  # fmt: skip
        return
    changes = int((labels[1:] != labels[:-1]).sum())
    mixed = len(labels) * (1 - 1 / max(classes, 1))
    is_sorted = classes > 1 and changes < mixed / 10 and len(labels) >= 4 * classes
    yield report(
        "SB401", "data.args.sampler",
        f"training samples come {'sorted by class' if is_sorted else 'in the same order in every epoch'}",
        why="batches are not a fair sample of the data", fix="Remove data.args.sampler to shuffle",
        severity=None if is_sorted else Severity.HINT, changes=changes, samples=len(labels),
    )  # fmt: skip


def mirrored(facts: Facts) -> Iterator[Finding]:
    """Digits or letters that are mirrored."""
    names = [t if isinstance(t, str) else t.get("type") for t in facts.config.data.args.get("transforms") or []]
    if "horizontal_flip" not in names:
        return
    classes = [str(name) for name in facts.info.get("class_names") or []]
    written = facts.config.data.type in {"Digits", "MNIST"} or (
        len(classes) > 1 and all(len(name) == 1 and name.isalnum() for name in classes)
    )
    if written:
        yield report(
            "SB811", "data.args.transforms", f"horizontal_flip mirrors the characters of {facts.training.data.name}",
            why="a mirrored 2 or b is no 2 or b, but keeps its label", fix="Use random_shift or random_crop",
            classes=len(classes) or facts.info.get("num_classes"),
        )  # fmt: skip


def balance(facts: Facts) -> Iterator[Finding]:
    """Rare classes are favoured by the sampler and once more in the loss."""
    sampler, weights = facts.config.data.args.get("sampler"), facts.config.objective.args.get("class_weights")
    if sampler in {"class_balanced", "weighted"} and weights and len(set(weights)) > 1:
        yield report(
            "SB812", "objective.args.class_weights", f"sampler {sampler} and class_weights both favour rare classes",
            why="rare classes count twice as much as they should, so they are predicted too often",
            fix="Keep one of the two", class_weights=max(weights) / min(weights),
        )  # fmt: skip


def splits(facts: Facts) -> Iterator[Finding]:
    """Classes that are in one split and missing in another."""
    labels, val = facts.labels(), labels_of(getattr(facts.training.data.val, "samples", None))
    classification = facts.info.get("task", "classification") == "classification"
    regression = isinstance(facts.training.job.state.objective, Regression)
    if labels is None or not classification or regression or facts.config.trainer.overfit_batches is not None:
        return
    train, known = counts(labels), facts.info.get("num_classes") or 0
    missing = [number for number in range(known) if train.get(number, 0) == 0]
    if missing and known <= 1000 and len(labels) >= 5 * known:
        yield report(
            "SB807", "data.args", f"class {listed(missing)} has no training sample",
            why="the model can never learn it", fix="Look at how the data are split or limited", missing=len(missing),
        )  # fmt: skip
    if val is None or not len(val) or len(train) > len(labels) / 4:
        return
    held_out = counts(val)
    strange = sorted(held_out.keys() - train.keys())
    if strange:
        yield report(
            "SB807", "data.args.val", f"class {listed(strange)} is in the validation data, never in the training data",
            why="every such sample counts as a mistake that the model could not avoid",
            fix="Set data.args.split_by to stratified", missing=len(strange),
        )  # fmt: skip
    absent = sorted(train.keys() - held_out.keys())
    if absent and len(val) >= 10 * len(train):
        yield report(
            "SB807", "data.args.val", f"class {listed(absent)} is not in the validation data",
            why="nothing is known of how well it is recognised", fix="Set data.args.split_by to stratified",
            severity=Severity.HINT if len(absent) * 4 < len(train) else None, missing=len(absent),
        )  # fmt: skip


def counts(labels: torch.Tensor) -> dict[int, int]:
    """How often each class occurs; those that do."""
    low = int(labels.min())
    if int(labels.max()) - low > 100_000:
        return dict(zip(*(t.tolist() for t in labels.unique(return_counts=True)), strict=True))
    found = torch.bincount(labels - low)
    return {low + number: int(count) for number, count in enumerate(found.tolist()) if count}


def task(facts: Facts) -> Iterator[Finding]:
    """A regression on class numbers."""
    objective = facts.training.job.state.objective
    classes = facts.info.get("num_classes")
    if isinstance(objective, Regression) and facts.info.get("task") == "classification":
        yield report(
            "SB244", "objective.type", f"regression on class numbers (0..{(classes or 2) - 1})",
            why="class 9 is no more than class 1, but the loss says that it is nine times as much",
            fix='Set objective.type to "Classification" and the model to one output a class', classes=classes,
        )  # fmt: skip


def listed(numbers: list[int]) -> str:
    """Class numbers for a sentence."""
    return ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")


RULES = (batch, limits, order, mirrored, balance, splits, task)
