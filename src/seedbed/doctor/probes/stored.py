"""What reading a data set does to the samples that it stores."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Subset

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.site import Site
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report data sets whose samples are changed in every pass. A cache that is filled once is none of them."""
    for fact in run.record.loaders.values():
        passes = [epoch for epoch in fact.epochs if epoch.changed]
        if len(passes) < 2 or passes[-1].changed < 0.5 * passes[-1].batches:
            continue
        dataset = fact.loader.dataset
        while isinstance(dataset, Subset):
            dataset = dataset.dataset
        name = type(dataset).__name__
        yield report(
            "SB421", f"the samples that {name} stores are changed in place while they are read: in {len(passes)} "
            "passes over the loader, so the change (noise, gain, normalisation) adds up from epoch to epoch",
            _reader(dataset) or fact.site, "Work on a copy in __getitem__ and in the transforms: x = x + noise, or "
            "x.clone() first.", passes=len(passes), batches=passes[-1].changed,
        )  # fmt: skip
        return


def _reader(dataset: object) -> Site | None:
    """Where the data set reads a sample."""
    code = getattr(getattr(type(dataset), "__getitem__", None), "__code__", None)
    return Site(code.co_filename, code.co_firstlineno, "__getitem__") if code is not None else None
