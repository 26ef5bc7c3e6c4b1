"""``seedbed diff``: where two runs part, and what was first."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(a: Path, b: Path, allow: tuple[str, ...], as_json: bool) -> None:
    """Compare the runs A and B update by update; name the first one that differs and what in it differs first.

    Exit 0 if every update is equal, 1 if not.
    """
    from seedbed.replay import diff

    verdict = diff(a, b, allow=allow)
    if as_json:
        print_json(verdict.to_json())
    else:
        click.echo(verdict.summary)
        for cause in verdict.causes:
            click.echo(f"  {cause}")
    sys.exit(verdict.exit_code)
