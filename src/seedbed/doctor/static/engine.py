"""Reads files and asks every rule. The entry points are ``check_paths`` and ``check_source``."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding
from seedbed.doctor.static import arguments, calls, lineage, ownership
from seedbed.doctor.static.asking import SOURCE, Silence
from seedbed.doctor.static.files import Problem, find_files, may_use, read_bytes
from seedbed.doctor.static.groups import Uses, cut, together, uses_torch
from seedbed.doctor.static.interp import Interp
from seedbed.doctor.static.own_optimizers import BASES
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.project import Project
from seedbed.doctor.static.scopes import BudgetError, Class, Func
from seedbed.doctor.static.source import Source, parse, read_source
from seedbed.doctor.static.spreading import forget, no_collection, spread, tidy
from seedbed.doctor.static.table import STATIC, SYNTACTIC
from seedbed.doctor.static.values import Val, settle, unknown
from seedbed.errors import ConfigError

Rule = Callable[[Program], Iterable[Finding]]
_rules: dict[str, Rule] = {}
_silent = Silence()
SKIP_SILENT = True  # tests turn it off: every rule is asked then


def rules(only: frozenset[str] | None = None) -> dict[str, Rule]:
    """The static rules by code, all or those asked for, each imported once: there are hundreds of them."""
    codes = [code for code in STATIC if only is None or code in only]
    if any(code not in _rules for code in codes):
        with no_collection():
            for code in codes:
                _rules[code] = importlib.import_module(CHECKS[code].module).check
    return {code: _rules[code] for code in codes}


def check_paths(
    paths: Sequence[Path],
    problems: list[Problem] | None = None,
    only: frozenset[str] | None = None,
    processes: int = 1,
) -> list[Finding]:
    """Read every file under ``paths`` and return what the rules find, in order of place.

    Args:
        paths: Files and folders.
        problems: Gets what there is to say of files that cannot be read, parts of them, and comments in vain.
        only: Codes to ask; all when ``None``.
        processes: Over how many processes many files may be spread; the findings are the same for any number.

    Raises:
        ConfigError: A path does not exist; or, without ``problems``, a file cannot be read.
    """
    single = {p for p in paths if not p.is_dir()}
    wanted: list[Path] = []
    told: list[Problem] = []
    uses = Uses()
    for path in find_files(paths):
        try:
            if may_use(read_bytes(path), b"torch") or path in single or uses.torch(path):
                wanted.append(path)
        except ConfigError as error:
            told.append(Problem(path, str(error)))
    groups = cut(together(wanted))
    found: dict[tuple[str, str, int], Finding] = {}
    for findings, failed in spread(partial(check_group, only=only), groups, processes):
        told += failed
        for finding in findings:
            found.setdefault((finding.code, finding.file, finding.line), finding)
    for problem in sorted(told, key=lambda problem: problem.path):
        if problems is not None:
            problems.append(replace(problem, named=problem.path in single))
        elif problem.kind == "file":
            raise ConfigError(problem.text)
    return _in_order(found.values())


def check_group(paths: Sequence[Path], only: frozenset[str] | None = None) -> tuple[list[Finding], list[Problem]]:
    """Check files that import each other; returns the findings, and what there is to say of the files."""
    sources: dict[Path, Source] = {}
    wanted: list[Source] = []
    told: list[Problem] = []
    with no_collection():
        for path in paths:
            try:
                source = read_source(path)
            except ConfigError as error:
                told.append(Problem(path, str(error)))
                continue
            sources[path.resolve()] = source
            wanted.append(source)
            told += [Problem(path, text, "part") for text in source.left_out]
            told += [Problem(path, text, "note") for text in source.comments_in_vain()]
        found = check_sources(wanted, sources, only)
    if len(paths) > 1:
        del sources, wanted
        forget()
    return found, told


def check_text(text: str, path: Path | None = None, strict: bool = False) -> list[Finding]:
    """Check one piece of code that is not (or not yet) in a file."""
    source = parse(text, path or Path("train.py"))
    return check_sources([source], {}, None, strict)


def check_sources(
    wanted: Sequence[Source],
    sources: dict[Path, Source],
    only: frozenset[str] | None = None,
    strict: bool = False,
) -> list[Finding]:
    """Check parsed files; ``sources`` holds those that they may import."""
    found: dict[tuple[str, str, int], Finding] = {}
    called: set[int] = set()
    loaded: dict[Path, Val] = {}
    for source in wanted:
        if "torch" not in source.text and not uses_torch(source.path):
            continue
        for program in analyse(source, sources, called, strict, loaded):
            told = [_unfinished(program)] if program.unread and (only is None or "SB927" in only) else []
            for finding in (*told, *_ask(program, only, strict)):
                key = (finding.code, finding.file, finding.line)
                if key not in found or finding.severity > found[key].severity:
                    found[key] = finding
            del program
            tidy()
    by_path = {str(s.path): s for s in [*wanted, *sources.values()]}
    return _in_order(f for f in found.values() if f.file not in by_path or not by_path[f.file].allowed.covers(f))


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (f.file, f.line, f.code))


def _ask(program: Program, only: frozenset[str] | None, strict: bool) -> Iterator[Finding]:
    ownership.forget()
    lineage.remember(True)
    settle(True)
    try:
        yield from _answers(program, only, strict)
    finally:
        lineage.remember(False)
        settle(False)


def _answers(program: Program, only: frozenset[str] | None, strict: bool) -> Iterator[Finding]:
    present, notes, here = program.present(), program.cache, program.source.silent
    inside = frozenset(w for w in present if not isinstance(w, type) and w != SOURCE)  # what differs in one file
    left_out = set() if program.complete else set(SYNTACTIC)
    if SKIP_SILENT:
        left_out |= _silent.expected(present) | here.expected(inside)
    for code, rule in rules(only).items():
        if code in left_out:
            continue
        notes.begin()
        try:
            found = list(rule(program))
        except Exception:
            if strict or os.environ.get("SEEDBED_STRICT"):
                raise
            continue  # one rule that fails must not hide the others
        asked = notes.all_asked()
        if found:
            yield from found
            if asked.isdisjoint(inside):
                here.learn(code, asked)  # another program of this file would give the same answer again
        elif asked.isdisjoint(present):
            _silent.learn(code, asked)
        elif asked.isdisjoint(inside):
            here.learn(code, asked)


def analyse(
    source: Source,
    sources: dict[Path, Source],
    called: set[int],
    strict: bool = False,
    loaded: dict[Path, Val] | None = None,
) -> Iterator[Program]:
    """Run a file as a script; then each function and class of it that nobody has used, on its own.

    ``loaded`` keeps the imported files, so that the files of a package are run once and not for every importer.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 6000))
    try:
        project = Project(sources, strict or bool(os.environ.get("SEEDBED_STRICT")))
        project.entry, project.called = source, called
        if loaded is not None:
            project.loaded = loaded
        program = Program(source)
        run = Interp(project, source, program)
        for statement in source.tree.body:
            if _guarded(program, partial(_read, run, statement), strict) in ("return", "raise"):
                break
        yield program
        for func in program.functions:
            if func.calls:
                called.add(id(func.node))
        yield from _leftovers(run, program, source, project, called)
    finally:
        sys.setrecursionlimit(limit)


_SPARE = 6_000  # steps for what comes after a statement on which all were spent


def _read(run: Interp, statement: ast.stmt) -> str:
    """Read a statement of the module; if the steps run out in it, what follows is still read with a few."""
    stacks: list[list[Any]] = [
        run.loops,
        run.rounds,
        run.funcs,
        run.conds,
        run.grads,
        run.autocasts,
        run.returns,
        run.yields,
    ]
    stacks.append(run.sites)
    lengths, scope, src = [len(stack) for stack in stacks], run.scope, run.src
    try:
        return run.run([statement])
    except BudgetError:
        for stack, length in zip(stacks, lengths, strict=True):
            del stack[length:]
        run.scope, run.src, run.forward_depth, run.quiet, run.budget = scope, src, 0, 0, _SPARE
        raise


def _guarded(program: Program, work: Callable[[], object], strict: bool = False) -> object:
    try:
        return work()
    except BudgetError as error:
        program.unread = program.unread or (int(error.args[0]) if error.args else 1)
    except Exception:
        if strict or os.environ.get("SEEDBED_STRICT"):
            raise
        program.unread = program.unread or 1  # said by SB927: a file must not be lost in silence
    return ""


def _unfinished(program: Program) -> Finding:
    """What is said, once per file, where reading stopped before its end."""
    place = {"file": str(program.source.path), "line": 1, "source": "static"}
    return CHECKS["SB927"].finding(
        f"the file was not read to its end: it takes more steps than the reader has, it stopped near line "
        f"{program.unread}",
        why="what comes after that line was not judged, so no finding there means nothing",
        fix="Check the parts on their own (split the file), or use seedbed doctor, which runs it",
        **place,
    )


def _leftovers(main: Interp, program: Program, source: Source, project: Project, called: set[int]) -> Iterator[Program]:
    owned = {id(v.owner.node) for c in program.classes for v in c.scope.vars.values() if v.kind == "func"}
    for func in list(program.functions):
        node = func.node
        if func.src is source and not func.calls and id(node) not in called and id(node) not in owned:  # noqa: SIM102
            if func.scope is main.scope or func.scope.outer is None:
                yield _alone(main, source, project, partial(run_function, func=func))
    for cls in list(program.classes):
        if cls.src is source and not cls.made and id(cls.node) not in called and cls.scope.outer is main.scope:
            if cls.base != "lightning":
                called.add(id(cls.node))
                yield _alone(main, source, project, partial(run_class, cls=cls), cls)
        elif cls.src is source and (cls.base in BASES or _unasked(cls, called)) and id(cls) not in called:
            called.add(id(cls))
            yield _alone(main, source, project, partial(run_class, cls=cls), cls)


def _unasked(cls: Class, called: set[int]) -> bool:
    """Whether a module is made somewhere (by a function that chooses among many), and its forward is never run."""
    method = cls.method("forward") if cls.base == "module" else None
    return method is not None and method.owner is cls and id(method.node) not in called


def _alone(
    main: Interp, source: Source, project: Project, work: Callable[[Interp], None], cls: Class | None = None
) -> Program:
    program = Program(source, complete=False)
    if cls is not None:
        program.classes.append(cls)
    run = Interp(project, source, program)
    run.scope = main.scope
    run.modes = dict(main.modes)
    run.budget = 12_000
    _guarded(program, lambda: work(run), run.strict)
    return program


def run_function(run: Interp, func: Func) -> None:
    """Run a function that nobody calls, with unknown arguments."""
    calls.invoke(run, func, func.node, (), arguments.left_open(func))


def run_class(run: Interp, cls: Class) -> None:
    """Make an instance of a class that nobody uses, and run its methods in their order."""
    val = Val("class", cls.name, cls.node, run.src)
    val.owner = cls
    made = cls.method("__init__")
    me = calls.instantiate(run, val, cls.node, (), arguments.left_open(made) if made is not None else {})
    if cls.base in BASES:
        run.parts = frozenset()
    if cls.base in ("module", "autograd"):
        method = cls.method("forward")
        if method is not None and cls.base == "module":
            count = max(0, len(method.node.args.args) - 1)
            args = tuple(_input(run, method, i + 1) for i in range(count))
            calls.forward(run, me, cls.node, args, {})
        return
    for name, member in list(cls.scope.vars.items()):
        hidden = name.startswith("__") and name not in ("__getitem__", "__iter__", "__call__")
        if member.kind == "func" and not hidden and (not member.owner.calls or cls.base in BASES):
            bound = () if "staticmethod" in member.owner.decorators else (me,)
            calls.invoke(run, member.owner, cls.node, bound, {})


def _input(run: Interp, method: Func, index: int) -> Val:
    arg = method.node.args.args[index]
    val = unknown(arg.arg, arg, method.src)
    val.var = arg.arg
    val.tags.add("free")
    return val
