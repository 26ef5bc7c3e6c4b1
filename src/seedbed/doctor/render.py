"""Findings as text, JSON, SARIF or GitHub annotations."""

from __future__ import annotations

import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity

if TYPE_CHECKING:
    from seedbed.doctor.static.files import Problem

FORMATS = ("text", "json", "sarif", "github")


def render(
    findings: Sequence[Finding], form: str = "text", skipped: Sequence[Problem] = (), nothing: bool = False
) -> str:
    """Return findings in one of ``FORMATS``; text has the source line under each finding.

    Args:
        findings: What was found.
        form: One of ``FORMATS``.
        skipped: Files, and parts of files, that could not be read.
        nothing: Whether no file could be read at all.
    """
    if form == "text":
        return _text(findings, nothing, bool(skipped))
    if form == "github":
        return "\n".join(_github(f) for f in findings)
    import json  # the usual form needs none

    if form == "json":
        left_out = [{"file": str(p.path), "reason": p.text} for p in skipped]
        data = {"findings": [f.to_json() for f in findings], "skipped": left_out}
        return json.dumps(data, ensure_ascii=False, indent=2)
    return json.dumps(_sarif(findings, skipped, nothing), ensure_ascii=False, indent=2)


def _text(findings: Sequence[Finding], nothing: bool, skipped: bool) -> str:
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.place}: {finding.code} {finding.severity}: {finding.title}.")
        source = _source_line(finding.file, finding.line) if not finding.where.startswith("cell") else ""
        if source:
            lines.append(f"    {finding.line} | {source}")
        if finding.evidence:
            lines.append("    seen: " + ", ".join(f"{k}={v}" for k, v in finding.evidence.items()))
        if finding.why:
            lines.append(f"    why:  {finding.why.rstrip(chr(46))}.")
        if finding.fix:
            lines.append(f"    fix:  {finding.fix}.")
        lines += [f"    see:  {f}:{n} {text}" for f, n, text in finding.related if n]
        lines.append("")
    counts = [(s, sum(f.severity == s for f in findings)) for s in reversed(Severity)]
    said = ", ".join(f"{n} {s}{'s' if n != 1 else ''}" for s, n in counts if n)
    if findings:
        lines.append(f"{said}. More: seedbed explain {findings[0].code}")
    elif nothing:
        lines.append("Nothing could be read, so nothing was checked.")
    else:
        lines.append("No mistakes found in what could be read." if skipped else "No mistakes found.")
    return "\n".join(lines)


def _source_line(file: str, line: int) -> str:
    if not file or not line or not file.endswith((".py", ".pyw")):
        return ""
    try:
        with tokenize.open(file) as handle:  # in its own encoding, and with lines as Python counts them
            lines = handle.readlines()
    except (OSError, UnicodeError, SyntaxError):
        return ""
    return lines[line - 1].strip() if line <= len(lines) else ""


def _github(finding: Finding) -> str:
    level = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}[finding.severity]
    place = f"file={_property(finding.file)},line={max(1, finding.line)}" if finding.file else ""
    title = f"title={_property(f'{finding.code} {finding.name}')}"
    return f"::{level} {place}{',' if place else ''}{title}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(findings: Sequence[Finding], skipped: Sequence[Problem], nothing: bool) -> dict[str, Any]:
    level = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
    used = sorted({f.code for f in findings})
    rules = [
        {
            "id": code,
            "name": CHECKS[code].name,
            "shortDescription": {"text": CHECKS[code].title},
            "defaultConfiguration": {"level": level[CHECKS[code].severity]},
        }
        for code in used
    ]
    results = []
    for finding in findings:
        region = {"startLine": max(1, finding.line), "startColumn": max(1, finding.column)}
        place = {"artifactLocation": {"uri": Path(finding.file).as_posix()}, "region": region}
        results.append(
            {
                "ruleId": finding.code,
                "level": level[finding.severity],
                "message": {"text": finding.message},
                "locations": [{"physicalLocation": place}] if finding.file else [],
            }
        )
    tool = {"driver": {"name": "seedbed", "informationUri": "https://github.com/seedbed", "rules": rules}}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    run: dict[str, Any] = {"tool": tool, "results": results}
    if skipped:
        told = _notifications(skipped)
        run["invocations"] = [{"executionSuccessful": not nothing, "toolExecutionNotifications": told}]
    return {"$schema": schema, "version": "2.1.0", "runs": [run]}


def _notifications(skipped: Sequence[Problem]) -> list[dict[str, Any]]:
    found = []
    for problem in skipped:
        place = {"physicalLocation": {"artifactLocation": {"uri": problem.path.as_posix()}}}
        found.append({"level": "error", "message": {"text": problem.text}, "locations": [place]})
    return found
