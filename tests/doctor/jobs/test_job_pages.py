"""Pages of mistakes in a job: the example fires, the cure does not."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding
from seedbed.doctor.pages import SECTIONS, read_page
from seedbed.result import Options
from seedbed.run import train

BEFORE = (
    "SB147", "SB520", "SB704",
    "SB715", "SB716", "SB801", "SB803", "SB805", "SB806", "SB807", "SB808", "SB809", "SB810", "SB811",
    "SB812", "SB813", "SB814", "SB815", "SB816", "SB817", "SB818", "SB904",
)  # fmt: skip
WHILE = ("SB902", "SB903", "SB905", "SB906", "SB907", "SB911", "SB912", "SB913")


def blocks(code: str) -> list[tuple[dict[str, Any], str]]:
    """Changes to a config, or code of its parts, of the example and of the cure."""
    page = importlib.import_module(CHECKS[code].module).__doc__ or ""
    found = re.findall(r"```(json|python)\n(.*?)```", page, flags=re.S)
    return [(json.loads(text), "") if kind == "json" else ({}, text) for kind, text in found]


@pytest.mark.parametrize("code", BEFORE)
def test_the_example_of_a_page_fires_and_its_cure_does_not(code: str, findings: Callable[..., list[Finding]]) -> None:
    bad, good = blocks(code)
    assert code in {finding.code for finding in findings(*bad)}
    assert code not in {finding.code for finding in findings(*good)}


@pytest.mark.parametrize("code", [*BEFORE, *WHILE])
def test_a_page_about_a_job_has_all_sections(code: str) -> None:
    page = read_page(CHECKS[code])
    assert page is not None
    assert all((page.title, page.what, page.why, page.example, page.instead)), SECTIONS
    assert not page.example.startswith("```")


@pytest.mark.parametrize("code", ["SB903", "SB905", "SB906", "SB907", "SB911"])
def test_the_example_of_a_page_about_a_run_fires_while_training(
    code: str, job: Callable[..., Path], tmp_path: Path
) -> None:
    base = {"trainer": {"epochs": 14, "threads": 1, "clip_norm": 100.0}, "tracking": {"log_every": 10}}
    if code == "SB906":
        base["optimizer"] = {"args": {"lr": 0.03}}
    for (change, source), fires in zip(blocks(code), (True, False), strict=True):
        folder = tmp_path / str(fires)
        whole = {**base, **change, "trainer": {**base["trainer"], **change.get("trainer", {})}}
        train(job(whole, source), options=Options(out=folder, console="silent", probe=False))
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        assert (code in {event.get("code") for event in events}) is fires
