"""P Where marks stand, and that no card can wrap round unseen."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.flash.plan import (
    FIRST,
    MARK,
    MIB,
    Lie,
    is_unfinished,
    judge_marks,
    mark,
    marks_beyond,
    marks_within,
    read_mark,
    rehearsal_size,
    size_words,
    span_words,
    unfinished,
)

SIZES = st.integers(4 * MIB // 512, 2 * 10**12 // 512).map(lambda n: n * 512)


@given(SIZES, SIZES, st.floats(0, 1))
@example(8390144, 8392704 + 4096, 0.0)
def test_a_mark_falls_onto_the_image_wherever_the_card_wraps(image: int, card: int, where: float) -> None:
    image = max(image, card // 2000)  # what MOST_MARKS is enough for
    least, most = -(-image // MARK), card // MARK - 1
    if most < least:
        return
    true = (least + round(where * (most - least))) * MARK
    assert any(at >= true and at % true < image for at in marks_beyond(image, card)), (image, card, true)


@given(SIZES, SIZES)
def test_marks_are_aligned_on_the_card_and_not_too_many(image: int, card: int) -> None:
    beyond, within = marks_beyond(image, card), marks_within(image, card)
    for at in beyond:
        assert at % MARK == 0 and image <= at <= card - MARK
    for at in within:
        assert at % MARK == 0 and at >= FIRST and at + MARK <= min(image, card)
    assert len(beyond) + len(within) < 4200


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**63), st.integers(0, MARK - 1))
def test_a_mark_is_itself_only_whole(nonce: bytes, offset: int, spoiled: int) -> None:
    block = mark(nonce, offset)
    assert len(block) == MARK
    assert read_mark(nonce, block) == offset
    wrong = bytearray(block)
    wrong[spoiled] ^= 1
    assert read_mark(nonce, bytes(wrong)) is None
    assert read_mark(bytes(16) if nonce != bytes(16) else b"x" * 16, block) is None
    assert judge_marks(nonce, 2**40, [(offset, block)]) is None
    assert judge_marks(nonce, 2**40, [(offset, bytes(MARK))]) == Lie(2**40, offset)


@given(st.integers(1, 200).map(lambda n: n * MIB))
def test_marks_that_fell_onto_each_other_tell_the_true_size(true: int) -> None:
    offsets, content = [n * true + MIB for n in (0, 1, 2, 5)], {}
    for offset in offsets:
        content[offset % true] = mark(bytes(16), offset)
    assert judge_marks(bytes(16), 2**40, [(at, content[at % true]) for at in offsets]) == Lie(2**40, MIB, true)


def test_a_lie_is_told_with_its_figures() -> None:
    told = str(Lie(64 * 10**9, 32 * 10**9, 8 * 10**9))
    assert told == "this card lies about its size: it says 64.0 GB and holds 8.0 GB or less"
    assert "what is written at 40.0 GB does not stay there" in str(Lie(64 * 10**9, 40 * 10**9))


def test_the_label_is_no_boot_sector_and_no_table() -> None:
    label = unfinished()
    assert len(label) == FIRST
    assert is_unfinished(label)
    assert label[510:512] == b"\0\0" and label[512:520] == bytes(8)
    assert not is_unfinished(bytes(FIRST))


@pytest.mark.parametrize(("image", "size"), [(1, 2), (1_677_721_600, 2), (2 * 10**9 - 1, 2), (2 * 10**9, 4), (3 * 10**9, 4)])
def test_a_rehearsals_file_is_larger_than_the_image(image: int, size: int) -> None:
    assert rehearsal_size(image) == size * 10**9


def test_figures_in_words() -> None:
    assert [size_words(n) for n in (0, 999_999_999, 31_914_983_424)] == ["0 MB", "1000 MB", "31.9 GB"]
    assert [span_words(s) for s in (0.2, 74, 119, 200)] == ["0 s", "74 s", "119 s", "3 min 20 s"]


def test_the_figures_are_those_of_the_module() -> None:
    assert (MIB, FIRST, MARK) == (2**20, 2**20, 4096)
    assert len(unfinished(200)) == 200 and is_unfinished(unfinished(200))


@pytest.mark.parametrize(
    ("image", "card", "marks"),
    [
        (4 * MIB, 16 * MIB, [4, 5, 6, 8, 9, 10, 12, 14]),  # every two MiB from the image on, and the powers of two beyond the first
        (4 * MIB + 1, 8 * MIB, [5, 7]),
        (4 * MIB - MARK, 4 * MIB, []),
        (4 * MIB, 4 * MIB, []),
        (4 * MIB + MARK, 4 * MIB + MARK, []),
    ],
)
def test_marks_stand_at_every_half_image_and_on_the_last_block(image: int, card: int, marks: list[int]) -> None:
    last = [card - MARK] if card // MARK * MARK - MARK >= -(-image // MARK) * MARK else []
    assert list(marks_beyond(image, card)) == [at * MIB for at in marks] + last


def test_a_card_with_room_for_one_block_more_has_a_mark_on_it() -> None:
    assert marks_beyond(4 * MIB, 4 * MIB + MARK) == (4 * MIB,)
    assert marks_beyond(4 * MIB + 1, 4 * MIB + 2 * MARK) == (4 * MIB + MARK,)
    assert marks_beyond(4 * MIB, 4 * MIB + MARK + 100) == (4 * MIB,), "the last whole block"


def test_a_huge_card_has_no_more_marks_than_are_allowed() -> None:
    marks = marks_beyond(4 * MIB, 64 * 2**30)
    steps = {b - a for a, b in zip(marks, marks[1:], strict=False)}
    assert max(steps) == 16 * MIB and 4096 <= len(marks) + 1 <= 4096 + 20


@pytest.mark.parametrize(
    ("image", "card", "marks"),
    [
        (8 * MIB, 16 * MIB, [1, 2, 3, 5]), (9 * MIB, 16 * MIB, [1, 2, 3, 5]), (9 * MIB + MARK, 16 * MIB, [1, 2, 3, 5, 9]),
        (2 * MIB, 2 * MIB, [1]), (2 * MIB + MARK, 64 * MIB, [1, 2]), (MIB, 64 * MIB, []), (MIB + MARK, MIB + MARK, [1]),
    ],
)  # fmt: skip
def test_marks_within_the_image_stand_a_power_of_two_behind_the_first_mib(image: int, card: int, marks: list[int]) -> None:
    assert list(marks_within(image, card)) == [at * MIB for at in marks]


def test_the_first_wrong_mark_is_told_and_the_true_size_is_what_all_distances_share() -> None:
    nonce = bytes(16)
    blocks = [(4 * MIB, mark(nonce, 4 * MIB)), (8 * MIB, mark(nonce, 20 * MIB)), (10 * MIB, mark(nonce, 28 * MIB)), (12 * MIB, b"")]
    assert judge_marks(nonce, 2**40, blocks) == Lie(2**40, 8 * MIB, 6 * MIB)
    assert judge_marks(nonce, 2**40, blocks[:2]) == Lie(2**40, 8 * MIB, 12 * MIB)
    assert judge_marks(nonce, 2**40, blocks[:1]) is None is judge_marks(nonce, 2**40, [])
    assert judge_marks(nonce, 2**40, blocks[3:]) == Lie(2**40, 12 * MIB, None)


def test_figures_in_words_change_where_they_are_said_to() -> None:
    assert [size_words(n) for n in (10**9 - 10**6, 10**9, 1_500_000)] == ["999 MB", "1.0 GB", "2 MB"]
    assert [span_words(s) for s in (119.4, 119.6, 120, 179, 3_600)] == [
        "119 s",
        "2 min 0 s",
        "2 min 0 s",
        "2 min 59 s",
        "60 min 0 s",
    ]


def test_a_mark_within_stands_on_the_very_last_block_of_a_card_that_the_image_fills() -> None:
    card = FIRST + 8 * MIB + MARK
    assert marks_within(card, card)[-1] == card - MARK
    assert card - MARK not in marks_within(card, card - MARK)
