"""Which files belong together by their imports: each such group is read on its own, in any process.

What is found in a file then never depends on other files that happen to be checked with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seedbed.doctor.static.project import Project

# an import as text, in a script or a cell of a notebook; one that stands in a string only makes a group larger
_IMPORT = re.compile(
    rb"(?:^|\")[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|(?:[^\n\\]|\\.|\\\n)*)"
    rb"|import[ \t]+([^\n;#\"\\]+))",
    re.MULTILINE,
)
_NAME = re.compile(rb"([\w.]+)(?:[ \t]+as[ \t]+\w+)?")


def together(files: Sequence[Path]) -> list[list[Path]]:
    """Split ``files`` into groups that do not import from each other; the order of files is kept."""
    if len(files) < 2:
        return [list(files)] if files else []
    project = Project()
    leader: dict[Path, Path] = {}

    def top(path: Path) -> Path:
        while leader[path] != path:
            leader[path] = leader[leader[path]]
            path = leader[path]
        return path

    resolved = [f.resolve() for f in files]
    stack = list(reversed(resolved))
    leader.update((f, f) for f in resolved)
    while stack:
        path = stack.pop()
        for other in imported(project, path):
            if other not in leader:
                leader[other] = other
                stack.append(other)
            leader[top(other)] = top(path)
    found: dict[Path, list[Path]] = {}
    for given, path in zip(files, resolved, strict=True):
        found.setdefault(top(path), []).append(given)
    return list(found.values())


_FILES, _BYTES = 40, 1_500_000  # what is read together at most: all of it is held in memory


def cut(groups: Sequence[Sequence[Path]]) -> list[list[Path]]:
    """Groups that are not too large: neighbours stay together, and what a file imports is read again for each part."""
    found: list[list[Path]] = []
    for group in groups:
        part: list[Path] = []
        room = 0
        for path in group:
            size = path.stat().st_size
            if part and (len(part) >= _FILES or size > room):
                found.append(part)
                part = []
            if not part:
                room = _BYTES
            part.append(path)
            room -= size
        found.append(part)
    return found


class Uses:
    """Which files use torch; each is looked at once."""

    def __init__(self) -> None:
        self._project = Project()
        self._known: dict[tuple[Path, int], bool] = {}

    def torch(self, path: Path, depth: int = 2) -> bool:
        """Whether a file names torch, or imports a project file that does: a main script often only joins parts."""
        key = (path, depth)
        if key not in self._known:
            self._known[key] = self._torch(path, depth)
        return self._known[key]

    def _torch(self, path: Path, depth: int) -> bool:
        try:
            if b"torch" in path.read_bytes():
                return True
        except OSError:
            return False
        return depth > 0 and any(self.torch(other, depth - 1) for other in imported(self._project, path.resolve()))


def uses_torch(path: Path) -> bool:
    """The same for one file."""
    return Uses().torch(path)


def imported(project: Project, path: Path) -> Iterator[Path]:
    """The project files that a file imports, as its text tells."""
    try:
        text = path.read_bytes()
    except OSError:
        return
    names: set[tuple[str, int]] = set()
    for module, members, plain in _IMPORT.findall(text):
        if plain:
            for name in plain.split(b","):
                if match := _NAME.match(name.strip()):
                    names.update(_prefixes(match[1].decode(errors="replace")))
            continue
        base = module.decode(errors="replace")
        name = base.lstrip(".")
        level = len(base) - len(name)
        names.add((name, level))
        for match in _NAME.finditer(members):
            member = match[1].decode(errors="replace")
            names.add((f"{name}.{member}" if name else member, level))
    here = path.parent
    for name, level in sorted(names):
        found = project.locate(here, name, level)
        if found is not None:
            yield found


def _prefixes(name: str) -> Iterator[tuple[str, int]]:
    """``a`` and ``a.b`` of ``import a.b``."""
    yield name.split(".")[0], 0
    yield name, 0
