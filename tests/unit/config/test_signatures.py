"""Arguments are checked against signatures: names, missing ones, types, as far as Python can tell."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Optional, Union

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.config.signatures import check_arguments, describe_type, find_named, split_arguments
from seedbed.config.tree import Problem


def lines(problems: list[Problem]) -> list[str]:
    return [f"{'.'.join(map(str, problem.keys))}: {problem.what}|{problem.advice}" for problem in problems]


class Color(Enum):
    RED = "red"


def annotated(
    whole: int = 0,
    number: float = 0.0,
    flag: bool = False,
    text: str = "",
    maybe: int | None = None,
    implicit: int = None,  # type: ignore[assignment]  # noqa: RUF013
    pair: tuple[float, float] = (0, 0),
    many: Sequence[int] = (),
    any_list: list = [],  # type: ignore[type-arg]  # noqa: B006
    table: Mapping[str, int] | None = None,
    choice: Literal["mean", "sum"] = "mean",
    rate: float | torch.Tensor = 0.1,
    tensor: torch.Tensor | None = None,
    function: Callable[..., Any] | None = None,
    color: Color | None = None,
    path: Path | None = None,
    old: Optional[Union[int, str]] = None,  # noqa: UP007, UP045
    items: Iterable[str] = (),
    free=None,  # type: ignore[no-untyped-def]
) -> None:
    pass


@pytest.mark.parametrize(
    "args",
    [
        {"whole": 3}, {"number": 3}, {"number": 3.5}, {"flag": True}, {"text": "x"}, {"maybe": None}, {"maybe": 3},
        {"implicit": None}, {"pair": [1, 2.5]}, {"many": [1, 2]}, {"any_list": [1, "x"]}, {"table": {"a": 1}},
        {"choice": "sum"}, {"rate": 1}, {"tensor": [1.0]}, {"tensor": None}, {"function": None}, {"color": "red"},
        {"color": "RED"}, {"path": "a/b"}, {"old": 1}, {"old": "x"}, {"old": None}, {"items": ["a"]},
        {"free": {"any": ["thing"]}}, {},
    ],
)  # fmt: skip
def test_a_fitting_value_is_accepted(args: dict[str, Any]) -> None:
    assert check_arguments(annotated, args) == []


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ({"whole": "3"}, 'whole: must be a whole number, is text ("3")|remove the quotes'),
        ({"whole": 3.0}, "whole: must be a whole number, is a number (3.0)|write 3"),
        ({"whole": True}, "whole: must be a whole number, is a boolean (true)|"),
        ({"whole": None}, "whole: must be a whole number, is null|"),
        ({"number": True}, "number: must be a number, is a boolean (true)|"),
        ({"number": "1e-3"}, 'number: must be a number, is text ("1e-3")|remove the quotes'),
        ({"number": "fast"}, 'number: must be a number, is text ("fast")|'),
        ({"flag": 1}, "flag: must be true or false, is a whole number (1)|write true"),
        ({"flag": "no"}, 'flag: must be true or false, is text ("no")|write false'),
        ({"text": 3}, "text: must be text, is a whole number (3)|"),
        ({"maybe": "x"}, 'maybe: must be a whole number or null, is text ("x")|'),
        ({"pair": [1]}, "pair: must be a list of 2 (a number, a number), is a list ([1])|"),
        ({"pair": 3}, "pair: must be a list of 2 (a number, a number), is a whole number (3)|"),
        ({"many": [1, "x"]}, 'many: must be a list, each a whole number, is a list ([1, "x"])|'),
        ({"table": {"a": "b"}}, 'table: must be a mapping or null, is a mapping ({"a": "b"})|'),
        ({"choice": "men"}, 'choice: must be one of "mean", "sum", is text ("men")|did you mean \'mean\'?'),
        ({"rate": "0.1"}, 'rate: must be a number, is text ("0.1")|remove the quotes'),
        ({"path": 3}, "path: must be text or null, is a whole number (3)|"),
        ({"old": 1.5}, "old: must be a whole number, text or null, is a number (1.5)|"),
        ({"items": "abc"}, 'items: must be a list, each text, is text ("abc")|'),
        ({"wole": 3}, "wole: annotated has no such argument (value 3)|did you mean 'whole'?"),
    ],
)
def test_a_wrong_value_is_said(args: dict[str, Any], line: str) -> None:
    assert lines(check_arguments(annotated, args)) == [line]


def needs(a: int, /, b: int, *rest: int, c: int, d: int = 0) -> None:
    pass


def test_missing_and_unknown_arguments_come_together() -> None:
    assert lines(check_arguments(needs, {"e": 1})) == [
        "e: needs has no such argument (value 1)|it takes b, c, d",
        'b: is missing; needs needs it|add it: "b": a whole number',
        'c: is missing; needs needs it|add it: "c": a whole number',
    ]


def test_a_positional_only_argument_cannot_be_given_by_name() -> None:
    (problem,) = check_arguments(needs, {"a": 1, "b": 1, "c": 1})
    assert (problem.keys, problem.what) == (("a",), "needs has no such argument (value 1)")


def test_what_the_program_gives_is_neither_missing_nor_settable() -> None:
    assert check_arguments(torch.optim.SGD, {"lr": 0.1}, given=("params",)) == []
    assert lines(check_arguments(torch.optim.SGD, {"params": []}, given=("params",))) == [
        "params: is set by seedbed itself|remove it"
    ]


def loose(width: int = 3, weight_decay: float = 0.0, **kwargs: Any) -> None:
    pass


def test_with_kwargs_only_a_near_miss_is_an_error() -> None:
    assert check_arguments(loose, {"anything": 1, "w": 2}) == []
    assert lines(check_arguments(loose, {"weight_deacy": 1})) == [
        "weight_deacy: loose has no such argument (value 1)|did you mean 'weight_decay'?"
    ]
    assert check_arguments(loose, {"weight_deacy": 1, "weight_decay": 1}) == []
    assert len(check_arguments(loose, {"width": "x"})) == 1


@dataclass
class Options:
    batch_size: int | None = None
    shuffle: bool = True
    sampler: Literal["shuffled", "sequential"] | Callable[..., Any] | None = None


def source(root: str, batch_size: int = 3) -> None:
    pass


def test_fields_of_a_dataclass_are_accepted_too() -> None:
    assert check_arguments(source, {"root": "x", "shuffle": False, "batch_size": 3}, also=Options) == []
    assert lines(check_arguments(source, {"root": "x", "shufle": False}, also=Options)) == [
        "shufle: source has no such argument (value false)|did you mean 'shuffle'?"
    ]
    assert lines(check_arguments(source, {"root": "x", "shuffle": 0}, also=Options)) == [
        "shuffle: must be true or false, is a whole number (0)|write false"
    ]
    assert lines(check_arguments(source, {"root": "x", "sampler": "shufled"}, also=Options)) == [
        'sampler: must be one of "shuffled", "sequential" or null, is text ("shufled")|did you mean \'shuffled\'?'
    ]


def test_a_name_that_both_know_belongs_to_the_callable() -> None:
    args = {"root": "x", "batch_size": 3, "shuffle": True}
    assert split_arguments(source, args, Options) == ({"root": "x", "batch_size": 3}, {"shuffle": True})


class BadSignature:
    __signature__ = "not a signature"


@pytest.mark.parametrize("function", [dict, type, int, str, print, max, BadSignature, functools.partial(annotated),
                                      torch.nn.functional.gelu, torch._C._nn.gelu, object, range])  # fmt: skip
def test_a_callable_without_a_readable_signature_never_crashes(function: Callable[..., Any]) -> None:
    assert isinstance(check_arguments(function, {"x": 1}), list)
    assert isinstance(find_named(function), set)


def unresolved(x: NoSuchName = 1, y: int = 2) -> None:  # type: ignore[name-defined]  # noqa: F821
    pass


def test_an_annotation_that_cannot_be_read_hides_no_other() -> None:
    assert [problem.keys for problem in check_arguments(unresolved, {"x": "a", "y": "b"})] == [("y",)]


def functions(
    a: Callable[..., Any],
    b: Sequence[Callable[..., Any]] = (),
    c: Callable[..., Any] | None = None,
    d: str | Callable[..., Any] = "x",
    e: Sequence[str | Callable[..., Any]] = (),
    f: torch.Tensor | None = None,
    g: int = 0,
) -> None:
    pass


def test_arguments_that_take_only_functions_are_found() -> None:
    assert find_named(functions) == {"a", "b", "c"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(list(annotated.__annotations__)[:-1])


@settings(max_examples=40)
@given(st.dictionaries(names, values, max_size=4))
def test_any_values_are_checked_without_a_crash(args: dict[str, Any]) -> None:
    for problem in check_arguments(annotated, args):
        assert problem.keys[0] in args
        assert problem.what.startswith("must be ")


@settings(max_examples=40)
@given(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.text(max_size=3) | st.none()
)
def test_an_integer_is_an_integer_and_nothing_else(value: Any) -> None:
    assert (check_arguments(annotated, {"whole": value}) == []) == (type(value) is int)
    assert (check_arguments(annotated, {"number": value}) == []) == (type(value) in {int, float})
    assert (check_arguments(annotated, {"flag": value}) == []) == (type(value) is bool)


def test_types_are_described_in_words() -> None:
    assert describe_type(int | None) == "a whole number or null"
    assert describe_type(dict[str, int]) == "a mapping"
    assert describe_type(list) == "a list"
