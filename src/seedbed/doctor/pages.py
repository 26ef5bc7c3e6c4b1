"""The pages of the checks: read from the docstrings of the files in ``rules``, without importing them."""

from __future__ import annotations

import ast
import importlib.util
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from seedbed.doctor.codes import CHECKS, Check

SECTIONS = ("What it does", "Why is this bad", "Example", "Use instead")


@dataclass(frozen=True)
class Page:
    """One check's page: its title, two explanations and two pieces of code."""

    title: str
    what: str
    why: str
    example: str
    instead: str
    fix: str = ""


def read_page(check: Check) -> Page | None:
    """Return the page of a check, ``None`` when it has no file yet."""
    spec = importlib.util.find_spec(check.module)
    if spec is None or spec.origin is None:
        return None
    with open(spec.origin, encoding="utf-8") as handle:
        doc = ast.get_docstring(ast.parse(handle.read())) or ""
    return parse_page(doc)


def parse_page(doc: str) -> Page:
    """Split a docstring into the sections of a page."""
    title, _, rest = doc.partition("\n")
    found: dict[str, list[str]] = {}
    current = ""
    for line in rest.splitlines():
        if line.startswith("## "):
            current = line[3:].strip()
            found[current] = []
        elif current:
            found[current].append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in found.items()}
    what, why, example, instead = (texts.get(name, "") for name in SECTIONS)
    return Page(title.strip(), what, why, _code(example), _code(instead))


def _code(text: str) -> str:
    return text.partition("\n")[2].removesuffix("```").rstrip() + "\n" if text else ""


@lru_cache(maxsize=1)
def korean() -> dict[str, dict[str, str]]:
    """The Korean texts by code: title, what, why, fix."""
    texts: dict[str, dict[str, str]] = {}
    folder = resources.files("seedbed.doctor") / "ko"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            texts.update(json.loads(entry.read_text(encoding="utf-8")))
    return texts


def explain(check: Check, lang: str = "en") -> str:
    """Return a check's page as text, in English or (where there is one) Korean."""
    page = read_page(check)
    local = korean().get(check.code) if lang == "ko" else None
    head = f"{check.code} {check.name} ({check.severity})"
    if page is None:
        return f"{head}\n{(local or {}).get('title', check.title)}"
    names = ("하는 일", "왜 문제인가", "예", "이렇게 쓰세요") if local else SECTIONS
    title, what, why = page.title, page.what, page.why
    if local:
        title, what, why = local["title"], local["what"], local["why"]
    parts = [head, "", title, ""]
    for name, text in zip(names, (what, why, _indent(page.example), _indent(page.instead)), strict=True):
        parts += [name, "-" * len(name), text, ""]
    if local and local.get("fix"):
        parts += ["고치는 법", "-------", local["fix"], ""]
    return "\n".join(parts).rstrip()


def _indent(code: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in code.rstrip().splitlines())


def listing(lang: str = "en") -> str:
    """Return one line for every check."""
    local = korean() if lang == "ko" else {}
    width = max(len(c.name) for c in CHECKS.values())
    rows = [
        f"{c.code}  {c.severity!s:7}  {c.name:{width}}  {local.get(c.code, {}).get('title', c.title)}"
        for c in CHECKS.values()
    ]
    return "\n".join(rows)
