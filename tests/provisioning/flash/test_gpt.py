"""P The table of an image is read as it stands, and no damage to it goes unseen."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.flash.gpt import Partition, parse_table
from provisioning.flash.plan import MIB
from tests.provisioning.flash.making import IMAGE_SIZE, PARTITIONS, gpt

GOOD = gpt()
CHECKED = [*range(512, 512 + 92), *range(1024, 1024 + 128 * 128)]


def test_partitions_and_size_are_read() -> None:
    table = parse_table(GOOD)
    assert table.partitions == tuple(Partition(*one) for one in PARTITIONS)
    assert table.image_size == IMAGE_SIZE
    assert (table.boot.start, table.boot.end) == (MIB, 5 * MIB)


@given(st.sampled_from(CHECKED), st.integers(1, 255))
@example(512 + 24, 1)
def test_a_changed_byte_is_found(at: int, change: int) -> None:
    spoiled = bytearray(GOOD)
    spoiled[at] ^= change
    with pytest.raises(BadInput):
        parse_table(bytes(spoiled))


@given(st.binary(max_size=2000), st.booleans())
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_line(data: bytes, head: bool) -> None:
    with pytest.raises(BadInput) as refused:
        parse_table(bytes(512) + b"EFI PART" + data if head else data)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("partitions", "why"),
    [
        ((), "no partition boot"),
        (PARTITIONS[:3], "no partition data"),
        ((*PARTITIONS[:3], ("data", 9 * MIB, 4 * MIB)), "outside it"),
        ((*PARTITIONS[:3], ("data", 0, MIB)), "outside it"),
        ((*PARTITIONS[:3], ("data", 9 * MIB, 0)), "outside it"),
    ],
)
def test_a_table_of_another_thing_is_refused(partitions: tuple[tuple[str, int, int], ...], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        parse_table(gpt(partitions))


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + bytes(2000), bytes(MIB)])
def test_no_table_is_said_so(data: bytes) -> None:
    with pytest.raises(BadInput, match="not a card image.*campbox image build"):
        parse_table(data)
