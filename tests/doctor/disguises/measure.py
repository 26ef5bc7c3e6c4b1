"""How many findings survive each disguise: ``python tests/doctor/disguises/measure.py [--every N] [NAME …]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from disguise import ALL, disguised

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static.engine import check_text

CORPUS = Path(__file__).parent.parent / "corpus"
FOLDERS = (
    "pairs",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
)


def warnings(text: str) -> list[Finding]:
    """What is found at warning or above."""
    return [f for f in check_text(text) if f.severity >= Severity.WARNING]


def named(found: list[Finding], words: list[str]) -> set[str]:
    """The codes of the findings that name the mistake."""
    return {f.code for f in found if any(w.lower() in f"{f.message} {f.name}".lower() for w in words)}


def pairs(every: int) -> Iterator[Path]:
    """Every N-th folder of the corpus that holds a pair of scripts."""
    folders = [m.parent for d in FOLDERS for m in sorted((CORPUS / d).glob("*/meta.json"))]
    yield from (f for f in folders[::every] if (f / "buggy.py").exists())


def one_pair(folder: Path, names: list[str]) -> dict[str, str]:
    """For each disguise what became of the finding; nothing where the plain script has none."""
    words = json.loads((folder / "meta.json").read_text())["keywords_any"]
    text = (folder / "buggy.py").read_text()
    before = named(warnings(text), words)
    result: dict[str, str] = {}
    for name in names if before else []:
        new = disguised(text, ALL[name])
        if new is not None:
            after = warnings(new)
            result[name] = "kept" if named(after, words) else f"lost {sorted(before)} found {[f.code for f in after]}"
    return result


def one_correct(file: Path, names: list[str]) -> dict[str, str]:
    """For each disguise the findings that a quiet script gets by it."""
    text = file.read_text()
    result: dict[str, str] = {}
    for name in [] if warnings(text) else names:
        new = disguised(text, ALL[name])
        if new is not None:
            after = warnings(new)
            result[name] = f"false {[(f.code, f.line) for f in after]}" if after else "kept"
    return result


def main() -> None:
    """Print one line for every finding that is lost or new, and a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--correct", action="store_true", help="quiet scripts instead of mistakes")
    args = parser.parse_args()
    names = args.names or list(ALL)
    if args.correct:
        files = [f / "clean.py" for f in pairs(1)] + sorted((CORPUS / "correct").glob("*.py"))
        work, function = files[args.offset :: args.every], partial(one_correct, names=names)
    else:
        work, function = list(pairs(1))[args.offset :: args.every], partial(one_pair, names=names)
    counts = {name: [0, 0] for name in names}
    with ProcessPoolExecutor(args.jobs) as pool:
        for path, result in zip(work, pool.map(function, work, chunksize=4), strict=True):
            for name, what in result.items():
                counts[name][0] += 1
                counts[name][1] += what == "kept"
                if what != "kept":
                    print(name, path.relative_to(CORPUS), what, flush=True)
    for name, (tried, kept) in counts.items():
        print(f"{name:26} {kept:5} of {tried:5}  {kept / max(tried, 1):.1%}")


if __name__ == "__main__":
    main()
