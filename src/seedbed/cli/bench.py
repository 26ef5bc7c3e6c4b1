"""``seedbed bench``: seedbed beside a hand-written loop, the floor and other trainers, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("workloads", nargs=-1, metavar="[w1|w2|w3|w4]...")
@click.option("-c", "--config", metavar="FILE", help="Measure a config of your own, with and without each service.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--epochs", default=0, type=click.IntRange(0), help="Epochs of each training (default: the workload's).")
@click.option("--no-peers", is_flag=True, help="Leave out other trainers.")
@click.option("--no-services", is_flag=True, help="Leave out seedbed without each of its services.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write Markdown here, JSON beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of Markdown.")
def command(
    workloads: tuple[str, ...],
    config: str | None,
    repeats: int,
    epochs: int,
    no_peers: bool,
    no_services: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure training time, whole processes and memory, interleaved, each in a process of its own.

    w1 is a tiny MLP (overhead), w2 a small one, w3 a small CNN on images, w4 a small GPT (compute-bound).
    Real data are read from $SEEDBED_DATA; without it they are synthetic, of the same shape.
    """
    from seedbed.bench.run import bench
    from seedbed.rundir import to_json

    page, data = bench(
        workloads or ("w1", "w2", "w3", "w4"),
        repeats=repeats,
        epochs=epochs,
        peers=not no_peers,
        services=not no_services,
        config=config,
        command=["seedbed", *sys.argv[1:]],
        say=lambda text: click.echo(text, err=True),
    )
    if out is not None:
        out.write_text(page + "\n")
        out.with_suffix(".json").write_bytes(to_json(data, indent=1) + b"\n")
    if as_json:
        print_json(data)
    elif out is None:
        click.echo(page)
