"""``seedbed test``: a run's best weights on its test data."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--split", type=click.Choice(["train", "val", "test"]), default="test", help="Which data.")
@click.option("--weights", type=click.Choice(["auto", "raw", "ema"]), default="auto", help="Which weights.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(run: Path, split: str, weights: str, allow: tuple[str, ...], as_json: bool) -> None:
    """Evaluate RUN's best weights, with the normalizer that was fitted on its training data."""
    from seedbed.inference import evaluate_run

    found = evaluate_run(run, split=split, weights=weights, allow=allow)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['run']}, step {found['step']}, {found['weights']} weights, {found['split']} split")
    for name, value in found["metrics"].items():
        click.echo(f"{name:20} {value:.6g}" if isinstance(value, float | int) else f"{name:20} {value}")
