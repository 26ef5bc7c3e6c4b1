"""Files, overrides and origins: what is read comes back, and what cannot be read is said in one sentence."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.config.dump import dump
from seedbed.config.load import load_config, load_tree
from seedbed.config.overrides import apply_overrides, parse_override
from seedbed.config.syntax import read_text
from seedbed.config.tree import Tree, format_keys, iterate_leaves
from seedbed.errors import ConfigError

GOOD = {"model": {"type": "LeNet"}, "data": {"type": "MNIST"}, "objective": {"type": "Classification"}}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
tricky = st.sampled_from(
    ["1e-3", "1_000", "off", "no", "null", "~", "true", "0x1f", "0o7", ".inf", "2024-01-02", "- a", "a: b", "#", " x ",
     "", "'", '"', "\\", "\x7f", "\x85", "\u2028", "\ufeff", "é", "😀", "<<", "=", "1:30",
     "a\nb", "\t", "!!x", "&a", "*a"]
)  # fmt: skip
keys = st.one_of(texts, tricky)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    tricky,
)


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=12
    )
    return st.dictionaries(keys, values, min_size=1, max_size=4)


def same(left: Any, right: Any) -> bool:
    """Equal, with 1, 1.0 and True told apart."""
    return repr(left) == repr(right)


@settings(max_examples=40)
@given(trees(scalars | st.none()))
def test_a_tree_survives_json(tree: dict[str, Any]) -> None:
    assert same(read_text(dump(tree, "json"), "json", "x")[0], tree)


@settings(max_examples=40)
@given(trees(scalars | st.none()))
def test_json_is_read_as_the_standard_library_reads_it(tree: dict[str, Any]) -> None:
    for indent in (None, 2):
        text = json.dumps(tree, indent=indent, ensure_ascii=indent is None)
        assert same(read_text(text, "json", "x")[0], json.loads(text))


@settings(max_examples=40)
@given(trees(scalars | st.none()))
def test_a_tree_survives_yaml(tree: dict[str, Any]) -> None:
    assert same(read_text(dump(tree, "yaml"), "yaml", "x")[0], tree)


@settings(max_examples=40)
@given(trees(scalars))
def test_a_tree_survives_toml(tree: dict[str, Any]) -> None:
    # TOML writes plain values before tables, so only the order of keys may differ.
    assert read_text(dump(tree, "toml"), "toml", "x")[0] == tree


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_one_sentence(text: str) -> None:
    for syntax in ("json", "yaml", "toml"):
        message = "file:"
        try:
            read_text(text, syntax, "file")
        except ConfigError as error:
            message = str(error)
        assert message.startswith("file:")
        assert "\n" not in message


@settings(max_examples=40)
@given(trees(scalars | st.none()), st.lists(keys.filter(lambda key: '"' not in key), min_size=1, max_size=3), scalars)
def test_an_override_sets_its_path_and_nothing_else(tree: dict[str, Any], path: list[str], value: Any) -> None:
    text = f"{format_quoted(path)}={json.dumps(value)}"
    refused, result = "", Tree({})
    try:
        result = apply_overrides(Tree(tree), [text])
    except ConfigError as error:
        refused = str(error)
    assert not refused or "nothing can be set below it" in refused or "is a list of" in refused
    if refused:
        return
    found: Any = result.values
    done: tuple[str | int, ...] = ()
    for key in path:
        step = int(key) if isinstance(found, list) else key
        found = found[step]
        done = (*done, step)
    assert same(found, value)
    assert str(result.origin(done)) == "override"
    before = {leaf: item for leaf, item in iterate_leaves(tree) if leaf[: len(done)] != done}
    after = dict(iterate_leaves(result.values))
    assert all(same(after[leaf], item) for leaf, item in before.items() if item not in ({}, [], None))
    assert apply_overrides(result, [text]).values == result.values


def format_quoted(path: list[str]) -> str:
    return ".".join(f'"{key}"' for key in path)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=6))
def test_of_several_overrides_of_one_key_the_last_wins(pairs: list[tuple[str, int]]) -> None:
    result = apply_overrides(Tree({}), [f"{key}={value}" for key, value in pairs])
    assert result.values == dict(pairs)


@given(st.lists(keys.filter(lambda key: '"' not in key), min_size=1, max_size=3))
def test_a_path_is_written_so_that_an_override_reads_it(path: list[str]) -> None:
    safe = [key for key in path if "\\" not in key and key.isprintable() and key == key.strip()] or ["a"]
    assert parse_override(format_keys(tuple(safe)) + "=1") == (tuple(safe), 1)


@pytest.mark.parametrize("value", [1e-05, 5e-324, 1e16, -2e300, 0.1, 1.0, -0.0])
def test_a_number_stays_a_number_in_every_form(value: float) -> None:
    for syntax in ("json", "yaml", "toml"):
        assert same(read_text(dump({"a": value}, syntax), syntax, "x")[0], {"a": value})
    assert yaml.safe_load(dump({"a": value}, "yaml")) == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("1E5", 100000.0), ("-2", -2), ("off", "off"), ("no", "no"), ("yes", "yes"), ("on", "on"),
        ("true", True), ("null", None), ("~", None), ("010", 10), ("1_000", 1000), ("0x10", 16), ("1:30", "1:30"),
        ("2024-01-02", "2024-01-02"), ("'1'", "1"), ("1.", 1.0), (".5", 0.5), ("1e", "1e"), ("e5", "e5"), ("=", "="),
    ],
)  # fmt: skip
def test_a_yaml_scalar_means_what_people_expect(text: str, value: Any) -> None:
    assert same(read_text(f"a: {text}", "yaml", "x")[0], {"a": value})


def test_yaml_anchors_and_merges_are_read() -> None:
    text = "base: &b {lr: 1, wd: 2}\na: {<<: *b, lr: 3}\nc: *b\n"
    assert read_text(text, "yaml", "x")[0] == {
        "base": {"lr": 1, "wd": 2}, "a": {"lr": 3, "wd": 2}, "c": {"lr": 1, "wd": 2}
    }  # fmt: skip


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_origins_name_the_line_the_override_and_the_default(tmp_path: Path) -> None:
    path = write(tmp_path, "c.json", '{\n "name": "x",\n "model": {\n  "type": "A"},\n "data": {"type": "B"},\n'
                 ' "objective": {"type": "C"},\n "trainer": {"epochs": 3}\n}')  # fmt: skip
    loaded = load_config(path, ["trainer.epochs=4"])
    assert loaded.config.trainer.epochs == 4
    assert str(loaded.origins["model.type"]) == f"{path}:4"
    assert str(loaded.origins["trainer.epochs"]) == "override"
    assert str(loaded.origins["trainer.accumulate"]) == "default"
    assert loaded.project == tmp_path.resolve()


@pytest.mark.parametrize("name", ["c.json", "c.yaml", "c.yml", "c.toml"])
def test_all_three_forms_give_the_same_config(tmp_path: Path, name: str) -> None:
    values = {**GOOD, "optimizer": {"type": "SGD", "args": {"lr": 0.001, "betas": [0.9, 0.95]}}, "seed": 7}
    form = {"yml": "yaml"}.get(name[2:], name[2:])
    path = write(tmp_path, name, "\ufeff" + dump(values, form))
    assert load_config(path).config == load_config(values).config


def test_the_key_that_editors_read_is_no_part_of_the_config(tmp_path: Path) -> None:
    path = write(tmp_path, "c.json", json.dumps({"$schema": "schema.json", **GOOD}))
    assert load_config(path).config == load_config(GOOD).config


def test_overrides_alone_can_make_a_config() -> None:
    loaded = load_config(None, ["model.type=A", "data.type=B", "objective.type=C", 'freeze.0.match=["a"]'])
    assert (loaded.config.freeze[0].match, loaded.project) == (["a"], None)


def test_a_mapping_may_hold_tuples_paths_and_numpy_numbers() -> None:
    import numpy as np

    args = {"a": (1, 2), "b": Path("x") / "y", "c": np.float32(0.5), "d": np.arange(2)}
    config = load_config({**GOOD, "model": {"type": "A", "args": args}}).config
    assert config.model.args == {"a": [1, 2], "b": os.path.join("x", "y"), "c": 0.5, "d": [0, 1]}


BAD_FILES = [
    ("c.json", "", "the file is empty"),
    ("c.yaml", "  \n\n", "the file is empty"),
    ("c.yaml", "# only a comment\n", "the file holds no values"),
    ("c.json", "[1]", "holds a list at the top"),
    ("c.yaml", "just text", "holds text at the top"),
    ("c.json", "null", "holds no values"),
    ("c.json", '{"a": 1,\n "a": 2}', ":2:2: the key 'a' is here a second time (first on line 1)"),
    ("c.yaml", "a: 1\nb: {c: 1, c: 2}", ":2:11: the key 'c' is here a second time"),
    ("c.toml", "a = 1\na = 2\n", "not valid TOML: cannot overwrite a value"),
    ("c.json", '{"a": NaN}', ":1:7: NaN and Infinity are not allowed"),
    ("c.json", '{"a": -Infinity}', "NaN and Infinity are not allowed"),
    ("c.json", '{"a": 1e999}', "1e999 is too large"),
    ("c.yaml", "a: .nan", ".nan is not finite"),
    ("c.yaml", "a:\n  b: -.inf", ":2:6: -.inf is not finite"),
    ("c.toml", "a = inf", "a: inf is not a finite number"),
    ("c.toml", "a = 2024-01-02", "a: a date or time is not a config value"),
    ("c.json", '{"a": 1,}', ":1:9: expected a key in double quotes, found '}'; remove the comma before it"),
    ("c.json", '{"a": [1,]}', "found ']'; remove the comma before it"),
    ("c.json", '{"a" 1}', "expected ':' after the key 'a', found '1'"),
    ("c.json", '{"a": 1 "b": 2}', "expected ',' or '}', found '\"'"),
    ("c.json", "{'a': 1}", "expected a key in double quotes"),
    ("c.json", '{"a": \'x\'}', "double quotes, not single ones"),
    ("c.json", '{"a": True}', "True is Python; JSON writes true"),
    ("c.json", '{"a": None}', "None is Python; JSON writes null"),
    ("c.json", '{"a": 1 // x\n}', "JSON has no comments"),
    ("c.json", '{"a": "x', "bad text: unterminated string"),
    ("c.json", '{"a": "x\ny"}', "bad text: invalid control character"),
    ("c.json", '{"a": 1', "the text ends where ',' or '}' should be"),
    ("c.json", '{"a":', "the text ends where a value should be"),
    ("c.json", '{"a": 1} x', "text after the end of the value"),
    ("c.json", '{"a": "\\ud800"}', "half of a surrogate pair"),
    ("c.json", '{"a": ' + "9" * 5000 + "}", "more than 4000 digits"),
    ("c.json", '{"a": ' + "[" * 5000, "nested more than 100 deep"),
    ("c.yaml", "a: " + "[" * 1200, "too deep"),
    ("c.toml", "a = " + "[" * 5000, "c.toml"),
    ("c.yaml", "a: [1, 2", "not valid YAML"),
    ("c.yaml", "a: b: c", "a ':' here does not fit"),
    ("c.yaml", "a:\n\t- b", "not valid YAML"),
    ("c.yaml", "a: 1\n---\nb: 2", "more than one document"),
    ("c.yaml", "a: !!python/object/apply:os.system ['id']", "the tag '!!python/object/apply:os.system' is not allowed"),
    ("c.yaml", "a: !!python/name:os.system", "is not allowed; a config is plain data"),
    ("c.yaml", "1: a", "a key must be text; put it in quotes"),
    ("c.yaml", "true: a", "a key must be text"),
    ("c.yaml", "[a]: b", "a key must be text"),
    ("c.yaml", "a: &x [*x]", "an alias contains itself"),
    ("c.yaml", "a: *nowhere", "not valid YAML"),
    ("c.yaml", "<<: [1]", "'<<' merges mappings only"),
    ("c.yaml", "a: \x01", "is not allowed in YAML"),
    ("c.toml", "a = ", "not valid TOML: invalid value"),
    ("c.toml", "[a\nb = 1", ":1:"),
    ("c.json", b"\xff\xfe{\x00", "the file is not UTF-8 text (byte 0xff at position 0)"),
    ("c.yaml", b"a: \xe9", "is not UTF-8 text"),
    ("c.txt", "a", "ends in .json, .yaml, .yml or .toml, not in '.txt'"),
    ("c", "a", "not in ''"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_bad_file_is_said_in_one_sentence(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(ConfigError) as caught:
        load_tree(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_aliases_cannot_multiply_without_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 7)]
    with pytest.raises(ConfigError, match="multiply"):
        load_tree(write(tmp_path, "c.yaml", "\n".join(lines)))


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path, "config.json", "{}")
    with pytest.raises(ConfigError, match=r"there is no such file; did you mean .*config\.json\?"):
        load_tree(tmp_path / "confg.json")


def test_a_folder_is_not_a_config(tmp_path: Path) -> None:
    write(tmp_path, "config.json", "{}")
    with pytest.raises(ConfigError, match=r"this is a folder, not a config file; name the file, for example .*json"):
        load_tree(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "c.json", "{}")
    path.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read: permission denied"):
        load_tree(path)


def test_a_huge_file_is_not_taken_for_a_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too many for a config"):
        load_tree(write(tmp_path, "c.json", " " * 6_000_000))


def test_a_name_with_a_null_byte_gives_no_traceback() -> None:
    with pytest.raises(ConfigError):
        load_tree("a\0.json")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": math.nan}, "config: a: nan is not a finite number"),
        ({"a": {"b": object()}}, "config: a.b: object is not a config value"),
        ({"a": {1: 2}}, "config: a: a key must be text, not 1"),
        ({"a": {"x", "y"}}, "config: a: set is not a config value"),
        ({"a": "\ud800"}, "half of a surrogate pair"),
        ({"a": 10**5000}, "more than 4000 digits"),
    ],
)
def test_a_mapping_with_other_things_is_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_tree(value)
    assert message in str(caught.value)


def test_a_mapping_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["a"] = value
    with pytest.raises(ConfigError, match="nested more than 100 deep"):
        load_tree(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "override 'abc' has no '='"),
        ("=3", "has an empty key"),
        ("a..b=3", "has an empty key"),
        (".a=3", "has an empty key"),
        ("a.=3", "has an empty key"),
        ('"a=3', "a double quote without its partner"),
        ("trainer.epochs.x=1", "trainer.epochs is 10 (config), so nothing can be set below it"),
        ("freeze.5.match=1", "freeze is a list of 1; its items are numbered from 0, and 1 appends one"),
        ("freeze.x=1", "freeze is a list of 1"),
        ("freeze.-1=1", "freeze is a list of 1"),
        ("a=NaN", "NaN and Infinity are not allowed"),
        ("a=1e999", "too large"),
        ('a={"b":1,"b":2}', "a second time"),
        ("name.x=1", 'name is "run"'),
    ],
)
def test_a_bad_override_is_said_in_one_sentence(text: str, message: str) -> None:
    tree = Tree({"name": "run", "trainer": {"epochs": 10}, "freeze": [{"match": ["a"]}]})
    with pytest.raises(ConfigError) as caught:
        apply_overrides(tree, [text])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "keys", "value"),
    [
        ("a.b=c", ("a", "b"), "c"),
        ("a=1e-3", ("a",), 0.001),
        ("a=", ("a",), ""),
        ("a=[1, 2]", ("a",), [1, 2]),
        ("a=[1, 2", ("a",), "[1, 2"),
        ("a=b=c", ("a",), "b=c"),
        ('a="1"', ("a",), "1"),
        ("a=null", ("a",), None),
        ("a=True", ("a",), "True"),
        ('init.rename."module."=', ("init", "rename", "module."), ""),
    ],
)
def test_an_override_value_is_json_or_text(text: str, keys: tuple[str, ...], value: Any) -> None:
    assert parse_override(text) == (keys, value)


def test_an_override_below_null_makes_a_mapping() -> None:
    assert apply_overrides(Tree({"ema": None}), ["ema.decay=0.9"]).values == {"ema": {"decay": 0.9}}
