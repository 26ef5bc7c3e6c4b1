"""The reader's quality on the part of the corpus that rules may be built with."""

from __future__ import annotations

import json
import re
from pathlib import Path

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static.engine import check_paths, check_text

ROOT = Path(__file__).parent / "corpus"
HELD_OUT = set((ROOT / "held_out.txt").read_text().split())


def warnings(path: Path) -> list[Finding]:
    return [f for f in check_paths([path]) if f.severity >= Severity.WARNING]


def test_most_mistakes_are_found_and_their_twins_are_quiet() -> None:
    total = found = dirty = 0
    for file in sorted(ROOT.glob("pairs/*/meta.json")):
        if file.parent.name in HELD_OUT:
            continue
        meta = json.loads(file.read_text())
        total += 1
        texts = [f"{f.message} {f.name}".lower() for f in warnings(file.parent / f"buggy.{meta['format']}")]
        found += any(word.lower() in text for text in texts for word in meta["keywords_any"])
        dirty += bool(warnings(file.parent / f"clean.{meta['format']}"))
    assert total > 50
    assert found / total > 0.8
    assert dirty / total <= 0.02


def test_correct_programs_are_quiet() -> None:
    files = [f for f in sorted(ROOT.glob("correct/*.py")) if f.stem not in HELD_OUT]
    dirty = [f.name for f in files if warnings(f)]
    assert len(dirty) <= 0.02 * len(files), dirty


def _versions(block: str) -> tuple[str, str]:
    """The mistaken and the right program of a block: lines marked #BUG are in the first only, #OK in the second."""
    lines = block.splitlines()
    wrong = [re.sub(r"\s*#BUG$", "", line) for line in lines if not line.rstrip().endswith("#OK")]
    right = [re.sub(r"\s*#OK$", "", line) for line in lines if not line.rstrip().endswith("#BUG")]
    return "\n".join(wrong) + "\n", "\n".join(right) + "\n"


def test_known_mistakes_are_found_in_other_words() -> None:
    blocks = [
        b for f in sorted(ROOT.glob("variations/*.txt")) for b in re.split(r"^#### ", f.read_text(), flags=re.M)[1:]
    ]
    found = dirty = 0
    for block in blocks[::4]:
        wrong, right = _versions(block.partition("\n")[2])
        said = [{f.code for f in check_text(text) if f.severity >= Severity.WARNING} for text in (wrong, right)]
        found += bool(said[0] - said[1])
        dirty += bool(said[1])
    total = len(blocks[::4])
    assert total > 100
    assert found / total > 0.8
    assert dirty / total <= 0.02
