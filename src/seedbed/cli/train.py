"""``seedbed train``: a recipe or a config, from its first update or from where it was stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from seedbed.cli.output import print_result
from seedbed.quick import quick_imports


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, metavar="[RECIPE] [KEY=VALUE]...")
@click.option("-c", "--config", "config", metavar="FILE", help="Config file: JSON, YAML or TOML.")
@click.option("-r", "--resume", default="auto", metavar="auto|never|PATH", help="Go on with a run (default: auto).")
@click.option("-d", "--device", metavar="NAME", help="cpu, cuda, cuda:1, mps; digits choose the visible GPUs.")
@click.option("--lr", "--learning_rate", type=float, help="Same as optimizer.args.lr=…")
@click.option("--bs", "--batch_size", type=int, help="Same as data.args.batch_size=…")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run is exactly this folder.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Where run folders are made.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--allow-inexact", is_flag=True, help="Resume under another numeric fingerprint; marks the run.")
@click.option("--no-probe", is_flag=True, help="Leave out the doctor's look at the job before the first update.")
@click.option("--json", "as_json", is_flag=True, help="The last line of stdout is one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
def command(
    what: tuple[str, ...],
    config: str | None,
    resume: str,
    device: str | None,
    lr: float | None,
    bs: int | None,
    out: Path | None,
    root: Path | None,
    allow: tuple[str, ...],
    allow_inexact: bool,
    no_probe: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a built-in RECIPE (see `seedbed recipes`) or a config.

    KEY=VALUE sets a value in the config: `seedbed train digits trainer.epochs=3 optimizer.args.lr=3e-4`.
    A run that was stopped goes on when the same command is given again.
    """
    source, overrides = read_arguments(what, config)
    if device is not None:
        if device.replace(",", "").isdigit():
            os.environ["CUDA_VISIBLE_DEVICES"] = device
        else:
            overrides.append(f"trainer.device={device}")
    if lr is not None:
        overrides.append(f"optimizer.args.lr={lr!r}")
    if bs is not None:
        overrides.append(f"data.args.batch_size={bs}")

    with quick_imports():
        from seedbed.result import Options
        from seedbed.run import train

    result = train(
        source,
        overrides,
        Options(
            out=out,
            root=root or Path("runs"),
            resume=resume,
            console="silent" if quiet else ("json" if as_json else "auto"),
            command=["seedbed", *sys.argv[1:]],
            allow=allow,
            allow_inexact=allow_inexact,
            probe=not no_probe,
        ),
    )
    print_result(result, as_json)


def read_arguments(what: tuple[str, ...], config: str | None) -> tuple[str, list[str]]:
    """Tell the recipe or file from the overrides.

    Raises:
        click.UsageError: There is nothing to train, or more than one thing.
    """
    overrides = [text for text in what if "=" in text]
    names = [text for text in what if "=" not in text] + ([config] if config else [])
    if not names:
        raise click.UsageError("nothing to train: name a recipe (`seedbed train digits`) or give a config (`-c FILE`)")
    if len(names) > 1:
        raise click.UsageError(f"one thing at a time: {', '.join(names)} are {len(names)} recipes or configs")
    return names[0], overrides
