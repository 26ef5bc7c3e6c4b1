"""``seedbed resume``: go on with a run that was stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seedbed.cli.output import print_result
from seedbed.quick import quick_imports


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--extend", is_flag=True, help="Allow a longer training: the schedule is laid out anew to its end.")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--allow-inexact", is_flag=True, help="Resume under another numeric fingerprint; marks the run.")
@click.option("--json", "as_json", is_flag=True, help="The last line of stdout is one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
def command(
    run: Path,
    overrides: tuple[str, ...],
    extend: bool,
    allow: tuple[str, ...],
    allow_inexact: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Go on with RUN from its newest valid checkpoint.

    RUN is a run folder, or a folder of runs (then the newest). Without KEY=VALUE the result is, bit for bit, that of a
    run that was never stopped.
    """
    with quick_imports():
        from seedbed.result import Options
        from seedbed.run import resume

    result = resume(
        run,
        list(overrides),
        Options(
            console="silent" if quiet else ("json" if as_json else "auto"),
            command=["seedbed", *sys.argv[1:]],
            allow=allow,
            allow_inexact=allow_inexact,
            extend=extend,
        ),
    )
    print_result(result, as_json)
