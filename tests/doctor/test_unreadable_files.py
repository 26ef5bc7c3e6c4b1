"""What ``seedbed check`` says of files that it cannot read, and that it reads the others all the same."""

from __future__ import annotations

import json
import linecache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seedbed.cli.check import command as check

BAD = "import torch\nx = torch.randn(3)\nx.clamp(0, 1)\n"
CLEAN = "import torch\nx = torch.randn(3)\n"
SYNTAX = "import torch\ndef broken(:\n"


def _check(*args: Path | str) -> Result:
    result = CliRunner().invoke(check, [str(a) for a in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def _book(*cells: Any, **metadata: Any) -> str:
    listed = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": listed, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "clean.py").write_text(CLEAN)
    (tmp_path / "syn.py").write_text(SYNTAX)
    return tmp_path


def test_the_findings_of_other_files_are_shown(folder: Path) -> None:
    result = _check(folder / "syn.py", folder / "bad.py")
    assert result.exit_code == 1
    assert "SB215" in result.stdout
    assert result.stderr.count("\n") == 1
    assert f"skipped: {folder / 'syn.py'}:2 is not valid Python" in result.stderr


def test_a_named_file_that_cannot_be_read_is_an_error_and_one_in_a_folder_is_told(folder: Path) -> None:
    (folder / "bad.py").unlink()
    named = _check(folder / "syn.py", folder / "clean.py")
    assert (named.exit_code, named.stdout) == (2, "No mistakes found in what could be read.\n")
    below = _check(folder)
    assert (below.exit_code, below.stdout) == (0, "No mistakes found in what could be read.\n")
    assert "syn.py:2" in below.stderr


def test_a_folder_of_which_nothing_can_be_read_is_not_called_good(folder: Path) -> None:
    (folder / "bad.py").unlink()
    (folder / "clean.py").unlink()
    result = _check(folder)
    assert (result.exit_code, result.stdout) == (2, "Nothing could be read, so nothing was checked.\n")


def test_json_and_sarif_name_what_was_skipped(folder: Path) -> None:
    (skipped,) = json.loads(_check(folder, "--json").stdout)["skipped"]
    assert skipped["file"] == str(folder / "syn.py")
    assert "not valid Python" in skipped["reason"]
    (run,) = json.loads(_check(folder, "--format", "sarif").stdout)["runs"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "not valid Python" in told["message"]["text"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("syn.py")
    assert run["invocations"][0]["executionSuccessful"]
    (run,) = json.loads(_check(folder / "syn.py", "--format", "sarif").stdout)["runs"]
    assert not run["invocations"][0]["executionSuccessful"]
    (folder / "syn.py").unlink()
    assert json.loads(_check(folder, "--json").stdout)["skipped"] == []
    assert "invocations" not in json.loads(_check(folder, "--format", "sarif").stdout)["runs"][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"cells": 3, "nbformat": 4}', "its cells are no list"),
        ("null", "its JSON is no object with cells"),
        ("[1]", "its JSON is no object with cells"),
        ("{}", "it has no cells"),
        ("", "is empty"),
        ('{"cells": [', "its JSON is broken"),
        ("[" * 100_000, "nested too deeply"),
        (_book([1, 2]), "the source of code cell 1 is no text"),
        (_book("x = 1", kernelspec=3, language_info={"name": 5}) + "}", "its JSON is broken"),
        (_book("library(torch)", kernelspec={"name": "ir", "language": "R"}), "is a notebook in R;"),
        (_book("using Flux", kernelspec={"name": "julia-1.9"}), "is a notebook in Julia;"),
        (_book("torch <- 1", language_info={"name": "R"}), "is a notebook in R;"),
        (_book("def broken(:"), "has no cell that is valid Python (cell 1 line 1)"),
    ],
)
def test_what_is_no_notebook_in_python_is_told_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    result = _check(path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "No mistakes" not in result.stdout


def test_a_cell_that_is_no_python_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(_book(BAD + "print(x)\n", "%matplotlib inline\n!ls\n\n\ndef broken(:\n", "%%bash\nls -l", "y = 1"))
    result = _check(path)
    assert result.exit_code == 1
    assert result.stderr == f"skipped: {path}: cell 2 line 5 is not valid Python; this cell was left out\n"
    assert "cell 1 line 3" in result.stdout
    path.write_text(_book("x = 1", *["print 1"] * 5))
    assert "5 of 6 cells are not valid Python (cell 2 line 1, cell 3 line 1, cell 4 line 1, …)" in _check(path).stderr


def test_a_notebook_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + _book(BAD + "print(x)\n", kernelspec={"language": "python"}).encode())
    assert "SB215" in _check(path).stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"import torch\n# caf\xe9\n", ":2 is not written in UTF-8; save the file as UTF-8, or name its encoding"),
        (b"import torch\n\n\n# caf\xe9\n", ":4 is not written in UTF-8"),
        (b"# coding: ascii\nimport torch\n\n# caf\xe9\n", "is not written in ascii, as its first lines say"),
        (b"# coding: klingon\nimport torch\n", "has a coding line that Python cannot follow"),
        (CLEAN.encode("utf-16"), "is written in UTF-16, which Python does not read; save it as UTF-8"),
        (b"import torch\nx = 1\0\n", ":2 holds a NUL byte"),
        (b"import torch\nx = " + b"+".join([b"1"] * 20_000), "nested too deeply to be read; split it"),
        (b"import torch\nx = " + b"(" * 300 + b"1" + b")" * 300, "nested too deeply to be read; split it"),
    ],
)
@pytest.mark.parametrize("below", [False, True])
def test_the_sentence_says_what_to_do(tmp_path: Path, data: bytes, said: str, below: bool) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    result = _check(tmp_path if below else path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_link_to_nothing_is_a_plain_sentence(folder: Path) -> None:
    (folder / "syn.py").unlink()
    (folder / "gone.py").symlink_to("nowhere.py")
    said = f"skipped: {folder / 'gone.py'} is a link to nowhere.py, which does not exist;"
    for args in ([folder], [folder / "gone.py", folder / "bad.py"]):
        result = _check(*args)
        assert (result.exit_code, result.stderr.startswith(said)) == (1, True)
        assert "SB215" in result.stdout


def test_the_excerpt_is_the_line_that_python_counts_in_the_encoding_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"# coding: latin-1\n\x0c\n# caf\xe9 \x85\n" + BAD.encode())
    assert "    6 | x.clamp(0, 1)\n" in _check(path).stdout


def test_lines_of_a_notebook_that_is_run_are_those_that_python_counts(tmp_path: Path) -> None:
    from seedbed.doctor.child import _load

    path = tmp_path / "a.ipynb"
    path.write_text(_book("x = 1\n\x0c\ny = 2\n"))
    _load(str(path))
    assert linecache.getline(str(path), 3) == "y = 2\n"
