"""``seedbed seeds``: the same training under many seeds, with an interval; two configs compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedbed.cli.output import print_json
from seedbed.cli.train import read_arguments

if TYPE_CHECKING:
    from seedbed.report.intervals import Comparison, Estimate
    from seedbed.seeds import Study


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, metavar="[RECIPE|FILE] [KEY=VALUE]...")
@click.option("-c", "--config", "config", metavar="FILE", help="Config file: JSON, YAML or TOML.")
@click.option("--n", "n", default=10, type=click.IntRange(min=1), help="How many seeds (default: 10).")
@click.option("--versus", metavar="FILE|KEY=VALUE", help="A second config, or a change to the first, to compare with.")
@click.option("--stack", is_flag=True, help="Train the seeds together in one process, where that can be done.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("runs"), help="Where run folders are made.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    what: tuple[str, ...],
    config: str | None,
    n: int,
    versus: str | None,
    stack: bool,
    root: Path,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Train a RECIPE or a config under n seeds, from its own seed on: mean, standard deviation, 95 % interval.

    Runs are kept in runs/NAME-seeds/; those that have ended are read, not repeated, so a stopped study goes on.
    """
    source, overrides = read_arguments(what, config)
    from seedbed.result import Options
    from seedbed.seeds import study_seeds

    study = study_seeds(
        source,
        overrides,
        n=n,
        versus=versus,
        stack=stack,
        options=Options(root=root, console="silent", allow=allow, command=["seedbed", *sys.argv[1:]]),
        say=lambda text: click.echo(text, err=as_json),
    )
    if as_json:
        print_json(study.to_json())
    else:
        print_study(study)
    if study.interrupted:
        click.echo("stopped; the same command goes on", err=True)
        sys.exit(130)


def print_study(study: Study) -> None:
    """The tables."""
    for runs in (study.first, study.second):
        if runs is None or not runs.estimates:
            continue
        click.echo(f"\n{runs.folder}: {len(runs.seeds)} seeds")
        width = max(len(name) for name in runs.estimates)
        for name, found in runs.estimates.items():
            click.echo(f"  {name:{width}}  {describe(found)}")
    if study.comparisons:
        click.echo("\nsecond minus first, seed by seed")
        width = max(len(name) for name in study.comparisons)
        for name, compared in study.comparisons.items():
            click.echo(f"  {name:{width}}  {describe_pairs(compared)}")


def describe(found: Estimate) -> str:
    """One estimate for people."""
    if found.std is None:
        return f"{found.mean:.5g} (one seed: no spread)"
    return f"{found.mean:.5g} ± {found.std:.2g}   95 % interval of the mean {found.low:.5g} … {found.high:.5g}"


def describe_pairs(found: Comparison) -> str:
    """One comparison for people."""
    p_value = "" if found.p_value is None else f"   p {found.p_value:.2g}"
    return f"{describe(found.difference)}{p_value}   larger for {found.larger} of {found.difference.n} seeds"
