"""``seedbed explain CODE``: the page of a check."""

from __future__ import annotations

import locale
import os

import click


def pick_language(lang: str | None) -> str:
    """``ko`` when asked for or when the locale is Korean, else ``en``."""
    if lang:
        return lang
    names = [os.environ.get(key, "") for key in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((n for n in names if n), "") or (locale.getlocale()[0] or "")
    return "ko" if name.lower().startswith("ko") else "en"


@click.command("explain", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("code", required=False)
@click.option("--lang", type=click.Choice(["en", "ko"]), help="Language; without it that of the locale.")
def command(code: str | None, lang: str | None) -> None:
    """Print the page of a check: what it finds, why it is bad, an example and the cure."""
    from seedbed.doctor.codes import BY_NAME, CHECKS, find_check
    from seedbed.doctor.pages import explain, listing

    language = pick_language(lang)
    if code is None:
        click.echo(listing(language))
        return
    check = find_check(code)
    if check is None:
        import difflib

        near = difflib.get_close_matches(code.upper(), CHECKS, n=1)
        near = near or difflib.get_close_matches(code.lower(), BY_NAME, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"There is no check {code!r}.{hint} All checks: seedbed explain")
    click.echo(explain(check, language))
