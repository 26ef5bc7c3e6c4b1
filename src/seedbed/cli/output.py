"""What commands print at their end: one object for programs, a few lines for people."""

from __future__ import annotations

import sys
from typing import Any

import click

from seedbed.result import Result
from seedbed.rundir import dumps


def print_json(value: Any) -> None:
    """One JSON object on one line of stdout."""
    click.echo(dumps(value))


def print_result(result: Result, as_json: bool) -> None:
    """Print how a run ended; leave with 130 if it was interrupted."""
    if as_json:
        print_json(result.to_json())
    if result.status == "interrupted":
        click.echo(f"stopped and saved at step {result.step}; to go on: seedbed resume {result.run}", err=True)
        sys.stdout.flush()
        sys.exit(130)
