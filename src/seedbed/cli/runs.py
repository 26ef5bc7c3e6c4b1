"""``seedbed runs``: a table of the runs in a folder. Reads files only; no torch."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("root", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--csv", "csv_run", type=click.Path(path_type=Path), metavar="RUN", help="Print one run's log as CSV.")
@click.option("--kind", default="epoch", type=click.Choice(["step", "epoch", "evaluate"]), help="Which rows --csv has.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(root: Path, csv_run: Path | None, kind: str, as_json: bool) -> None:
    """List the runs below ROOT (default: runs) with their status, last metrics and best value."""
    from seedbed.report.reader import read_runs

    if csv_run is not None:
        from seedbed.rundir import find_run_dir, read_events
        from seedbed.tracking.csv import write_rows

        events = read_events(find_run_dir(csv_run).events)
        write_rows([event for event in events if event.get("event") == kind], sys.stdout)
        return
    rows = read_runs(root)
    if as_json:
        print_json({"runs": [row.to_json() for row in rows]})
        return
    if not rows:
        click.echo(f"no runs in {root}; `seedbed train digits` makes one")
        return
    width = max(len(row.run) for row in rows)
    click.echo(f"{'run':{width}}  {'status':14} {'epoch':>5} {'step':>8}  best")
    for row in rows:
        click.echo(f"{row.run:{width}}  {row.status:14} {row.epoch:>5} {row.step:>8}  {row.describe_best()}")
