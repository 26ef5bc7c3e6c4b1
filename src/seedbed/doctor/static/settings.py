"""What a project says about checks: ``[tool.seedbed.check]`` in the nearest pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedbed.doctor.codes import BY_NAME, CHECKS
from seedbed.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """Comma-separated codes, names or prefixes; ``""`` means no limit."""

    select: str = ""
    ignore: str = ""


def read_settings(paths: Sequence[Path]) -> Settings:
    """Read the section of the pyproject.toml nearest to the first path.

    Raises:
        ConfigError: The file is not valid TOML, or a value is not a list of strings.
    """
    start = (paths[0] if paths else Path()).resolve()
    for folder in [start, *start.parents]:
        file = folder / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            section = (
                tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("seedbed", {}).get("check", {})
            )
        except (tomllib.TOMLDecodeError, UnicodeError) as error:
            raise ConfigError(f"{file} is not valid TOML ({error}); correct it") from error
        unknown = set(section) - {"select", "ignore", "allow"}
        if unknown:
            raise ConfigError(f"{file} [tool.seedbed.check] has no key {min(unknown)!r}; use select or ignore")
        ignored = [*_words(section, "ignore", file), *_words(section, "allow", file)]
        return Settings(",".join(_words(section, "select", file)), ",".join(ignored))
    return Settings()


def _words(section: dict[str, object], key: str, file: Path) -> list[str]:
    value = section.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ConfigError(f'{file} [tool.seedbed.check] {key} = {value!r} must be a list of codes, ["SB101"]')
    return value


def chosen(select: str, ignore: str) -> frozenset[str] | None:
    """The codes to ask, ``None`` for all.

    Raises:
        ConfigError: A word is no code, name or prefix of a code.
    """
    if not select and not ignore:
        return None
    wanted = _codes(select) if select else set(CHECKS)
    return frozenset(wanted - _codes(ignore))


def _codes(text: str) -> set[str]:
    found: set[str] = set()
    for word in (w.strip() for w in text.split(",")):
        if not word:
            continue
        if word.lower() in BY_NAME:
            found.add(BY_NAME[word.lower()].code)
            continue
        matching = {code for code in CHECKS if code.startswith(word.upper())}
        if not matching:
            raise ConfigError(f"there is no check {word!r}; see: seedbed explain")
        found |= matching
    return found
