"""The facts that the recorder writes and the probes read: plain data, in the order in which things happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.doctor.observe.gradients import Sample, marks_of, sizes_of
from seedbed.doctor.observe.rows import row_hashes
from seedbed.doctor.observe.site import Site


@dataclass
class Note:
    """Something worth knowing that was seen at one line, with the numbers of the first and the last time."""

    kind: str
    site: Site | None
    first: dict[str, Any]
    last: dict[str, Any]
    count: int = 1
    steps: set[int] = field(default_factory=set)


@dataclass
class BackwardFact:
    """One call of ``backward()``."""

    number: int
    site: Site | None
    step: int
    root: str = ""
    value: float | None = None
    retain: bool = False
    nodes: int = 0
    data: bool = False
    batch: int = 0
    scaled: bool = False
    seconds: float = 0.0


@dataclass
class OptimizerFact:
    """One optimizer: where it was built, what it holds, and what its steps found.

    ``stale`` counts steps whose gradients were never cleared since the step before; ``empty`` those without any
    gradient; ``repeated`` those on the very gradient of the step before. ``rewound`` says that the weights were changed
    between the last step of the optimizer before it and this one: a new training, not a lost state.
    """

    key: int
    kind: str
    site: Site | None
    settings: dict[str, Any]
    params: list[Tensor]
    birth: int = 0
    steps: int = 0
    last_step: int = 0
    step_sites: Counter[Site | None] = field(default_factory=Counter)
    zero_sites: Counter[Site | None] = field(default_factory=Counter)
    judged: int = 0
    stale: int = 0
    empty: int = 0
    empty_first: bool = False
    erased: int = 0
    erased_by: Site | None = None
    repeated: int = 0
    leaked: Counter[Site | None] = field(default_factory=Counter)
    discarded: Counter[Site | None] = field(default_factory=Counter)
    discarding: Counter[tuple[Site | None, Site | None]] = field(default_factory=Counter)
    leaking: Counter[Site | None] = field(default_factory=Counter)
    wasted: Counter[Site | None] = field(default_factory=Counter)
    backs: list[BackwardFact] = field(default_factory=list)
    backs_per_step: list[tuple[int, bool]] = field(default_factory=list)
    undivided: Counter[Site | None] = field(default_factory=Counter)
    attacked: Counter[Site | None] = field(default_factory=Counter)
    sample: Sample | None = None
    cleared: bool = True
    clears: list[Site | None] = field(default_factory=list)
    clears_per_window: Counter[Site | None] = field(default_factory=Counter)
    grad_seen: set[int] = field(default_factory=set)
    grad_nonzero: set[int] = field(default_factory=set)
    grad_any: set[int] = field(default_factory=set)
    grad_looks: Counter[int] = field(default_factory=Counter)
    grad_checks: int = 0
    marks: dict[int, tuple[int, int]] = field(default_factory=dict)
    start: dict[int, Tensor] = field(default_factory=dict)
    ratios: list[float] = field(default_factory=list)
    bad_grads: int = 0
    sizes: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    clip_good: Counter[Site | None] = field(default_factory=Counter)
    clip_late: Counter[Site | None] = field(default_factory=Counter)
    clip_early: Counter[Site | None] = field(default_factory=Counter)
    clip_scaled: Counter[Site | None] = field(default_factory=Counter)
    clip_ids: set[int] = field(default_factory=set)
    plain_steps_scaled: Counter[Site | None] = field(default_factory=Counter)
    frozen_moved: dict[str, float] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    others_between: bool = False
    unscaled: bool = False
    aside: str = ""
    left: tuple[int, int] = (0, 0)
    rewound: bool = False
    options: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())

    @property
    def written(self) -> tuple[int, int]:
        """How often the first and the last parameter were written to."""
        return (version_of(self.params[0]), version_of(self.params[-1])) if self.params else (0, 0)

    def mark(self, watched: list[Tensor], *, judged: bool) -> None:
        """Remember the gradients of the step that was just made; their sizes too, where it was not judged."""
        self.marks = marks_of(watched)
        if not judged:
            grads = [p.grad for p in watched if p.grad is not None]
            self.sizes = sizes_of(grads) if all(map(is_plain, grads)) else []


@dataclass
class SchedulerFact:
    """One learning-rate schedule and when it was stepped."""

    key: int
    kind: str
    site: Site | None
    optimizer: int
    settings: dict[str, Any]
    birth: int = 0
    calls: int = 0
    sites: Counter[Site | None] = field(default_factory=Counter)
    at_steps: list[int] = field(default_factory=list)
    metrics: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    refused: int = 0


@dataclass
class ForwardFact:
    """One call of a module at the top level: a training pass when a backward pass reached its output.

    ``asked``: a derivative by its input was taken, and none by the weights.
    """

    number: int
    root: int
    site: Site | None
    step: int
    backwards: int
    training: bool
    active: tuple[str, ...]
    grad: bool
    recorded: bool
    text: str = ""
    reached: bool = False
    asked: bool = False
    pointer: tuple[int, ...] = ()
    batch: int = 0
    loader: int = 0
    consumer: ForwardFact | None = None
    flat: Tensor | None = None
    known: dict[Any, Any] | None = None
    digests: tuple[int, ...] | None = None

    @property
    def rows(self) -> tuple[int, ...]:
        """One digest per sample of the input; computed from the kept numbers when they are first asked for."""
        if self.digests is None:
            wanted = self.flat is not None and self.known is not None
            self.digests = row_hashes(self.flat, self.known) if wanted else ()  # type: ignore[arg-type]
            self.known = None
        return self.digests


@dataclass
class RootFact:
    """A module that the script calls itself, with all that hangs below it.

    ``late``: an optimizer had stepped it before it was first seen, so how it began is not known. Of several tensors
    that it gives, ``given`` counts how often each was watched, and ``taken`` has those that something read, by number.
    """

    key: int
    module: nn.Module
    name: str
    site: Site | None
    trainable: bool = False
    late: bool = False
    forwards: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    members: set[int] = field(default_factory=set)
    called: set[int] = field(default_factory=set)
    inputs: tuple[Any, Any] | None = None
    target: Tensor | None = None
    eval_by: Site | None = None
    start: dict[str, Tensor] = field(default_factory=dict)
    spreads: dict[str, tuple[float, float]] = field(default_factory=dict)
    wide: tuple[str, ...] = ()
    output: tuple[int, ...] = ()
    given: Counter[int] = field(default_factory=Counter)
    taken: set[int] = field(default_factory=set)
    first_layer: nn.Module | None = None
    entry: tuple[float, float] | None = None
    moody: list[nn.Module] | None = None

    @cached_property
    def gains(self) -> dict[str, tuple[float, float]]:
        """Deviation and mean that the matrices began with, by name."""
        return self.spreads or {name: spread(self.start[name]) for name in self.wide}


@dataclass
class LossCall:
    """One call of a loss function, with what its arguments looked like.

    ``look`` measures the kept arguments when ``seen`` is first asked for, so that it costs the training step nothing.
    """

    name: str
    site: Site | None
    step: int
    look: Callable[[], dict[str, Any]]
    training: bool
    reached: bool = False
    value: float | None = None

    @cached_property
    def seen(self) -> dict[str, Any]:
        """The numbers that decide whether the loss was fed what it expects."""
        look, self.look = self.look, dict
        return look()


@dataclass
class LoaderFact:
    """One ``DataLoader`` and how it was read."""

    key: int
    site: Site | None
    names: tuple[str, ...]
    length: int
    samples: int
    settings: dict[str, Any]
    loader: Any = None
    epochs: list[EpochFact] = field(default_factory=list)
    training: int = 0
    evaluating: int = 0


@dataclass
class EpochFact:
    """One pass over a loader: how many batches came, whether it ended, and a digest per batch.

    ``changed`` counts the batches whose reading changed tensors that the data set stores.
    """

    step: int
    changed: int = 0
    batches: int = 0
    ended: bool = False
    site: Site | None = None
    in_for: bool = False
    digests: list[int] = field(default_factory=list)
    label_digests: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    rows: Counter[int] = field(default_factory=Counter)


@dataclass
class Moments:
    """Running sums per feature over distinct rows, for comparing splits."""

    count: int = 0
    total: Tensor | None = None
    square: Tensor | None = None
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, rows: Tensor) -> None:
        """Add rows of shape (N, F), float64."""
        self.count += rows.shape[0]
        total, square = rows.sum(0), (rows * rows).sum(0)
        self.total = total if self.total is None else self.total + total
        self.square = square if self.square is None else self.square + square
        self.low, self.high = min(self.low, float(rows.min())), max(self.high, float(rows.max()))

    def mean(self) -> Tensor:
        """Mean per feature, (F,)."""
        assert self.total is not None
        return self.total / max(self.count, 1)

    def deviation(self) -> Tensor:
        """Population standard deviation per feature, (F,)."""
        assert self.square is not None
        return (self.square / max(self.count, 1) - self.mean() ** 2).clamp_min(0).sqrt()


@dataclass
class Record:
    """All facts of one run."""

    steps: int = 0
    optimizers: dict[int, OptimizerFact] = field(default_factory=dict)
    schedulers: dict[int, SchedulerFact] = field(default_factory=dict)
    backwards: list[BackwardFact] = field(default_factory=list)
    num_backwards: int = 0
    grad_calls: int = 0
    forwards: list[ForwardFact] = field(default_factory=list)
    num_forwards: int = 0
    roots: dict[int, RootFact] = field(default_factory=dict)
    losses: list[LossCall] = field(default_factory=list)
    loaders: dict[int, LoaderFact] = field(default_factory=dict)
    notes: dict[tuple[str, str, int], Note] = field(default_factory=dict)
    leaves: dict[int, Tensor] = field(default_factory=dict)
    leaf_starts: dict[int, tuple[float, float, float, int]] = field(default_factory=dict)
    leaf_counts: Counter[int] = field(default_factory=Counter)
    walks: int = 0
    joints: dict[Any, int] = field(default_factory=dict)  # graph nodes between two linear layers, and the second one
    forked: set[int] = field(default_factory=set)  # those second layers whose input is also used elsewhere
    walk_sites: dict[int, Site | None] = field(default_factory=dict)
    made_at: dict[int, tuple[str, Site]] = field(default_factory=dict)
    stray: dict[int, tuple[nn.Module, int]] = field(default_factory=dict)
    samples: dict[str, list[tuple[Tensor, Tensor]]] = field(default_factory=dict)
    seen_rows: dict[str, dict[int, int]] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)
    alive: list[tuple[str, int, int, Site | None]] = field(default_factory=list)
    seeds: dict[str, list[tuple[Site | None, Any, int]]] = field(default_factory=dict)
    finished: bool = False
    crashed: str = ""
    stopped: str = ""

    def note(self, kind: str, site: Site | None, /, **data: Any) -> None:
        """Write down that something was seen at a line; the same again only counts."""
        key = (kind, site.file if site else "", site.line if site else 0)
        known = self.notes.get(key)
        if known is None:
            known = self.notes[key] = Note(kind, site, data, data, 0)
        known.count += 1
        known.last = data
        if len(known.steps) < 64:
            known.steps.add(self.steps)

    def noted(self, kind: str) -> list[Note]:
        """Return the notes of one kind."""
        return [note for note in self.notes.values() if note.kind == kind]


@torch.no_grad()
def spread(tensor: Tensor) -> tuple[float, float]:
    """Return the standard deviation and the mean of a tensor's numbers."""
    values = tensor.float()
    return float(values.std()), float(values.mean())


def is_plain(value: object) -> bool:
    """Say whether ``value`` is an ordinary dense tensor whose numbers may be read here."""
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and not value.is_meta
        and not torch._C._functorch.is_functorch_wrapped_tensor(value)
    )


def version_of(tensor: Any) -> int:
    """Return how often a tensor was changed in place; tensors of inference mode do not count."""
    return -1 if tensor.is_inference() else int(tensor._version)


def root_name(tensor: Tensor | None) -> str:
    """Return the name of the operation that made a tensor: ``"AddmmBackward0"`` → ``"Addmm"``, a summed loss → Sum."""
    node = None if tensor is None else tensor.grad_fn
    if getattr(node, "_saved_reduction", None) == 2:
        return "Sum"
    return "" if node is None else node.name().split("Backward")[0]


_VIEWS = ("View", "Squeeze", "Unsqueeze", "Reshape", "UnsafeView", "_UnsafeView", "Transpose", "T", "Permute")
_VIEWS_TOO = ("Select", "Slice", "Alias", "Clone", "Expand", "Index", "ToCopy", "Contiguous", "SqueezeDim")


def maker(tensor: Tensor | None, limit: int = 6) -> tuple[str, Any]:
    """Return the name and the node of the operation that made a tensor, looking through views and copies."""
    node = None if tensor is None else tensor.grad_fn
    for _ in range(limit):
        if node is None:
            return "", None
        name = node.name().split("Backward")[0]
        if name not in _VIEWS and name not in _VIEWS_TOO:
            return name, node
        node = node.next_functions[0][0] if node.next_functions else None
    return "", None
