"""Where in the user's code something happened: the nearest calling frame that is neither ours nor a library's."""

from __future__ import annotations

import ast
import linecache
import opcode
import os
import site as site_packages
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType


@dataclass(frozen=True)
class Site:
    """One line of the user's code.

    Args:
        file: Path as Python knows it.
        line: Line, 1-based.
        function: Name of the function, ``"<module>"`` at the top level.
    """

    file: str
    line: int
    function: str = ""

    @property
    def text(self) -> str:
        """The source line, stripped; empty when it cannot be read."""
        return linecache.getline(self.file, self.line).strip()


def _library_roots() -> tuple[str, ...]:
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = sysconfig.get_paths()
    roots = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib") if key in paths}
    roots.update(site_packages.getsitepackages() if hasattr(site_packages, "getsitepackages") else ())
    roots.add(here)
    return tuple(os.path.join(os.path.realpath(root), "") for root in roots)


_ROOTS = _library_roots()
_TYPED = ("<stdin>", "<ipython-input-", "<python-input-")  # what is typed into Python, IPython and newer Pythons
_USER: dict[str, bool] = {}
_SITES: dict[tuple[str, int, str], Site] = {}


def is_user_file(name: str) -> bool:
    """Say whether ``name`` is code of the user (not the standard library, a package, or seedbed)."""
    known = _USER.get(name)
    if known is None:
        real = os.path.realpath(name)
        typed = name.startswith(_TYPED)
        known = _USER[name] = typed or (not name.startswith("<") and not real.startswith(_ROOTS))
    return known


def user_frame(depth: int = 1) -> FrameType | None:
    """Return the nearest frame of the user's code above the caller, or ``None``."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        if is_user_file(frame.f_code.co_filename):
            return frame
        frame = frame.f_back
    return None


def here(depth: int = 2) -> Site | None:
    """Return the nearest line of the user's code above the caller, or ``None``."""
    frame = user_frame(depth)
    if frame is None:
        return None
    return site_of(frame)


def site_of(frame: FrameType) -> Site:
    """Return the line that a frame is at."""
    code = frame.f_code
    key = (code.co_filename, frame.f_lineno, code.co_name)
    known = _SITES.get(key)
    if known is None:
        known = _SITES[key] = Site(*key)
    return known


def in_for_loop(frame: FrameType) -> bool:
    """Say whether the frame is just now asking an iterator for the next item of a ``for`` loop."""
    code = frame.f_code.co_code
    index = frame.f_lasti
    return 0 <= index < len(code) and opcode.opname[code[index]].startswith("FOR_ITER")


def names_of(frame: FrameType | None, value: object) -> tuple[str, ...]:
    """Return the names that the user's code has for ``value`` in this frame and above, keys of dicts included."""
    found: dict[str, None] = {}
    looked: set[int] = set()
    while frame is not None and len(found) < 8:
        if is_user_file(frame.f_code.co_filename):
            own, around = frame.f_locals, frame.f_globals
            names = [*own.items(), *(() if own is around or id(around) in looked else around.items())]
            looked.add(id(around))
            for name, held in names:
                if held is value:
                    found[name] = None
                elif type(held) is dict and len(held) < 20:
                    found.update((key, None) for key, item in held.items() if item is value and isinstance(key, str))
        frame = frame.f_back
    return tuple(found)


@lru_cache(maxsize=64)
def parse_file(file: str) -> ast.Module | None:
    """Return the syntax tree of a source file, or ``None`` when it cannot be read."""
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return None


def enclosing_loops(where: Site) -> list[ast.For | ast.While]:
    """Return the loops around a line, the innermost first."""
    tree = parse_file(where.file)
    if tree is None:
        return []
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While) and node.lineno <= where.line <= (node.end_lineno or 0)
    ]
    return sorted(loops, key=lambda node: -node.lineno)


def loops_in_function(where: Site) -> list[ast.For | ast.While]:
    """Return the loops around a line that belong to the function that the line is in."""
    tree = parse_file(where.file)
    if tree is None:
        return []
    makers = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inside = [n for n in ast.walk(tree) if isinstance(n, makers) and n.lineno <= where.line <= (n.end_lineno or 0)]
    start = max((node.lineno for node in inside), default=0)
    return [loop for loop in enclosing_loops(where) if loop.lineno >= start]
