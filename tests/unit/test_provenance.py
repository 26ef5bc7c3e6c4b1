"""What the manifest says about code, packages and git, and that it is cheap to find out."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.provenance import code_digests, fingerprint_differences, git_state, package_versions


@pytest.mark.parametrize(
    ("module", "name"), [("torch", "torch"), ("numpy", "numpy"), ("pydantic", "pydantic"), ("yaml", "pyyaml")]
)
def test_versions_are_those_of_the_metadata(module: str, name: str) -> None:
    importlib.import_module(module)
    assert package_versions()[name] == importlib.metadata.version(name)


def test_modules_of_python_itself_are_not_listed() -> None:
    assert not {"os", "sys", "json"} & package_versions().keys()


def test_the_projects_own_loaded_modules_are_digested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "my_own_part.py").write_text("x = 1\n")
    link = tmp_path / "link"
    link.symlink_to(folder)
    monkeypatch.syspath_prepend(str(link))
    import my_own_part  # type: ignore[import-not-found,unused-ignore]

    try:
        expected = {"my_own_part.py": hashlib.sha256(b"x = 1\n").hexdigest()}
        assert code_digests(folder) == code_digests(link) == expected
        assert code_digests(tmp_path / "elsewhere") == {}
    finally:
        del sys.modules[my_own_part.__name__]


def test_git_state_has_the_commit_and_what_is_not_committed(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        return subprocess.run(
            ["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True, text=True
        ).stdout

    assert git_state(tmp_path) is None
    git("init", "-q")
    assert git_state(tmp_path) is None  # no commit yet
    (tmp_path / "a.py").write_text("one\n")
    git("add", "a.py")
    git("commit", "-qm", "first")
    (tmp_path / "a.py").write_text("two\n")
    (tmp_path / "inner").mkdir()
    state = git_state(tmp_path / "inner")
    assert state is not None
    assert state["commit"] == git("rev-parse", "HEAD").strip()
    assert "+two" in state["diff"]
    assert not state["diff_truncated"]


def test_a_difference_names_both_values() -> None:
    assert fingerprint_differences({"threads": 1}, {"threads": 2, "gpu": "x"}) == [
        "gpu was absent, is x",
        "threads was 1, is 2",
    ]
