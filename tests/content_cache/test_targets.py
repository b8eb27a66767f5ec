"""What signed metadata says of published files: only what is complete and within bounds is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused
from content_cache.targets import LARGEST_FILE, offer

A, B = "a" * 64, "b" * 64
PIECES = {"chunk": 32_768, "chunks": ["c" * 32]}
WHOLE = {
    "kind": "catalogue",
    "serial": 7,
    "snapshot": B,
    "bytes": 900,
    "services": 3,
    "sample": False,
    "date": "2026-11-22T01:02:03Z",
}


def whole(**changed: Any) -> tuple[str, int, str, dict[str, Any]]:
    return ("catalogue-7.zst", 400, A, {**WHOLE, **PIECES, **changed})


def patch(base: int, to: int) -> tuple[str, int, str, dict[str, Any]]:
    return (f"patch-{base}-{to}.zst", 40, A, {"kind": "patch", "from": base, "to": to, **PIECES})


def test_the_newest_catalogue_is_offered_with_the_patches_that_lead_to_it() -> None:
    found = offer(
        [whole(serial=6), patch(6, 7), whole(), patch(5, 7), patch(5, 6), patch(8, 7), ("notices.json", 3, A, {"kind": "x"})]
    )
    assert found is not None and found.edition.serial == 7 and set(found.patches) == {5, 6}
    assert found.patches[6].file.name == "patch-6-7.zst"


def test_a_repository_without_a_catalogue_offers_nothing() -> None:
    assert offer([patch(1, 2)]) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"serial": True}, {"serial": -1}, {"serial": "7"}, {"snapshot": "b" * 63}, {"bytes": None}, {"services": 1.5},
        {"date": "today"},
        {"chunk": 1}, {"chunk": 2**30}, {"chunk": "32768"}, {"chunks": []}, {"chunks": ["c" * 32] * 2},
        {"chunks": ["../../etc/passwd"]},
    ],
)  # fmt: skip
def test_what_is_incomplete_or_out_of_bounds_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="incomplete"):
        offer([whole(**changed)])


def test_a_file_too_large_is_refused_before_it_is_fetched() -> None:
    with pytest.raises(Refused, match="too large"):
        offer([("c", LARGEST_FILE + 1, A, {**WHOLE, **PIECES})])


def test_what_does_not_say_that_it_is_real_counts_as_invented() -> None:
    found = offer([whole(sample="no")])
    assert found is not None and found.edition.sample


_ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2))


@given(st.dictionaries(st.sampled_from([*WHOLE, *PIECES, "from", "to"]), _ANY))
def test_any_description_is_read_or_refused(custom: dict[str, Any]) -> None:
    described = {**WHOLE, **PIECES, **custom}
    try:
        found = offer([("c", 400, A, described)])
    except Refused as error:
        assert error.mend and custom, "a whole description is read"
        return
    if described["kind"] != "catalogue":
        assert found is None
        return
    assert found is not None
    edition = found.edition
    said = (edition.serial, edition.snapshot, edition.size, edition.services, edition.sample, edition.date)
    assert said == (
        *(described[name] for name in ("serial", "snapshot", "bytes", "services")),
        described["sample"] is not False,
        described["date"],
    )
    assert len(edition.file.pieces) * edition.file.piece >= edition.file.length == 400
    assert not any(one < 0 for one in (edition.serial, edition.size, edition.services))
