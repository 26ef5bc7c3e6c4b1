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
