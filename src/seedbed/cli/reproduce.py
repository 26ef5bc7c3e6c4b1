"""``seedbed reproduce``: train a run again and compare every update."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--steps", type=click.IntRange(min=1), help="Compare only the first so many updates.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(run: Path, steps: int | None, allow: tuple[str, ...], as_json: bool) -> None:
    """Train RUN again from its own config and give a verdict.

    EXACT (exit 0), DIVERGED at a step (exit 1), or NOT COMPARABLE with what does not match named (exit 2).
    """
    from seedbed.replay import reproduce

    verdict = reproduce(run, steps=steps, allow=allow)
    if as_json:
        print_json(verdict.to_json())
    else:
        click.echo(verdict.summary)
    sys.exit(verdict.exit_code)
