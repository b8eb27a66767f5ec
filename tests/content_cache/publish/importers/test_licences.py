"""The licence of a source: what a package says of itself, and what is said of several sources together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.publish.importers.licences import LONGEST, of_package, together


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ({"licenses": [{"name": "CC-BY-4.0", "title": "CC BY 4.0"}]}, "CC BY 4.0"),
        ({"licenses": [{"name": "ODbL-1.0", "path": "https://odbl.example"}, "MIT", 7]}, "ODbL-1.0 (https://odbl.example), MIT"),
        ({"licenses": [{"path": "https://odbl.example"}]}, "https://odbl.example"),
        ({"license": "CC0"}, "CC0"), ({"licenses": "CC0"}, ""), ({"licenses": [{}]}, ""), ([], ""), ({}, ""),
    ],
)  # fmt: skip
def test_what_a_package_says_of_its_licence(package: Any, said: str) -> None:
    assert of_package(json.dumps(package).encode()) == said


def test_a_package_without_a_description_says_nothing() -> None:
    assert of_package(None) == of_package(b"{") == of_package(b"[" * 100_000) == ""


def test_several_sources_are_named_each_with_its_licence() -> None:
    assert together([("A", "CC0"), ("B", "CC0")]) == "CC0"
    assert together([("A", "CC0"), ("B", "")]) == "A: CC0; B: not stated"
    assert together([("A", ""), ("B", "")]) == ""
    assert together([("A", "CC0"), ("A", "")]) == "CC0"


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(
    st.sampled_from(["licenses", "license", "name", "title", "path"]), one)))  # fmt: skip
def test_no_description_breaks_it(package: Any) -> None:
    said = of_package(json.dumps(package).encode())
    assert len(said) <= LONGEST and "\n" not in said
