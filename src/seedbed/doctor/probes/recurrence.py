"""States of recurrent layers: passed on from step to step, and in the right order."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report recurrent layers that forget their state, and initial states with hidden and cell exchanged."""
    states = run.recorder.tensors.states
    carried = {key for key, steps in states.layers.items() if steps.carried}
    told: set[int] = set()
    for note in run.record.noted("restarted-state"):
        key, kind = note.first["key"], note.first["kind"].replace("_cell", "").removesuffix("_tanh").upper()
        if key in carried or key in told:
            continue
        told.add(key)
        where = "generates one step at a time" if note.first["outer"] else "goes through time step by step"
        yield report(
            "SB821", f"the recurrent state is not passed on: the loop {where}, but each of {note.last['calls']} calls "
            f"of the {kind} starts from a hidden state of zeros, so it has no memory of the steps before", note.site,
            "Keep the state that the call returns and give it to the next call.", calls=note.last["calls"],
        )  # fmt: skip
    for note in run.record.noted("swapped-state"):
        if note.count >= 2:
            yield report(
                "SB859", "hidden state and cell state are swapped: the LSTM gets (c, h) of an earlier layer as its "
                "initial state, but it takes (h, c)", note.site, "Pass (h, c) in the order in which the LSTM returns "
                "them.", shape=note.first["shape"],
            )  # fmt: skip
