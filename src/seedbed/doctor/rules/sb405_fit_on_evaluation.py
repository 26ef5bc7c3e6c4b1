"""The scaler is fitted again on evaluation data.

## What it does

Finds scalers and statistics that are fitted again on validation or test data.

## Why is this bad

The held-out data is scaled differently from the training data: the model sees shifted inputs.

## Example

```python
from sklearn.preprocessing import StandardScaler
scaler = StandardScaler()
x_train = scaler.fit_transform(x_train)
x_test = scaler.fit_transform(x_test)
model(torch.tensor(x_train))
```

## Use instead

```python
from sklearn.preprocessing import StandardScaler
scaler = StandardScaler()
x_train = scaler.fit_transform(x_train)
x_test = scaler.transform(x_test)
model(torch.tensor(x_train))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import refits, rounds
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_ONLY_FITTED = frozenset([
    "TSNE", "MDS", "SpectralEmbedding", "DBSCAN", "HDBSCAN", "OPTICS", "AgglomerativeClustering", "SpectralClustering",
    "MeanShift",
])  # fmt: skip


_VIEWS = frozenset([
    "PCA", "KernelPCA", "IncrementalPCA", "SparsePCA", "TruncatedSVD", "FastICA", "NMF", "Isomap", "UMAP", "KMeans",
    "LocallyLinearEmbedding", "MiniBatchKMeans", "GaussianMixture",
])  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.once("fit"):
        source = event.args[0] if event.args else None
        if source is None or rounds.split_of_val(source) not in ("val", "test") or event.recv is None:
            continue
        if event.recv.name.endswith(
            ("Regressor", "Classifier", "Regression", "CV", "Calibrator")
        ) or event.recv.name in (
            "SVC",
            "KNeighborsClassifier",
        ):
            continue
        if event.recv.name in _ONLY_FITTED:
            continue  # it cannot be applied to other rows: it describes those at hand, for a picture mostly
        if event.recv.name in _VIEWS and not _fitted_before(p, event):
            continue  # nothing that training went through: the features are looked at, or grouped
        split = rounds.split_of_val(source)
        yield _finding(
            p, event, f"{event.recv.name} is fitted again ({event.name}, refit) on {split} data with its own mean"
        )
    for event in p.all("assign") if p.made("div") else ():
        val = event.result
        if val is None or val.kind != "tensor" or val.name != "div" or len(val.args) != 2 or id(event.node) in seen:
            continue
        top, bottom = val.args
        if top.name != "sub" or len(top.args) != 2 or not top.args[0].name:
            continue
        base, mean = top.args
        if not d.held_out(base, p) or split_of(event.name) == "train":
            continue
        own = [
            v
            for part in (mean, bottom)
            for v in q.chain(part)
            if v.name in ("mean", "std", "min", "max", "var") and v.args and v.args[0] is base and not d.per_sample(v)
        ]
        if len(own) >= 1:
            seen.add(id(event.node))
            yield _finding(p, event, "the held-out data is normalised with its own mean and deviation")
    yield from _refitted(p, seen)


def _fitted_before(p: Program, event: Event) -> bool:
    """Whether one of the same class is fitted on other data too."""
    names = {event.recv.name} if event.recv is not None else set()
    others = [e for e in p.all("fit") if e.node is not event.node and e.recv is not None and e.recv.name in names]
    return any(e.args and rounds.split_of_val(e.args[0]) not in ("val", "test") for e in others)


def _refitted(p: Program, seen: set[int]) -> Iterator[Finding]:
    """What the measured inputs or targets went through is fitted anew, not the one that training used."""
    for at, what in refits.scalers(p):
        if id(at.node) not in seen:
            seen.add(id(at.node))
            yield _finding(p, at, what)
    for at, what in refits.encoders(p):
        if id(at.node) not in seen:
            seen.add(id(at.node))
            yield p.report(
                "SB405",
                at,
                f"{what}: the codes differ between training and evaluation",
                why="one word or class has different ids in training and evaluation, because each split is encoded "
                "separately (the mapping is re-fit on its own data)",
                fix="Build the mapping once, from the training data, and use it for every split",
            )


def _finding(p: Program, at: Event | Val, what: str) -> Finding:
    return p.report(
        "SB405",
        at,
        f"{what}: its statistics differ from the training statistics",
        why="fitted on the test data (its own statistics), it puts the inputs on another scale than in training",
        fix="Use the statistics of the training data: scaler.transform(x), or (x - train_mean) / train_std",
    )
