"""Findings as text, JSON, SARIF or GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity

FORMATS = ("text", "json", "sarif", "github")


def render(findings: Sequence[Finding], form: str = "text") -> str:
    """Return findings in one of ``FORMATS``; text has the source line under each finding."""
    if form == "json":
        return json.dumps({"findings": [f.to_json() for f in findings]}, ensure_ascii=False, indent=2)
    if form == "sarif":
        return json.dumps(_sarif(findings), ensure_ascii=False, indent=2)
    if form == "github":
        return "\n".join(_github(f) for f in findings)
    return _text(findings)


def _text(findings: Sequence[Finding]) -> str:
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
    lines.append(f"{said}. More: seedbed explain {findings[0].code}" if findings else "No mistakes found.")
    return "\n".join(lines)


def _source_line(file: str, line: int) -> str:
    if not file or not line or not file.endswith((".py", ".pyw")):
        return ""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return ""
    return lines[line - 1].strip() if line <= len(lines) else ""


def _github(finding: Finding) -> str:
    level = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}[finding.severity]
    text = finding.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    place = f"file={finding.file},line={max(1, finding.line)}"
    return f"::{level} {place},title={finding.code} {finding.name}::{text}"


def _sarif(findings: Sequence[Finding]) -> dict[str, Any]:
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
    return {"$schema": schema, "version": "2.1.0", "runs": [{"tool": tool, "results": results}]}
