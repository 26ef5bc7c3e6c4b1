"""Imports: a project file is run once, everything else is a library."""

from __future__ import annotations

from pathlib import Path

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Scope
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val


def module(run: Machine, name: str, level: int) -> Val:
    """The namespace of an imported project file, or a library name."""
    path = run.project.find(run.src, name, level)
    if path is None or path == run.src.place:
        return Val("lib", {"np": "numpy"}.get(name, name))
    if path in run.project.loaded:
        return run.project.loaded[path]
    source = run.project.read(path)
    if source is None or len(run.project.loaded) > 60:
        return Val("lib", name)
    return load(run, path, source)


def load(run: Machine, path: Path, source: Source) -> Val:
    """Run a project file as an import and return its namespace."""
    scope = Scope(src=source)
    val = Val("namespace", source.name, source.tree, source)
    val.owner = scope
    run.project.loaded[path] = val
    saved = run.scope, run.src, run.funcs, run.loops, run.rounds, run.conds
    run.scope, run.src, run.funcs, run.loops, run.rounds, run.conds = scope, source, [], [], [], []
    try:
        run.run(source.tree.body)
    finally:
        run.scope, run.src, run.funcs, run.loops, run.rounds, run.conds = saved
    return val
