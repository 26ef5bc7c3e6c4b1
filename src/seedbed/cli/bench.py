"""``seedbed bench``: seedbed beside a hand-written loop, the floor and other trainers, on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from seedbed.cli.output import print_json
from seedbed.errors import ConfigError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, metavar="[w1|w2|w3|w4]...|growth|gpu")
@click.option("-c", "--config", metavar="FILE", help="Measure a config of your own (or a recipe by its name) instead.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--epochs", default=0, type=click.IntRange(0), help="Epochs of each training (default: the workload's).")
@click.option("--seconds", default=45.0, show_default=True, help="How long to measure the services of each workload.")
@click.option("--minutes", default=8.0, show_default=True, help="How long `gpu` may take.")
@click.option("--only", multiple=True, metavar="NAME", help="One curve of `growth`, one case of `gpu`; several times.")
@click.option("--tiny", is_flag=True, help="`growth` and `gpu` very small, without a GPU if need be: does it work?")
@click.option("--no-peers", is_flag=True, help="Leave out other trainers.")
@click.option("--no-services", is_flag=True, help="Leave out what each of seedbed's services costs.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write Markdown here, JSON beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of Markdown.")
def command(what: tuple[str, ...], out: Path | None, as_json: bool, **options: Any) -> None:
    """Measure training time, whole processes and memory, interleaved, each in a process of its own.

    w1 is a tiny MLP (overhead), w2 a small one, w3 a small CNN on images, w4 a small GPT (compute-bound); all four if
    nothing is named. growth measures how time and memory grow, and draws it; gpu measures a GPU in some minutes. Real
    data are read from $SEEDBED_DATA; without it they are synthetic, of the same shape.
    """
    if out is not None and not out.parent.is_dir():
        raise ConfigError(f"--out: the folder {out.parent} does not exist")
    data, page, files = measure(what, options, lambda text: click.echo(text, err=True))
    if out is not None:
        from seedbed.bench.record import write

        out.write_text(page(f"{out.stem}-"), encoding="utf-8")
        write(data, out.with_suffix(".json"))
        for name, text in files.items():
            (out.parent / f"{out.stem}-{name}.svg").write_text(text, encoding="utf-8")
    if as_json:
        print_json(data)
    elif out is None:
        click.echo(page(""), nl=False)


def measure(
    what: tuple[str, ...], options: dict[str, Any], say: Callable[[str], None]
) -> tuple[dict[str, Any], Callable[[str], str], dict[str, str]]:
    """The record, what makes a page of it, and its charts by name.

    Raises:
        ConfigError: Things are named that cannot be measured together.
    """
    asked, config = ["seedbed", *sys.argv[1:]], options["config"]
    alone = {"growth", "gpu"} & set(what)
    if alone and (len(what) > 1 or config is not None):
        raise ConfigError(f"`seedbed bench {min(alone)}` is measured by itself; leave out the rest")
    if options["tiny"] and not alone:
        raise ConfigError("--tiny is for `seedbed bench growth` and `seedbed bench gpu`; here use --epochs 1")
    if what and config is not None:
        raise ConfigError(f"measure either the config {config} or {', '.join(what)}, not both")
    if what == ("growth",):
        from seedbed.bench import growth, growth_page

        data = growth.measure_growth(tiny=options["tiny"], names=options["only"], command=asked, say=say)
        return data, lambda start: growth_page.report(data, start), growth_page.charts(data)
    if what == ("gpu",):
        from seedbed.bench.gpu import page, run

        data = run.bench_gpu(
            tiny=options["tiny"],
            rounds=options["repeats"],
            minutes=options["minutes"],
            names=options["only"],
            with_peers=not options["no_peers"],
            command=asked,
            say=say,
        )
        return data, lambda start: page.report(data), {}
    from seedbed.bench import tables
    from seedbed.bench.run import bench

    data = bench(
        what or ("w1", "w2", "w3", "w4"),
        repeats=options["repeats"],
        epochs=options["epochs"],
        peers=not options["no_peers"],
        services=not options["no_services"],
        seconds=options["seconds"],
        config=config,
        command=asked,
        say=say,
    )
    return data, lambda start: tables.report(data), {}
