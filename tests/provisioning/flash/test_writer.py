"""P What a card goes through, over fakes that lie, die and spoil; the honest fake is held to what a real file does."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.errors import NotSo
from provisioning.flash.card import FileCard
from provisioning.flash.plan import CHUNK, FIRST, LABEL, MARK, MIB, is_unfinished
from provisioning.flash.writer import Written, write
from tests.fakes.card import FakeCard, card_contract

IMAGE = random.Random(7).randbytes(2 * CHUNK + 3 * 512)
HOLES = IMAGE[:FIRST] + bytes(CHUNK) + IMAGE[FIRST : FIRST + CHUNK]


def chunks(image: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(image), CHUNK):
        yield at, image[at : at + CHUNK]


def flash(card: FakeCard | FileCard, image: bytes = IMAGE) -> Written:
    return write(card, len(image), chunks(image), lambda doing, done, total: None)


def holds(card: FakeCard, image: bytes = IMAGE) -> bool:
    return bytes(card.content[: len(image)]) == image


def test_the_fake_does_what_a_file_does(tmp_path: Path) -> None:
    card_contract(FakeCard)
    card_contract(lambda size: FileCard(tmp_path / "card", size))


@pytest.mark.parametrize("image", [IMAGE, HOLES, IMAGE[:CHUNK], IMAGE[: FIRST + 512], IMAGE[:FIRST], IMAGE[:512]])
def test_an_honest_card_holds_the_image_and_nothing_else(image: bytes) -> None:
    card = FakeCard(64 * MIB)
    card.content[-MARK:] = b"old table".ljust(MARK)
    written = flash(card, image)
    assert holds(card, image)
    assert card.content.count(0, len(image)) == len(card.content) - len(image), "marks and what was at the end are gone"
    assert written == Written(len(image), 0, hashlib.sha256(image).hexdigest())


def test_a_card_of_exactly_the_images_size_is_enough() -> None:
    card = FakeCard(len(HOLES))
    flash(card, HOLES)
    assert holds(card, HOLES)
    with pytest.raises(NotSo, match="the image needs"):
        flash(FakeCard(len(HOLES) - MARK), HOLES)


def test_the_first_mib_goes_first_as_a_label_and_last_as_itself() -> None:
    card = FakeCard(64 * MIB)
    flash(card)
    at_start = [n for n, (offset, _) in enumerate(card.log) if offset < FIRST]
    assert at_start[0] == 0
    assert at_start[-1] == len(card.log) - 1
    assert all(card.log[n] == (0, FIRST) for n in at_start)


@pytest.mark.parametrize("step", range(0, 40, 3))
def test_cut_short_at_any_write_nothing_starts_from_it_and_the_next_run_finishes(step: int) -> None:
    class Stop(Exception):
        pass

    class Dying(FakeCard):
        def write(self, offset: int, data: bytes) -> None:
            if len(self.log) == step:
                self.log.append((0, 0))
                raise Stop
            super().write(offset, data)

    card = Dying(64 * MIB)
    card.content[:FIRST] = b"an old card's table".ljust(FIRST)
    try:
        flash(card)
    except Stop:
        assert step == 0 or is_unfinished(card.read(0, MARK))
        assert b"EFI PART" not in card.content[:FIRST] and card.content[510:512] != b"\x55\xaa"
    flash(card)
    assert holds(card)


def test_it_goes_on_where_it_stopped() -> None:
    image = random.Random(8).randbytes(5 * CHUNK)
    card = FakeCard(64 * MIB, dies_at=3 * CHUNK)
    with pytest.raises(NotSo, match="went away"):
        flash(card, image)
    card.log.clear()
    assert flash(card, image).resumed == 3 * CHUNK
    assert holds(card, image)
    assert not [offset for offset, length in card.log if FIRST <= offset < 3 * CHUNK]


def test_a_card_half_written_with_another_image_begins_anew() -> None:
    card = FakeCard(64 * MIB, dies_at=CHUNK)
    with pytest.raises(NotSo):
        flash(card, random.Random(9).randbytes(2 * CHUNK))
    assert flash(card).resumed == 0
    assert holds(card)


def test_what_counts_as_there_already_ends_at_the_first_difference() -> None:
    card = FakeCard(64 * MIB, dies_at=2 * CHUNK)
    with pytest.raises(NotSo):
        flash(card, bytes(CHUNK) + IMAGE[CHUNK:])
    assert flash(card).resumed == 0
    assert holds(card)


@settings(max_examples=50)
@example(real=7344128, claimed=MARK, lie="wraps", cache=0)
@example(real=8392704, claimed=MARK, lie="wraps", cache=0)
@example(real=len(IMAGE) // MARK * MARK, claimed=MARK, lie="dropped", cache=MARK)
@example(real=len(IMAGE) // MARK * MARK - 60 * 1024, claimed=MARK, lie="dropped", cache=64 * 1024)
@example(real=len(IMAGE) // MARK * MARK - 60 * 1024, claimed=MARK, lie="wraps", cache=64 * 1024)
@given(
    real=st.integers(1, 63 * 256).map(lambda n: n * MARK),
    claimed=st.integers(1, 64 * 256).map(lambda n: n * MARK),
    lie=st.sampled_from(["wraps", "dropped"]),
    cache=st.sampled_from([0, MARK, 64 * 1024, 512 * 1024, 2 * MIB]),
)
def test_whatever_its_true_size_a_card_that_lies_is_caught(real: int, claimed: int, lie: str, cache: int) -> None:
    card = FakeCard(max(claimed, real + MARK, len(IMAGE) + MARK), real, lie, cache=cache)
    with pytest.raises(NotSo, match="lies about its size|does not give back"):
        flash(card)
    assert b"EFI PART" not in card.content[:FIRST]


@pytest.mark.parametrize("real", [16 * MIB, 32 * MIB, 64 * MIB])
def test_a_usual_lie_is_known_before_the_long_writing(real: int) -> None:
    card = FakeCard(128 * MIB, real)
    with pytest.raises(NotSo) as caught:
        flash(card)
    assert f"it says 134 MB and holds {real / 10**6:.0f} MB or less" in str(caught.value)
    assert "throw it away" in str(caught.value)
    assert max(length for _, length in card.log) <= FIRST


def test_a_card_that_only_remembers_its_latest_writes_is_caught() -> None:
    card = FakeCard(128 * MIB, 20 * MIB, "dropped", cache=2 * MIB)
    with pytest.raises(NotSo, match="lies about its size"):
        flash(card)


@pytest.mark.parametrize("short", [MARK, MIB])
@pytest.mark.parametrize("lie", ["dropped", "wraps"])
@pytest.mark.parametrize("cache", [64 * 1024, MIB, 6 * MIB])
def test_r9_a_card_whose_cache_holds_the_images_end_is_caught(short: int, lie: str, cache: int) -> None:
    """The end stood in the card's cache while it was read back: 17 of 123 such cards were accepted, none held the image."""
    image = random.Random(11).randbytes(4 * CHUNK)
    card = FakeCard(len(image), len(image) - short, lie, cache=cache)
    with pytest.raises(NotSo, match="lies about its size|does not give back"):
        flash(card, image)
    assert b"EFI PART" not in card.content[:FIRST] and not card.content.startswith(image[:MARK])


def test_r9_the_end_is_read_again_after_the_last_write() -> None:
    class Logged(FakeCard):
        reads: list[tuple[int, int]]

        def read(self, offset: int, length: int) -> bytes:
            self.reads.append((len(self.log), offset + length))
            return super().read(offset, length)

    card = Logged(64 * MIB)
    card.reads = []
    flash(card)
    assert (len(card.log), -(-len(IMAGE) // MARK) * MARK) in card.reads


@pytest.mark.parametrize("image", [IMAGE, HOLES], ids=["full", "with holes"])
@pytest.mark.parametrize("spoils", [FIRST, FIRST + 5, CHUNK - 1, CHUNK, 2 * CHUNK + 100])
def test_one_wrong_bit_is_found(spoils: int, image: bytes) -> None:
    card = FakeCard(64 * MIB, spoils=spoils)
    with pytest.raises(NotSo, match="does not (give back what was written between|stay there)"):
        flash(card, image)
    assert card.content.startswith(LABEL)


def test_a_wrong_bit_in_the_table_leaves_no_table() -> None:
    card = FakeCard(64 * MIB, spoils=600)
    with pytest.raises(NotSo, match="its beginning"):
        flash(card)
    assert card.content.startswith(LABEL)


def test_an_image_that_turns_out_damaged_leaves_no_card_that_starts() -> None:
    def broken() -> Iterator[tuple[int, bytes]]:
        yield 0, IMAGE[:CHUNK]
        raise NotSo("the image is damaged")

    card = FakeCard(64 * MIB)
    with pytest.raises(NotSo, match="damaged"):
        write(card, len(IMAGE), broken(), lambda doing, done, total: None)
    assert card.content.startswith(LABEL)


def test_progress_never_runs_backwards_and_ends_full() -> None:
    told: list[tuple[str, int, int]] = []
    write(FakeCard(64 * MIB), len(IMAGE), chunks(IMAGE), lambda *one: told.append(one))
    for doing in {one[0] for one in told}:
        done = [one[1] for one in told if one[0] == doing]
        assert done == sorted(done)
    assert [one[0] for one in told if one[1] >= one[2]].count("writing") == 1


def test_a_file_stays_sparse_gets_its_name_last_and_leaves_nothing_behind(tmp_path: Path) -> None:
    card = FileCard(tmp_path / "card.img", 64 * MIB)
    flash(card, HOLES)
    assert not (tmp_path / "card.img").exists()
    card.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["card.img"]
    state = (tmp_path / "card.img").stat()
    assert state.st_size == 64 * MIB
    assert (tmp_path / "card.img").read_bytes() == HOLES + bytes(64 * MIB - len(HOLES))
    assert state.st_blocks * 512 < 10 * MIB
    FileCard(tmp_path / "other.img", MIB).abandon()
    assert [path.name for path in tmp_path.iterdir()] == ["card.img"]


def test_what_a_killed_run_left_is_swept_and_a_running_ones_is_not(tmp_path: Path) -> None:
    dead, alive = tmp_path / ".card[1].img.4194305.unfinished", tmp_path / ".card[1].img.1.unfinished"
    dead.write_text("")
    alive.write_text("")
    FileCard(tmp_path / "card[1].img", MIB).abandon()
    assert not dead.exists()
    assert alive.exists()


def test_a_file_where_none_can_be_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotSo, match="cannot write here: No such file"):
        FileCard(tmp_path / "no" / "card.img", MIB)
