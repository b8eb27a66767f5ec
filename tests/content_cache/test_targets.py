"""What signed metadata says of published files: only what is complete and within bounds is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused
from content_cache import targets
from content_cache.targets import LARGEST_FILE, File, offer

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


def of(length: int, piece: int, count: int) -> tuple[str, int, str, dict[str, Any]]:
    return ("c", length, A, {**WHOLE, "chunk": piece, "chunks": ["c" * 32] * count})


@pytest.mark.parametrize(
    ("length", "piece", "count"),
    [
        (1, 4_096, 1), (4_096, 4_096, 1), (4_097, 4_096, 2), (16_000_000, 1_048_576, 16), (1_048_577, 1_048_576, 2),
    ],
)  # fmt: skip
def test_a_file_has_a_hash_for_each_of_its_pieces(length: int, piece: int, count: int) -> None:
    found = offer([of(length, piece, count)])
    assert found is not None and found.edition.file == File("c", length, A, piece, ("c" * 32,) * count)
    for wrong in (count - 1, count + 1):
        with pytest.raises(Refused):
            offer([of(length, piece, wrong)])


@pytest.mark.parametrize(
    ("length", "piece"), [(0, 4_096), (-1, 4_096), (16_000_001, 1_048_576), (9, 4_095), (9, 1_048_577), (9, 0)]
)
def test_lengths_and_pieces_out_of_bounds_are_refused(length: int, piece: int) -> None:
    with pytest.raises(Refused):
        offer([of(length, piece, -(-length // piece) if piece else 1)])


def test_the_bounds_are_those_that_are_told() -> None:
    assert (LARGEST_FILE, targets.PIECE, targets.DIGITS) == (16_000_000, 32_768, 32)


@pytest.mark.parametrize("hash", ["a" * 63, "a" * 65, "A" * 64, "a" * 64 + "\n", "g" * 64, ""])
def test_a_hash_is_sixty_four_small_hexadecimal_digits(hash: str) -> None:
    assert targets.is_sha256("0123456789abcdef" * 4) and not targets.is_sha256(hash)
    with pytest.raises(Refused):
        offer([("c", 400, hash, {**WHOLE, **PIECES})])
    with pytest.raises(Refused):
        offer([whole(snapshot=hash)])


@pytest.mark.parametrize("name", ["serial", "bytes", "services", "snapshot", "date", "chunk", "chunks"])
def test_every_field_must_be_there_and_zero_is_a_number(name: str) -> None:
    with pytest.raises(Refused):
        offer([("c", 400, A, {key: value for key, value in {**WHOLE, **PIECES}.items() if key != name})])
    zero = offer([whole(serial=0, services=0, bytes=0)])
    assert zero is not None and (zero.edition.serial, zero.edition.services, zero.edition.size) == (0, 0, 0)


@pytest.mark.parametrize("sample", [None, True, 0, "", "false"])
def test_only_what_says_so_outright_is_no_sample(sample: Any) -> None:
    real, other = offer([whole(sample=False)]), offer([whole(sample=sample)])
    assert real is not None and not real.edition.sample and other is not None and other.edition.sample


@pytest.mark.parametrize("way", [(7, 7), (8, 7), (6, 8), (6, 6)])
def test_a_patch_leads_from_an_older_serial_to_the_newest(way: tuple[int, int]) -> None:
    found = offer([whole(), patch(*way), patch(0, 7)])
    assert found is not None and set(found.patches) == {0}
    one = found.patches[0]
    assert (one.base, one.serial, one.file.length) == (0, 7, 40)


@pytest.mark.parametrize("field", [{"from": "6"}, {"to": None}, {"from": -1}, {"to": True}])
def test_a_patch_that_does_not_say_its_way_is_refused(field: dict[str, Any]) -> None:
    name, length, sha256, custom = patch(6, 7)
    with pytest.raises(Refused):
        offer([whole(), (name, length, sha256, {**custom, **field})])
