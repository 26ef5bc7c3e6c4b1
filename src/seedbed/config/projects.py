"""The user's own modules beside the config file: found, imported, kept apart from those of other projects."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from seedbed.errors import ConfigError, SeedbedError

# A project's file of this name never stands for the package: importing it would break the process.
PROTECTED = frozenset(sys.stdlib_module_names) | {
    "conftest",
    "numpy",
    "seedbed",
    "setup",
    "tests",
    "timm",
    "torch",
    "torchvision",
}
STAND_INS = Path(__file__).parent / "standins"
STAND_IN_NAMES = frozenset({"base", "logger", "utils"})


class Project:
    """One folder of user modules. Only one project is active at a time; the others' modules are put aside.

    Args:
        folder: The folder of the config file.
    """

    active: Project | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._put_aside: dict[str, ModuleType] = {}
        self._displaced: dict[str, ModuleType] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._is_on_path = False

    def owns(self, name: str) -> bool:
        """Whether the first part of a dotted name is a module or package in this folder."""
        top = name.partition(".")[0]
        if top in PROTECTED or not top.isidentifier():
            return False
        if (self.folder / f"{top}.py").is_file():
            return True
        inside = self.folder / top
        if not inside.is_dir() or (inside / "pyvenv.cfg").exists():
            return False
        return any(inside.glob("*.py")) or any(inside.glob("*/*.py"))

    def is_loaded_from_here(self, name: str) -> bool:
        """Whether the loaded module of this name comes from this folder."""
        top = sys.modules.get(name.partition(".")[0])
        return self.owns(name) and top is not None and _is_inside(top, self.folder)

    def _find_namesakes(self) -> list[str]:
        """Loaded modules whose name is also that of something in this folder."""
        try:
            entries = {entry.removesuffix(".py") for entry in os.listdir(self.folder)}
        except OSError:
            return []
        loaded = list(sys.modules)
        # a folder may hold thousands of other files: only what is loaded is looked at closely
        tops = {top for top in {name.partition(".")[0] for name in loaded} & entries if self.owns(top)}
        return [name for name in loaded if name.partition(".")[0] in tops]

    def activate(self) -> None:
        """Put this folder first on ``sys.path`` and its modules in place; stays so for loader workers."""
        if Project.active is not self:
            if Project.active is not None:
                Project.active._deactivate()
            sys.modules.update(self._put_aside)
            self._put_aside = {}
            Project.active = self
        if FINDER not in sys.meta_path:
            sys.meta_path.insert(0, FINDER)
        if sys.path[:1] != [str(self.folder)]:
            sys.path.insert(0, str(self.folder))
            self._is_on_path = True
            importlib.invalidate_caches()
        self._forget_changed()
        for name in self._find_namesakes():
            if not self.is_loaded_from_here(name):
                self._displaced[name] = sys.modules[name]
        for name in self._displaced:
            if name in sys.modules and sys.modules[name] is self._displaced[name]:
                del sys.modules[name]

    def _deactivate(self) -> None:
        stand_ins = [name for name in list(sys.modules) if name.partition(".")[0] in STAND_IN_NAMES]
        for name in [*self._find_namesakes(), *stand_ins]:
            if self.is_loaded_from_here(name) or _is_inside(sys.modules[name], STAND_INS):
                self._put_aside[name] = sys.modules[name]
        for name in self._put_aside:
            sys.modules.pop(name, None)
        sys.modules.update(self._displaced)
        self._displaced = {}
        # An entry that was there before (the folder of the user's own script) is not ours to remove.
        for folder in ([str(self.folder)] if self._is_on_path else []) + [str(STAND_INS)]:
            if folder in sys.path:
                sys.path.remove(folder)
        self._is_on_path = False

    def _forget_changed(self) -> None:
        """Import everything again after an edit: a notebook trains the file as it is now."""
        loaded = {name: sys.modules[name] for name in self._find_namesakes() if self.is_loaded_from_here(name)}
        stamps = {name: _stamp(module) for name, module in loaded.items()}
        if any(self._stamps.get(name, stamp) != stamp for name, stamp in stamps.items()):
            for name in loaded:
                del sys.modules[name]
            stamps = {}
            importlib.invalidate_caches()
        self._stamps = stamps

    def load(self, name: str) -> ModuleType:
        """Import a module of this project.

        Args:
            name: Dotted name, ``model.model``.

        Raises:
            ConfigError: The user's code raised; the message has its file, line and error.
        """
        self.activate()
        for attempt in range(2):
            try:
                module = importlib.import_module(name)
                break
            except ModuleNotFoundError as error:
                wanted = (error.name or "").partition(".")[0]
                if attempt or wanted not in STAND_IN_NAMES or self.owns(wanted):
                    raise ConfigError(self.explain(error, f"importing {name!r}")) from error
                sys.path.append(str(STAND_INS))
                importlib.invalidate_caches()
            except SeedbedError:
                raise
            except (Exception, SystemExit) as error:
                raise ConfigError(self.explain(error, f"importing {name!r}")) from error
        self._stamps.update({known: _stamp(sys.modules[known]) for known in [name] if known in sys.modules})
        return module

    def explain(self, error: BaseException, doing: str) -> str:
        """One sentence about an exception from the user's code: file, line, error."""
        return f"{locate_error(error, self.folder)} — while {doing}"

    def find_files(self, candidates: Sequence[str]) -> list[Path]:
        """Those of the candidate files (``model/model.py``) that this project has."""
        return [
            self.folder / candidate
            for candidate in candidates
            if (self.folder / candidate).is_file() and self.owns(Path(candidate).parts[0].removesuffix(".py"))
        ]

    def module_name(self, path: Path) -> str:
        """Dotted name of a file in this project."""
        return ".".join(path.relative_to(self.folder).with_suffix("").parts).removesuffix(".__init__")

    def find_definers(self, name: str) -> list[str]:
        """Modules at the top of this project that define a class or function of this name; nothing is imported."""
        files = sorted(path for path in self.folder.glob("*.py") if self.owns(path.stem))
        return [path.stem for path in files if name in read_names(path).defined]


class _Names:
    """The names at the top level of a file: ``defined`` there, ``imported`` into it, ``open`` if there may be more."""

    def __init__(self) -> None:
        self.defined: set[str] = set()
        self.imported: set[str] = set()
        self.open = False


def read_names(path: Path) -> _Names:
    """Read the top-level names of a Python file without running it."""
    names = _Names()
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        names.open = True
        return names
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.defined |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.imported |= {(alias.asname or alias.name) for alias in node.names}
            names.open |= any(alias.name == "*" for alias in node.names)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            names.open = True
    return names


def locate_error(error: BaseException, folder: Path | None) -> str:
    """``file:line: Error: message`` of an exception; the last frame inside ``folder``, if there is one."""
    try:
        text = str(error).strip()
    except Exception:
        text = ""
    text = " ".join(text.split())
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {kind}: {error.msg}"
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if folder is not None and Path(file).is_relative_to(folder):
            place = f"{file}:{trace.tb_lineno}: "
        trace = trace.tb_next
    if isinstance(error, ModuleNotFoundError):
        return f"{place}there is no module {error.name!r}; install it, or check its name"
    if isinstance(error, SystemExit):
        return f"{place}the module ends the program (SystemExit {text}); guard it with if __name__ == '__main__'"
    return f"{place}{kind}{': ' + text if text else ''}"


def _is_inside(module: Any, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    places = [file] if isinstance(file, str) else list(getattr(module, "__path__", None) or [])
    return any(isinstance(place, str) and _resolve(place).is_relative_to(folder) for place in places)


@cache
def _resolve(place: str) -> Path:
    return Path(place).resolve()


def _stamp(module: ModuleType) -> tuple[int, int]:
    file = getattr(module, "__file__", None)
    try:
        status = Path(file).stat() if isinstance(file, str) else None
    except OSError:
        status = None
    return (status.st_mtime_ns, status.st_size) if status else (0, 0)


class _ProjectFinder(MetaPathFinder):
    """Finds the active project's own modules before any other of the same name, wherever that is."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where a top-level module of the active project is; None for any other name."""
        project = Project.active
        if path is not None or project is None or not project.owns(fullname):
            return None
        spec = PathFinder.find_spec(fullname, [str(project.folder)])
        if spec is not None and spec.submodule_search_locations is not None:
            # A folder without __init__.py would otherwise take in folders of the same name elsewhere on sys.path.
            spec.submodule_search_locations = list(spec.submodule_search_locations)
        return spec


FINDER = _ProjectFinder()
_PROJECTS: dict[Path, Project] = {}


def open_project(folder: Path) -> Project:
    """The project of a folder; the same object for the same folder."""
    folder = folder.resolve()
    return _PROJECTS.setdefault(folder, Project(folder))
