"""Autograd graphs that live longer than their step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.source import keeper_line
from seedbed.doctor.probes.view import Run, report

CURE = "Keep loss.item() or loss.detach() instead of the tensor."


def probe(run: Run) -> Iterator[Finding]:
    """Report kept losses and outputs, sums that chain graphs, and hidden states that are never detached."""
    done = False
    for what, step, alive, site in reversed(run.record.alive):
        if step >= 6 and alive >= max(5, 0.7 * min(step, run.record.num_backwards)) and not done:
            words = ("loss", "cost", "err", "total", "run") if what == "loss" else ("append", "out", "pred", "logit")
            place = keeper_line(site, words) if site is not None else None
            thing = "loss tensors" if what == "loss" else "model outputs"
            done = True
            yield report(
                "SB216", f"{thing} are kept with their autograd graph: after {step} steps {alive} of them are "
                "still alive, "
                "so memory grows with every step", place, CURE, step=step, alive=alive,
            )  # fmt: skip
    for note in run.record.noted("growing-sum"):
        if not done and len(note.steps) >= 2:
            done = True
            yield report(
                "SB216", f"a running sum keeps its autograd graph: the loss tensors of {note.last['length']} "
                "steps hang "
                "on it and memory grows with every step", note.site, "Add loss.item() instead of the tensor.",
                **note.last,
            )  # fmt: skip
    yield from _growing_graph(run)


def _growing_graph(run: Run) -> Iterator[Finding]:
    walked = [b for b in run.record.backwards if b.nodes and b.retain]
    if len(walked) < 4:
        return
    nodes = [b.nodes for b in walked]
    rising = next((i for i, (a, b) in enumerate(pairwise(nodes), 1) if b <= a), len(nodes))
    nodes = nodes[:rising]
    if len(nodes) >= 4 and nodes[-1] > 2 * nodes[0]:
        yield report(
            "SB229", f"the hidden state is carried from batch to batch without detach(): the graph grew from "
            f"{nodes[0]} "
            f"to {nodes[-1]} nodes, and retain_graph=True hides it", walked[0].site,
            "Call hidden = hidden.detach() before each batch, and drop retain_graph=True.",
            first=nodes[0], last=nodes[-1],
        )  # fmt: skip
