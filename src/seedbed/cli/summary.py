"""``seedbed summary``: what a config's model is made of."""

from __future__ import annotations

from dataclasses import asdict

import click

from seedbed.cli.output import print_json
from seedbed.cli.train import read_arguments


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, metavar="[RECIPE|CONFIG] [KEY=VALUE]...")
@click.option("-c", "--config", "config", metavar="FILE", help="Config file: JSON, YAML or TOML.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(what: tuple[str, ...], config: str | None, allow: tuple[str, ...], as_json: bool) -> None:
    """Layers, shapes, parameters, initial variance, memory and FLOPs of a model, and its learning-rate schedule."""
    source, overrides = read_arguments(what, config)

    from seedbed.inference import summarize_config

    summary, rates = summarize_config(source, overrides, allow=allow)
    if as_json:
        print_json({**asdict(summary), "learning_rates": rates})
        return
    from rich.console import Console

    from seedbed.models.summary import render_summary

    Console().print(render_summary(summary))
    if rates:
        click.echo(f"learning rate  {draw_curve(rates)}  {rates[0]:.3g} → {max(rates):.3g} → {rates[-1]:.3g}")


def draw_curve(values: list[float], width: int = 48) -> str:
    """A curve in one line of text."""
    blocks = "▁▂▃▄▅▆▇█"
    low, high = min(values), max(values)
    points = [values[i * (len(values) - 1) // max(width - 1, 1)] for i in range(min(width, len(values)))]
    return "".join(blocks[int((v - low) / (high - low) * 7) if high > low else 7] for v in points)
