"""The reference page and the JSON Schema follow the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.config.check import list_fields
from seedbed.config.reference import make_page, make_schema
from seedbed.config.schema import Config, Section

PAGE = Path(__file__).parents[3] / "docs" / "config.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the docs folder is not beside the tests")
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == make_page(), "run: python -m seedbed.config.reference > docs/config.md"


def test_every_field_has_a_sentence() -> None:
    sections = [Config, *Section.__subclasses__()]
    for section in sections:
        assert section.__doc__
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"


def test_every_field_is_on_the_page() -> None:
    page = make_page()
    for path in list_fields():
        assert f"| `{path.rpartition('.')[2]}` |" in page


def test_the_schema_refuses_unknown_keys_and_describes_the_known() -> None:
    schema = make_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {*Config.model_fields, "$schema"}
    assert all("description" in one for one in schema["$defs"]["Trainer"]["properties"].values())
    assert schema["required"] == ["model", "data", "objective"]
