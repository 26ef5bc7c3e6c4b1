#!/usr/bin/env python3
"""Check that the corpus is in order: every script runs, every meta.json has the form.

    python verify.py                  # everything, two scripts at a time
    python verify.py --only softmax   # scripts whose path contains the word
    python verify.py --form           # meta.json only, nothing is run
    python verify.py --warm           # in forks of one process that has torch loaded: ten times faster

Exit 1 when a script crashes, hangs or prints nothing, or when a meta.json is out of form.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KEYS = {
    "id", "slug", "title", "category", "needs", "finding_must_say", "keywords_any",
    "format", "buggy_lines", "clean_lines", "evidence",
}  # fmt: skip
TIMEOUT = 60


def ranges_fit(ranges: Any, source: Path) -> bool:
    """Whether ranges are 1-based inclusive line ranges inside the file."""
    n = len(source.read_text().splitlines())
    return bool(ranges) and all(1 <= a <= b <= n for a, b in ranges)


def check_meta(path: Path) -> list[str]:
    """What is wrong with one meta.json, as sentences."""
    meta = json.loads(path.read_text())
    folder, wrong = path.parent, []
    missing = KEYS - set(meta)
    if missing:
        return [f"lacks {', '.join(sorted(missing))}"]
    if meta["slug"] != folder.name:
        wrong.append(f"slug {meta['slug']!r} is not the folder's name")
    if meta["needs"] not in ("static", "dynamic", "either"):
        wrong.append(f"needs is {meta['needs']!r}")
    words = meta["keywords_any"]
    if not (isinstance(words, list) and words and all(isinstance(w, str) and w.strip() for w in words)):
        wrong.append("keywords_any is not a list of words")
    if meta["format"] in ("py", "ipynb"):
        for kind in ("buggy", "clean"):
            source = folder / f"{kind}.{meta['format']}"
            if not source.exists():
                wrong.append(f"{source.name} is missing")
            elif meta["format"] == "py" and not ranges_fit(meta[f"{kind}_lines"], source):
                wrong.append(f"{kind}_lines {meta[f'{kind}_lines']} do not fit the file")
            elif meta["format"] == "ipynb" and meta[f"{kind}_lines"] is not None:
                wrong.append(f"{kind}_lines of a notebook must be null")
    elif meta["format"] == "package":
        for kind in ("buggy", "clean"):
            if not (folder / kind / meta["entry"]).exists():
                wrong.append(f"{kind}/{meta['entry']} is missing")
            for name, ranges in meta[f"{kind}_lines"].items():
                if not ranges_fit(ranges, folder / kind / name):
                    wrong.append(f"{kind}_lines of {name} do not fit the file")
    else:
        wrong.append(f"format is {meta['format']!r}")
    return wrong


def notebook_source(path: Path) -> str:
    """The code cells of a notebook as one script, without magics."""
    lines: list[str] = []
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            text = "".join(cell["source"])
            lines += ["" if x.lstrip().startswith(("%", "!")) else x for x in text.split("\n")]
    return "\n".join(lines) + "\n"


def run(path: Path) -> tuple[Path, float, str]:
    """Run one script in an empty directory; the sentence is empty when all is well."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as work:
        script = path
        if path.suffix == ".ipynb":
            script = Path(work) / "notebook.py"
            script.write_text(notebook_source(path))
        start = time.monotonic()
        try:
            done = subprocess.run(
                [sys.executable, str(script)], cwd=work, env=env, capture_output=True, text=True, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            return path, float(TIMEOUT), f"ran longer than {TIMEOUT} s"
    seconds = time.monotonic() - start
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return path, seconds, f"exit {done.returncode}: {last[0]}"
    return path, seconds, "" if done.stdout.strip() else "printed nothing"


def run_warm(path: Path) -> tuple[Path, float, str]:
    """Run one script in a fork of this process, which has imported torch (POSIX only)."""
    source = notebook_source(path) if path.suffix == ".ipynb" else path.read_text()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        out, err = Path(work) / "stdout", Path(work) / "stderr"
        child = os.fork()
        if child == 0:
            signal.alarm(TIMEOUT)
            os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT), 1)
            os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT), 2)
            os.chdir(work)
            sys.argv, sys.path[0], sys.dont_write_bytecode = [str(path)], str(path.parent), True
            module = types.ModuleType("__main__")
            module.__file__ = str(path)
            sys.modules["__main__"] = module
            code = 0
            try:
                exec(compile(source, str(path), "exec"), module.__dict__)
            except SystemExit as stop:
                code = int(bool(stop.code))
            except BaseException:
                traceback.print_exc()
                code = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        printed, errors = out.exists() and out.read_text(), err.exists() and err.read_text()
    seconds = time.monotonic() - start
    if status:
        last = (errors or "").strip().splitlines()[-1:] or [f"status {status}"]
        return path, seconds, f"failed: {last[0]}"
    return path, seconds, "" if (printed or "").strip() else "printed nothing"


def warm_up() -> None:
    """Import what every script imports, before the forks."""
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def scripts() -> list[Path]:
    """Every runnable script of the corpus."""
    found = sorted(HERE.glob("pairs/*/*.py")) + sorted(HERE.glob("pairs/*/*.ipynb"))
    for meta in sorted(HERE.glob("packages/*/meta.json")):
        entry = json.loads(meta.read_text())["entry"]
        found += [meta.parent / "buggy" / entry, meta.parent / "clean" / entry]
    return found + sorted(HERE.glob("correct/*.py"))


def main() -> int:
    """Check the forms, run the scripts, print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="part of a path")
    parser.add_argument("--form", action="store_true", help="do not run anything")
    parser.add_argument("--warm", action="store_true", help="run in forks, one at a time")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    problems, ids = 0, {}
    metas = sorted(HERE.glob("pairs/*/meta.json")) + sorted(HERE.glob("packages/*/meta.json"))
    for path in metas:
        wrong = check_meta(path)
        key = json.loads(path.read_text()).get("id")
        if key in ids:
            wrong.append(f"id {key} is used by {ids[key]} too")
        ids[key] = path.parent.name
        for sentence in wrong:
            problems += 1
            print(f"{path.parent.name}: {sentence}")
    print(f"{len(metas)} meta.json read, {problems} out of form")
    if args.form:
        return int(problems > 0)
    chosen = [p for p in scripts() if args.only in str(p)]
    slowest = (0.0, Path("-"))
    if args.warm:
        warm_up()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, seconds, sentence in map(run_warm, chosen) if args.warm else pool.map(run, chosen):
            slowest = max(slowest, (seconds, path))
            if sentence:
                problems += 1
                print(f"{path.relative_to(HERE)}: {sentence}", flush=True)
    print(f"{len(chosen)} scripts run, {problems} problems; slowest {slowest[0]:.1f} s ({slowest[1].name})")
    return int(problems > 0)


if __name__ == "__main__":
    raise SystemExit(main())
