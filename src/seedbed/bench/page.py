"""The page of results, assembled from its records: ``python -m seedbed.bench.page docs/benchmarks.md``.

Between ``<!-- KIND FILE.json -->`` and ``<!-- end -->`` stands what the record says; the words around it are written.
KIND is ``targets`` or ``record``; the file is named as seen from the page.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from seedbed.bench import growth_page, record, tables
from seedbed.bench.gpu import page as gpu_page
from seedbed.bench.targets import target_table
from seedbed.errors import DataError, SeedbedError

BLOCK = re.compile(r"<!-- (record|targets) (\S+) -->\n.*?<!-- end -->", re.DOTALL)


def assemble(text: str, folder: Path) -> str:
    """The page with every block made again from its record.

    Raises:
        DataError: A record is damaged.
    """

    def block(match: re.Match[str]) -> str:
        kind, name = match.groups()
        return f"<!-- {kind} {name} -->\n\n{told(kind, folder / name, name).strip()}\n\n<!-- end -->"

    return BLOCK.sub(block, text)


def told(kind: str, path: Path, name: str) -> str:
    """What a record says, as Markdown."""
    if not path.is_file():
        return f"Not measured yet: there is no `{name}`."
    data: dict[str, Any] = record.read(path)
    if kind == "targets":
        return "\n".join(target_table(data))
    if data["kind"] == "growth":
        return growth_page.report(data, f"{Path(name).parent.as_posix()}/{path.stem}-")
    return gpu_page.report(data) if data["kind"] == "gpu" else tables.report(data)


def main(arguments: list[str]) -> int:
    """Write the pages again."""
    try:
        for name in arguments:
            page = Path(name)
            if not page.is_file():
                raise DataError(f"{page} does not exist; give the page that is to be made again")
            page.write_text(assemble(page.read_text(encoding="utf-8"), page.parent), encoding="utf-8")
    except SeedbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
