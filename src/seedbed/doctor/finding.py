"""What every part of the doctor reports: one kind of finding, whoever saw it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Literal

Source = Literal["static", "dynamic", "both"]
_ASIDE = re.compile(r"\s\(((?:[^()]|\(\w*\))*)\)")  # behind a space: that of a call is none
_PARTS = re.compile(r"[:;](?:\s|$)")
_NUMBER = re.compile(r"(?<![\w.])-?\d")  # not that of float16 or conv2d
_LINE = re.compile(r"lines? \d+")


class Severity(IntEnum):
    """How sure we are: an error is certainly wrong, a warning very probably, a hint may be meant."""

    HINT = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Severity:
        """Return the severity named ``text`` (``"hint"``, ``"warning"`` or ``"error"``)."""
        return cls[text.upper()]


@dataclass(frozen=True)
class Finding:
    """One mistake at one place.

    Args:
        code: Code of the check, ``"SB101"``.
        name: Name of the check, read after "allow": ``"missing-zero-grad"``.
        severity: How sure we are.
        title: The mistake in one line, in the words that a person would search for.
        file: Path of the file, ``""`` when there is none (a finding about a parameter of a live model).
        line: Line of the cause, 1-based; ``0`` when there is none. In a notebook: in the joined cells.
        column: Column of the cause, 1-based; ``0`` when unknown.
        where: Module or parameter that it is about, ``"encoder.fc1.weight"``, or ``"cell 3 line 5"``.
        evidence: The numbers seen, ``{"row_sum": 1.0}``.
        why: What happens because of it, one or two sentences.
        fix: One thing to type instead.
        source: Who found it.
        related: Other lines that belong to it, as ``(file, line, what it is)``.
    """

    code: str
    name: str
    severity: Severity
    title: str
    file: str = ""
    line: int = 0
    column: int = 0
    where: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    fix: str = ""
    source: Source = "static"
    related: tuple[tuple[str, int, str], ...] = ()

    @property
    def message(self) -> str:
        """The whole finding in one breath: what is wrong, why, and what to type instead."""
        parts = [self.title, self.why, self.fix]
        return " ".join(part if part.endswith((".", "!", "?")) else part + "." for part in parts if part)

    @property
    def place(self) -> str:
        """``train.py:31``, or the module or parameter when there is no line."""
        if not self.file:
            return self.where
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} ({self.where})" if self.where else place

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain data; ``severity``, ``line`` and ``message`` are always there."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": str(self.severity),
            "message": self.message,
            "title": self.title,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "where": self.where,
            "evidence": dict(self.evidence),
            "why": self.why,
            "fix": self.fix,
            "source": self.source,
            "related": [{"file": f, "line": n, "text": t} for f, n, t in self.related],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Return the finding that ``to_json`` wrote."""
        keys = ("code", "name", "title", "file", "line", "column", "where", "evidence", "why", "fix", "source")
        related = tuple((r["file"], int(r["line"]), r["text"]) for r in data.get("related", ()))
        known = {key: data[key] for key in keys if key in data}
        return cls(severity=Severity.parse(data["severity"]), related=related, **known)

    def __str__(self) -> str:
        return f"{self.code} {self.severity}  {self.place}  {self.message}"


def merge(findings: list[Finding], slack: int = 3) -> list[Finding]:
    """Join findings of one code at one place (within ``slack`` lines) from different sources into one.

    The dynamic one keeps its evidence, the static one its line. The static one, which has read the cause, also says
    what is wrong, unless it is less sure; the numbers that were seen are added. Order is kept.
    """
    merged: list[Finding] = []
    for finding in findings:
        for index, other in enumerate(merged):
            near = not finding.line or not other.line or abs(finding.line - other.line) <= slack
            same_file = not finding.file or not other.file or finding.file == other.file
            if finding.code == other.code and finding.source != other.source and near and same_file:
                merged[index] = _joined(other, finding)
                break
        else:
            merged.append(finding)
    return merged


def _counted(title: str, known: str) -> str:
    """The parts of what was seen that say how much or how often; the rest says again what the reader has said."""
    parts = [part.strip(" ,.") for part in _PARTS.split(_ASIDE.sub(r"; \1; ", title))]
    told = [p for p in parts if _NUMBER.search(p) and not _LINE.fullmatch(p) and p not in known]
    return f"seen while it ran: {'; '.join(told)}" if told else ""


def _joined(first: Finding, second: Finding) -> Finding:
    reader, watcher = (first, second) if first.source == "static" else (second, first)
    said = watcher
    if reader.severity >= watcher.severity and reader.title != watcher.title:
        seen = _counted(watcher.title, f"{reader.title} {reader.why}")
        why = "; ".join(part.rstrip(".") for part in (reader.why or watcher.why, seen) if part)
        said = replace(watcher, title=reader.title, why=why, fix=reader.fix or watcher.fix)
    return replace(
        said,
        severity=max(first.severity, second.severity),
        file=reader.file or watcher.file,
        line=reader.line or watcher.line,
        column=reader.column or watcher.column,
        where=watcher.where or reader.where,
        evidence={**reader.evidence, **watcher.evidence},
        source="both",
        related=tuple(dict.fromkeys(reader.related + watcher.related)),
    )
