"""The one table code → check. A code stands for one mistake, whoever finds it: reading, watching, monitoring.

Ranges: 1xx the optimisation step; 2xx losses, targets, shapes; 3xx modes and metrics; 4xx data;
5xx model structure; 6xx checkpoints and copies; 7xx randomness, devices, numerics; 8xx jobs; 9xx monitors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedbed.doctor.data_and_models import ROWS as MODELS
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.steps_and_losses import ROWS as STEPS


@dataclass(frozen=True)
class Check:
    """One mistake that the doctor knows.

    Args:
        code: ``"SB101"``.
        name: Named for the bad pattern, read after "allow": ``"missing-zero-grad"``.
        title: The mistake in one line.
        severity: Severity of its findings unless a finding says otherwise.
    """

    code: str
    name: str
    title: str
    severity: Severity

    @property
    def module(self) -> str:
        """Dotted name of the file that holds the page (its docstring) and, for static checks, the rule."""
        return f"seedbed.doctor.rules.{self.code.lower()}_{self.name.replace('-', '_')}"

    def finding(self, title: str = "", **fields: Any) -> Finding:
        """Return a finding of this check; ``severity`` and ``title`` default to the table's."""
        fields.setdefault("severity", self.severity)
        return Finding(code=self.code, name=self.name, title=title or self.title, **fields)


CHECKS: dict[str, Check] = {code: Check(code, name, title, sev) for code, name, sev, title in (*STEPS, *MODELS)}
BY_NAME: dict[str, Check] = {check.name: check for check in CHECKS.values()}


def find_check(text: str) -> Check | None:
    """Return the check with this code or name (case does not matter), or ``None``."""
    return CHECKS.get(text.upper()) or BY_NAME.get(text.lower())
