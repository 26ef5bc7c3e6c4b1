"""The page of results says what its records say, and the targets are judged by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedbed.bench import record
from seedbed.bench.page import assemble, main
from seedbed.bench.pairs import FLOOR, WATCHING, left_out
from seedbed.bench.targets import target_table
from seedbed.errors import DataError

PAGE = Path(__file__).parents[3] / "docs" / "benchmarks.md"


def measurement(workload: str, variant: str, seconds: float, peak: int) -> dict[str, Any]:
    sample = {
        "seconds": seconds, "cpu_seconds": seconds / 2, "process_seconds": seconds, "process_cpu_seconds": 1.0,
        "peak_bytes": peak, "steps": 100, "accuracy": 0.5,
    }  # fmt: skip
    return {"workload": workload, "variant": variant, "samples": [sample], "failure": None}


def service(workload: str, name: str, on: float, off: float) -> dict[str, Any]:
    both = [
        [{"seconds": value, "cpu_seconds": value, "steps": 100, "step_seconds": value / 100}] * 6 for value in (on, off)
    ]
    return {"workload": workload, "service": name, "on": both[0], "off": both[1], "failure": None}


def made() -> dict[str, Any]:
    return {
        "schema": record.SCHEMA,
        "kind": "workloads",
        "about": record.about(["seedbed", "bench"], rounds=1),
        "notes": [],
        "workloads": {"w1": "MLP", "w4": "GPT"},
        "measurements": [
            measurement("w1", "by hand", 1.0, 100),
            measurement("w1", "seedbed", 0.3, 110),
            measurement("w1", "lightning", 2.0, 200),
        ],
        "medians": [],
        "services": [
            service("w4", FLOOR, 1.005, 1.0),
            service("w1", FLOOR, 1.0, 0.9),
            service("w1", WATCHING, 1.0, 0.99),
        ],
        "costs": [],
    }


def test_every_target_is_judged_by_its_figure() -> None:
    assert target_table(made())[2:] == [
        "| W1 training ≤ 0.40 × by hand | 0.30; CPU 0.30 | yes |",
        "| W1 training ≤ 0.10 × lightning | 0.15; CPU 0.15 | no |",
        "| W1 whole process ≤ 0.50 × by hand | 0.30 | yes |",
        "| W1 peak memory ≤ 1.05 × by hand | 1.10 | no |",
        "| W4 a step ≤ 1.01 × floor, same numerics | 1.005 | yes |",
        "| W1 a step ≤ 40 µs over the floor | 1000 µs | no |",
        f"| W1: {WATCHING} ≤ 2% of training | 1.0% CPU | yes |",
    ]
    assert left_out(WATCHING) == ["digests", "tracking", "monitors", "manifest"]


def test_a_block_is_made_again_and_the_words_around_it_stay(tmp_path: Path) -> None:
    record.write(made(), tmp_path / "r.json")
    page = tmp_path / "page.md"
    text = "before\n<!-- targets r.json -->\nold\n<!-- end -->\nbetween\n<!-- record no.json -->\n<!-- end -->\nafter\n"
    page.write_text(text)
    assert main([str(page)]) == 0
    once = page.read_text()
    assert once.startswith("before\n<!-- targets r.json -->\n\n| target | measured | met |")
    assert "old" not in once
    assert "between\n<!-- record no.json -->\n\nNot measured yet: there is no `no.json`." in once
    assert once.endswith("<!-- end -->\nafter\n")
    assert assemble(once, tmp_path) == once


def test_a_page_or_record_that_is_not_there_or_damaged_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "page.md")]) != 0
    assert "page.md does not exist" in capsys.readouterr().err
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(DataError, match="not a record"):
        assemble("<!-- record r.json -->\n<!-- end -->", tmp_path)


@pytest.mark.skipif(not PAGE.is_file(), reason="the docs folder is not beside the tests")
def test_the_committed_page_is_what_its_records_make() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert assemble(text, PAGE.parent) == text
