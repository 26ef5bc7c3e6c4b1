"""All findings about a job before its first update: rules on its settings, probes of its data, probes of one batch."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import torch

from seedbed.build import Training
from seedbed.doctor.codes import find_check
from seedbed.doctor.finding import Finding
from seedbed.doctor.jobs import choices, first_batch, loading, optimization, samples, schedules
from seedbed.doctor.jobs.facts import Facts
from seedbed.errors import SeedbedError
from seedbed.fast import is_plain
from seedbed.seeding import forked_rng, stream_key

RULES = (*optimization.RULES, *schedules.RULES, *choices.RULES, *loading.RULES)


def examine(training: Training) -> list[Finding]:
    """What is wrong with a job; its normalizers are fitted. Changes nothing: random numbers, weights and buffers are
    as before.

    A custom update is not run: what it does to the model is its own business.
    """
    facts = Facts(training)
    found = [finding for rule in RULES for finding in rule(facts)]
    with forked_rng(stream_key(training.config.seed, "doctor")), torch.enable_grad():
        found += [finding for probe in samples.PROBES for finding in probe(facts)]
        if is_plain(training.job.train_step):
            found += probe_model(facts)
    return chosen(found, training.config.allow)


def probe_model(facts: Facts) -> Iterator[Finding]:
    """What one batch shows. A model that fails on it is left to fail in the first update, with a better message."""
    try:
        bench = first_batch.make_bench(facts)
        if bench is None:
            return
        found = [finding for probe in first_batch.PROBES for finding in probe(facts, bench)]
    except (SeedbedError, RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError):
        return
    yield from found


def chosen(findings: Collection[Finding], allow: Collection[str]) -> list[Finding]:
    """The findings that are not accepted, by code or by name; the worst first."""
    accepted = {check.code for text in allow if (check := find_check(text)) is not None}
    left = [finding for finding in findings if finding.code not in accepted]
    return sorted(left, key=lambda finding: -finding.severity)


def place(findings: list[Finding], file: Path) -> list[Finding]:
    """The findings with the file, and the line of the key that each is about where the file has it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [replace(f, file=str(file), line=find_line(lines, f.where)) for f in findings]


def find_line(lines: list[str], key: str) -> int:
    """The line, counted from 1, of the deepest part of a dotted key that is in the file; 1 if there is none."""
    at, column, found = 0, 0, 1
    for part in key.split("."):
        pattern = re.compile(rf'(?<![\w-])["\']?{re.escape(part)}["\']?\s*[:=\]]')
        for number in range(at, len(lines)):
            match = pattern.search(lines[number], column if number == at else 0)
            if match:
                at, column, found = number, match.end(), number + 1
                break
        else:
            break
    return found
