"""``seedbed verify-resume``: kill a training again and again and compare it with one that was left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seedbed.cli.output import print_json
from seedbed.cli.train import read_arguments


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, metavar="[RECIPE|FILE] [KEY=VALUE]...")
@click.option("-c", "--config", "config", metavar="FILE", help="Config file: JSON, YAML or TOML.")
@click.option("--kills", default=5, type=click.IntRange(min=0), help="How often the training is killed (default: 5).")
@click.option("--seed", default=0, help="Seed of the schedule of kills; the same seed, the same schedule.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Keep both runs in this new folder.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    what: tuple[str, ...],
    config: str | None,
    kills: int,
    seed: int,
    out: Path | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Train a RECIPE or a config twice, once straight and once with `kill -9` at random moments, and compare.

    EXACT (exit 0): the same weights, metrics, log and digests. DIVERGED (exit 1): with what differs first.
    """
    source, overrides = read_arguments(what, config)
    from seedbed.verify import verify_resume

    result = verify_resume(
        source,
        overrides,
        kills=kills,
        seed=seed,
        allow=allow,
        out=out,
        say=lambda text: None if as_json else click.echo(text),
    )
    if as_json:
        print_json(result.to_json())
    else:
        click.echo(result.summary)
    sys.exit(result.exit_code)
