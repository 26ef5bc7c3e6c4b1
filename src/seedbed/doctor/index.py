"""The index page of all checks: ``python -m seedbed.doctor.index > docs/checks.md``."""

from __future__ import annotations

import sys

from seedbed.doctor.codes import CHECKS

GROUPS = {
    "1": "The optimisation step",
    "2": "Losses, targets and shapes",
    "3": "Modes and metrics",
    "4": "Data",
    "5": "Model structure",
    "6": "Checkpoints and copies",
    "7": "Randomness, devices and numbers",
    "8": "Jobs",
    "9": "During training",
}


def index() -> str:
    """Return the index as Markdown: one table for each group, with what each check finds."""
    parts = [
        "# Checks",
        "",
        f"{len(CHECKS)} mistakes that raise no error. `seedbed explain CODE` prints the whole page of one, with an "
        "example and its cure;",
        "`# seedbed: allow=CODE why it is meant` behind a statement, or right above it, keeps a check quiet there.",
        "",
        "<!-- Written by `python -m seedbed.doctor.index > docs/checks.md`. -->",
    ]
    for digit, group in GROUPS.items():
        rows = [c for c in CHECKS.values() if c.code[2] == digit]
        if rows:
            parts += ["", f"## {group}", "", "| Code | Name | Severity | What it finds |", "| --- | --- | --- | --- |"]
        for check in rows:
            what = check.title.replace("|", "\\|")
            parts.append(f"| {check.code} | {check.name} | {check.severity} | {what} |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(index())
