"""How the data loaders are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import LoaderFact
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import break_line, line_in
from seedbed.doctor.probes.view import Run, report

EVALUATION_WORDS = ("val", "test", "dev", "eval", "valid", "holdout")


def probe(run: Run) -> Iterator[Finding]:
    """Report loaders that are left early, not shuffled, repeated, or that lose samples."""
    for loader in _joined(run):
        full = [e for e in loader.epochs if e.batches]
        if loader.length == 0 and loader.epochs and not loader.settings["iterable"]:
            yield report(
                "SB804", f"the loader gives no batch at all: {loader.samples} samples, batch_size="
                f"{loader.settings['batch_size']} and drop_last={loader.settings['drop_last']}", loader.site,
                "Use a smaller batch_size or drop_last=False.", samples=loader.samples,
            )  # fmt: skip
        if not full:
            continue
        training = loader.training > 0 and loader.training >= loader.evaluating
        yield from _left_early(run, loader)
        yield from _dropped(loader, training)
        trained_on = [
            n for n in loader.names if any(w in n.lower() for w in EVALUATION_WORDS) and "train" not in n.lower()
        ]
        if training and trained_on and any(o.training for o in run.record.loaders.values() if o is not loader):
            yield report(
                "SB312", f"the weights are updated on validation or test data: backward() and step() ran on "
                f"{loader.training} batches of {trained_on[0]}", loader.epochs[0].site,
                "Only evaluate on it: no backward(), no step().", batches=loader.training,
            )  # fmt: skip
        elif training:
            yield from _order(run, loader)
        else:
            yield from _drift(run, loader)
        yield from _same_batch(run, loader)
        yield from _workers(loader)
        yield from _weights(loader)


def _left_early(run: Run, loader: LoaderFact) -> Iterator[Finding]:
    epochs = [e for e in loader.epochs if e.batches]
    left = [e for e in epochs if not e.ended]
    if len(left) < 2 or len(left) < len(epochs) - 1 or not run.record.finished or loader.length < 2:
        return
    counts = {e.batches for e in left}
    first = left[0]
    if len(counts) > 1 or first.site is None or not first.in_for or first.batches >= loader.length:
        if len(counts) == 1 and first.batches == 1 and len(left) >= 4 and not first.in_for:
            yield from _first_batches(loader)
        return
    line = break_line(first.site)
    if line is None:
        return  # islice or zip: a limit that somebody set
    share = first.batches / loader.length
    yield report(
        "SB315",
        f"the loop over the data is left early in every pass (break): it stops after {first.batches} of "
        f"{loader.length} "
        f"batches, so {1 - share:.0%} of the data is never seen",
        line, "Delete the break (or return) in the batch loop.",
        batches=first.batches, length=loader.length,
    )  # fmt: skip


def _same_batch(run: Run, loader: LoaderFact) -> Iterator[Finding]:
    """The loop takes new batches from the loader, but the model always gets the same one."""
    given = [f for f in run.training_forwards if f.loader == loader.key and f.rows]
    fresh = {digest for epoch in loader.epochs for digest in epoch.digests}
    if len(given) >= 6 and len({f.rows for f in given}) == 1 and len(fresh) >= 4:
        yield report(
            "SB434", f"every step trains on the same batch: {len(given)} training passes got one and the same "
            "input although "
            f"the loader gave {len(fresh)} different batches, the loop variable is never used", given[0].site,
            "Use the batch of the loop.", passes=len(given), batches=len(fresh),
        )  # fmt: skip


def _first_batches(loader: LoaderFact) -> Iterator[Finding]:
    digests = [e.digests[0] for e in loader.epochs[:4] if e.digests]
    if len(digests) >= 3 and len(set(digests)) == 1 and loader.training:
        yield report(
            "SB426", f"next(iter(loader)) in the loop gives the same first batch every time: "
            f"{len(loader.epochs)} passes "
            f"were started and only 1 of {loader.length} batches was ever seen", loader.epochs[0].site,
            "Write for batch in loader, or keep one iterator.", passes=len(loader.epochs),
        )  # fmt: skip


def _dropped(loader: LoaderFact, training: bool) -> Iterator[Finding]:
    size = loader.settings["batch_size"] or 0
    lost = loader.samples % size if size and loader.samples else 0
    if not loader.settings["drop_last"] or not lost or loader.settings["iterable"]:
        return
    named = any(word in name.lower() for name in loader.names for word in EVALUATION_WORDS)
    if (loader.evaluating and not loader.training) or (named and not training):
        yield report(
            "SB403", f"drop_last=True on evaluation data: the last batch of {lost} of {loader.samples} samples is "
            "dropped and never evaluated", loader.site, "Use drop_last=False for evaluation.", lost=lost,
            samples=loader.samples,
        )  # fmt: skip
    elif training and lost >= 0.3 * loader.samples:
        yield report(
            "SB434", f"drop_last=True drops {lost} of {loader.samples} training samples in every epoch", loader.site,
            "Use a smaller batch_size or drop_last=False.", lost=lost,
        )  # fmt: skip


def _carries_state(run: Run, loader: LoaderFact) -> bool:
    """Say whether a recurrent model is trained on the loader and takes or gives its state: it needs the order."""
    for key in {f.root for f in run.training_forwards if f.loader == loader.key}:
        root = run.record.roots[key]
        recurrent = any(isinstance(m, nn.RNNBase | nn.RNNCellBase) for m in root.module.modules())
        if recurrent and (not root.output or (root.inputs is not None and len(root.inputs[0]) > 1)):
            return True
    return False


def _order(run: Run, loader: LoaderFact) -> Iterator[Finding]:
    epochs = [e for e in loader.epochs if e.ended and len(e.digests) >= 3]
    if len(epochs) < 2 or epochs[0].digests != epochs[1].digests or len(set(epochs[0].digests)) < 3:
        return
    sampler = loader.settings["sampler"]
    if sampler == "RandomSampler":
        yield report(
            "SB702", f"the shuffle repeats: {len(epochs)} epochs gave their {len(epochs[0].digests)} batches in "
            "the very "
            "same order, because the generator is seeded again in the loop", loader.site,
            "Seed once, before the loop.", epochs=len(epochs),
        )  # fmt: skip
    elif sampler == "SequentialSampler" and not loader.settings["iterable"] and epochs[0].in_for:
        if _carries_state(run, loader):
            return
        yield report(
            "SB401", f"the training data is not shuffled: {len(epochs)} epochs gave the same {len(epochs[0].digests)} "
            "batches in the same order (shuffle=False)", loader.site, "Write DataLoader(..., shuffle=True).",
            epochs=len(epochs),
        )  # fmt: skip


def _joined(run: Run) -> list[LoaderFact]:
    """Return the loaders; those that one line made anew for each pass over the same data become one."""
    groups: dict[tuple[Site | None, str, int, tuple[str, ...]], list[LoaderFact]] = {}
    for loader in run.record.loaders.values():
        dataset = getattr(loader.loader, "dataset", None)
        inner = str(id(getattr(dataset, "indices", dataset)))
        groups.setdefault((loader.site, inner, loader.samples, ()), []).append(loader)
    joined = []
    for group in groups.values():
        first = group[0]
        if len(group) > 1 and all(len(loader.epochs) <= 1 for loader in group):
            first = replace(first, epochs=[e for loader in group for e in loader.epochs])
            first.training = sum(loader.training for loader in group)
            first.evaluating = sum(loader.evaluating for loader in group)
            joined.append(first)
        else:
            joined.extend(group)
    return joined


def _several_views(run: Run, loader: LoaderFact) -> bool:
    """Say whether the samples of a loader are stacks of views that the model gets one by one."""
    ranks = {len(f.pointer) - 1 for f in run.record.forwards if f.loader == loader.key and f.pointer}
    return bool(ranks) and loader.settings.get("rank", 0) not in ranks


def _drift(run: Run, loader: LoaderFact) -> Iterator[Finding]:
    if _several_views(run, loader):
        return
    epochs = [e for e in loader.epochs if e.ended and e.digests]
    if len(epochs) < 2 or loader.settings["sampler"] != "SequentialSampler" or loader.settings["iterable"]:
        return
    one, two = epochs[0], epochs[1]
    if one.sizes == two.sizes and one.label_digests == two.label_digests and one.label_digests:
        changed = sum(a != b for a, b in zip(one.digests, two.digests, strict=False))
        if changed >= 0.8 * len(one.digests):
            yield report(
                "SB407", f"random augmentation is applied to evaluation data: {changed} of {len(one.digests)} batches "
                "had the same labels but other inputs in the second pass", loader.site,
                "Give the evaluation set a transform without randomness.", changed=changed,
            )  # fmt: skip


def _workers(loader: LoaderFact) -> Iterator[Finding]:
    settings = loader.settings
    epochs = [e for e in loader.epochs if e.ended and e.rows]
    if settings["iterable"] and settings["num_workers"] > 1 and epochs:
        counts = set(epochs[0].rows.values())
        if counts == {settings["num_workers"]}:
            yield report(
                "SB418", f"every worker reads the whole stream: each sample came {settings['num_workers']} times per "
                "epoch", _stream_line(loader), "Split the stream with torch.utils.data.get_worker_info().",
            )  # fmt: skip
    if loader.settings["sampler"] == "DistributedSampler" and len(epochs) >= 2:
        sampler = getattr(loader.loader, "sampler", None)
        if getattr(sampler, "shuffle", False) and getattr(sampler, "epoch", 1) == 0:
            yield report(
                "SB410", "DistributedSampler.set_epoch() is never called: every epoch has the same order", loader.site,
                "Call sampler.set_epoch(epoch) at the start of each epoch.", epochs=len(epochs),
            )  # fmt: skip
    if settings["num_workers"] > 1 and not settings["worker_init"] and loader.training:
        dataset = getattr(loader.loader, "dataset", None)
        held = [n for n, v in getattr(dataset, "__dict__", {}).items() if type(v).__name__ in
                ("Generator", "RandomState", "Random")]  # fmt: skip
        if held:
            yield report(
                "SB411", f"every worker draws the same random numbers: the dataset holds a generator "
                f"({held[0]}) that is "
                f"copied to {settings['num_workers']} workers", loader.site,
                "Seed it in worker_init_fn from torch.initial_seed().", workers=settings["num_workers"],
            )  # fmt: skip


def _stream_line(loader: LoaderFact) -> Site | None:
    return line_in(type(getattr(loader.loader, "dataset", None)), ("def __iter__",)) or loader.site


def _weights(loader: LoaderFact) -> Iterator[Finding]:
    weights = loader.settings.get("num_weights")
    if (
        weights
        and loader.samples
        and weights < loader.samples
        and loader.settings["sampler"] == "WeightedRandomSampler"
    ):
        yield report(
            "SB427", f"WeightedRandomSampler needs one weight per sample: it got {weights} weights for "
            f"{loader.samples} "
            f"samples, so only the first {weights} samples are ever drawn", loader.site,
            "Pass class_weights[labels].", weights=weights, samples=loader.samples,
        )  # fmt: skip
