"""What a project says about checks: ``[tool.seedbed.check]`` in the nearest pyproject.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedbed.doctor.codes import BY_NAME, CHECKS
from seedbed.errors import ConfigError

_KEYS = {"select", "ignore", "allow"}


@dataclass(frozen=True)
class Settings:
    """Comma-separated codes, names or prefixes; ``""`` means no limit; and the file that says so."""

    select: str = ""
    ignore: str = ""
    file: Path | None = None

    def chosen(self, select: str | None = None, ignore: str | None = None) -> frozenset[str] | None:
        """The codes to ask, ``None`` for all; what the command line says (unless it is ``None``) comes first.

        Raises:
            ConfigError: A word is no code, name or prefix of a code, or no check is left.
        """
        where = f"{self.file} [tool.seedbed.check]"
        wanted, wanted_from = (self.select, f"{where} select") if select is None else (select, "--select")
        left, left_from = (self.ignore, f"{where} ignore") if ignore is None else (ignore, "--ignore")
        if select is not None and not _words(select):
            raise ConfigError(f"--select {select!r} names no check; give codes, names or prefixes, --select SB101,SB2")
        if not wanted and not left:
            return None
        asked = _codes(wanted, wanted_from) if wanted else set(CHECKS)
        found = frozenset(asked - _codes(left, left_from))
        if not found:
            both = f"{wanted_from} ({wanted}) and {left_from} ({left})" if wanted else f"{left_from} ({left})"
            raise ConfigError(f"{both} leave no check to ask; change one of them")
        return found


def read_settings(paths: Sequence[Path]) -> Settings:
    """Read the section of the pyproject.toml nearest to the first path.

    Raises:
        ConfigError: The file is not valid TOML, or a value is not a list of strings.
    """
    start = (paths[0] if paths else Path()).resolve()
    for folder in [start, *start.parents]:
        file = folder / "pyproject.toml"
        if file.is_file():
            return _read(file)
    return Settings()


def _read(file: Path) -> Settings:
    import tomllib  # many projects have no such file

    try:
        section = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"{file} is not valid TOML ({error}); correct it") from error
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror or error}; make it readable") from error
    for name in ("tool", "tool.seedbed", "tool.seedbed.check"):
        part = section.get(name.rpartition(".")[2], {})
        if not isinstance(part, dict):
            advice = 'write [tool.seedbed.check] and below it ignore = ["SB101"]'
            raise ConfigError(f"{file}: {name} = {part!r} must be a table; {advice}")
        section = part
    unknown = set(section) - _KEYS
    if unknown:
        raise ConfigError(f"{file} [tool.seedbed.check] has no key {min(unknown)!r}; use select or ignore")
    ignored = [*_listed(section, "ignore", file), *_listed(section, "allow", file)]
    return Settings(",".join(_listed(section, "select", file)), ",".join(ignored), file)


def _listed(section: dict[str, object], key: str, file: Path) -> list[str]:
    value = section.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ConfigError(f'{file} [tool.seedbed.check] {key} = {value!r} must be a list of codes, ["SB101"]')
    return value


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _codes(text: str, where: str) -> set[str]:
    found: set[str] = set()
    for word in _words(text):
        if word.lower() in BY_NAME:
            found.add(BY_NAME[word.lower()].code)
            continue
        matching = {code for code in CHECKS if code.startswith(word.upper())}
        if not matching:
            raise ConfigError(f"there is no check {word!r}, which {where} names; see: seedbed explain")
        found |= matching
    return found
