"""Findings of the reader and of the run that are one: who says what is wrong."""

from __future__ import annotations

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity, merge


def _pair(severity: Severity) -> tuple[Finding, Finding]:
    read = CHECKS["SB603"].finding(
        "the decay is overwritten", severity=severity, line=10, why="it sticks.", fix="Keep it"
    )
    seen = CHECKS["SB603"].finding("each update moves it 80%", line=12, evidence={"share": 0.8}, source="dynamic")
    return read, seen


def test_the_reader_names_the_cause_and_what_was_seen_is_added() -> None:
    (joined,) = merge([*_pair(Severity.ERROR)])
    assert joined.title == "the decay is overwritten"
    assert "each update moves it 80%" in joined.why
    assert joined.fix == "Keep it"
    assert (joined.line, joined.source, joined.evidence) == (10, "both", {"share": 0.8})


def test_a_reader_that_is_less_sure_only_gives_its_line() -> None:
    (joined,) = merge([*_pair(Severity.HINT)])
    assert joined.title == "each update moves it 80%"
    assert joined.line == 10


def _why(title: str, why: str = "backward() adds to .grad") -> str:
    read = CHECKS["SB101"].finding("zero_grad() is missing in the training loop", line=9, why=why)
    seen = CHECKS["SB101"].finding(title, line=9, source="dynamic")
    return merge([read, seen])[0].why


def test_what_was_seen_adds_its_numbers_and_does_not_say_the_mistake_again() -> None:
    counted = "zero_grad() is missing: gradients accumulate over all steps (3 of the 9 steps held older gradients)"
    assert _why(counted) == "backward() adds to .grad; seen while it ran: 3 of the 9 steps held older gradients"
    assert _why("zero_grad() is missing: gradients accumulate in float16 (line 12)") == "backward() adds to .grad"
    assert _why("nothing clears them: 9 steps", "9 steps add up") == "9 steps add up"


def test_a_call_in_what_was_seen_stays_whole() -> None:
    assert _why("backward() of 2 losses ran before step(0.1)", "").endswith(
        "backward() of 2 losses ran before step(0.1)"
    )


def test_what_follows_a_range_in_brackets_is_not_glued_to_it() -> None:
    seen = "cross_entropy got softmax output: every row sums to 1.000 (min 0.1, max 0.9), but it expects raw scores"
    assert _why(seen, "").endswith("seen while it ran: every row sums to 1.000; min 0.1, max 0.9")
