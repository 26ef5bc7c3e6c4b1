"""``seedbed predict``: what a run's best weights say about files or texts."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True,
              help="One JSON object a line, or CSV.")  # fmt: skip
@click.option("--weights", type=click.Choice(["auto", "raw", "ema"]), default="auto", help="Which weights.")
@click.option("-d", "--device", default="auto", metavar="NAME", help="Where to compute: cpu, cuda, …")
@click.option("--length", default=200, show_default=True, type=click.IntRange(1), help="Characters to write.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the writing.")
@click.option("--temperature", default=1.0, show_default=True, type=click.FloatRange(0), help="0 takes the likeliest.")
@click.option("--top-k", type=click.IntRange(1), help="Choose among the likeliest so many characters.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with everything.")
def command(
    run: Path,
    inputs: tuple[str, ...],
    form: str,
    weights: str,
    device: str,
    length: int,
    seed: int,
    temperature: float,
    top_k: int | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Predict with RUN's best weights and the normalizer that was fitted on its training data.

    INPUT is a .npy or .npz file, a table (.csv, .parquet) for a run on a Table, an image, or, for a language model, a
    text or a .txt file to go on from. The training data need not be there.
    """
    from seedbed.predict import Generation, open_predictor

    predictor = open_predictor(run, weights=weights, device=device, allow=allow)
    generation = Generation(length=length, seed=seed, temperature=temperature, top_k=top_k)
    rows = (row for name in inputs for row in predictor.rows(name, generation))
    if as_json:
        found = list(rows)
        about = {"run": str(predictor.run.path), "step": predictor.step, "weights": predictor.weights}
        print_json({**about, "notes": predictor.notes, "predictions": found})
        return
    if form == "csv":
        write_csv(rows)
    else:
        for row in rows:
            print_json(row)
    for note in predictor.notes:
        click.echo(f"note: {note}", err=True)


def write_csv(rows: Iterable[dict[str, Any]]) -> None:
    """Rows as CSV; a list becomes one column for each of its numbers. All rows have the first one's columns."""
    writer = None
    for row in rows:
        flat = dict(flatten(row))
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(flat), lineterminator="\n", extrasaction="ignore", restval="")
            writer.writeheader()
        writer.writerow(flat)


def flatten(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The cells of a row: ``probabilities`` becomes ``probabilities.0``, ``probabilities.1``, …"""
    for key, value in row.items():
        if isinstance(value, list):
            yield from flatten({f"{key}.{index}": item for index, item in enumerate(value)})
        else:
            yield key, value
