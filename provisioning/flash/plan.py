"""P What is written to a card in which order, so that a lie or an interruption cannot look like a finished card.

1. The first MiB (partition tables) is replaced by a label: from here on nothing starts from this card.
2. Marks are written over the whole size that the card claims, and read again.
3. The image from its first MiB on, in chunks. What was written first is written again, so that a card which only remembers its
   latest writes has forgotten the image's end; then all of it is read back, and the marks once more.
4. The image's first MiB, read back as well; then the image's end once more, since nothing is written after that.

Why the marks show every card that wraps round (address x is really x mod M, M being its true size): with an image of S bytes
there is a mark at least every S/2 bytes from S on, and one on the last block. If M < S the chunks come back wrong, or the image's
end has overwritten the label. Else the marks on [M, M + S), or the last one where the claimed size ends before, fall onto [0, S),
which is written after them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MIB = 1024 * 1024
CHUNK = 4 * MIB
"""Bytes written, hashed and compared at once: a multiple of every card's erase block up to 4 MiB."""
FIRST = MIB
"""Bytes at the beginning that are written last."""
MARK = 4096
"""Bytes of one mark: the largest block any card addresses."""
MOST_MARKS = 4096
PUSHED, READ_AGAIN = 32 * MIB, 64 * MIB
"""Bytes: written a second time before the reading back; and read a second time, at the image's end, after the last write."""
GROWTH = 2 * 10**9
"""Bytes: a rehearsal's file is a multiple of it, larger than the image as a card would be."""

LABEL = b"campbox: this card is not finished; run campbox flash again, it goes on where it stopped\n"
_MAGIC = b"campbox-mark\n"


def unfinished(size: int = FIRST) -> bytes:
    """What stands in place of the first MiB until the card is done: no boot sector, no partition table."""
    return LABEL + bytes(size - len(LABEL))


def is_unfinished(first: bytes) -> bool:
    """Did an earlier run leave this card half written?"""
    return first.startswith(LABEL)


def marks_beyond(image_size: int, card_size: int) -> tuple[int, ...]:
    """Where marks stand that the image will not overwrite, in bytes: aligned to MARK, ascending, the last block among them."""
    start, last = _up(image_size, MIB), card_size // MARK * MARK - MARK
    if last < _up(image_size, MARK):
        return ()
    step = max(_down(image_size // 2, MIB), _up(card_size // MOST_MARKS, MIB), MIB)
    return tuple(sorted({*range(start, last, step), *(at for at in _powers(card_size) if start <= at <= last), last}))


def marks_within(image_size: int, card_size: int) -> tuple[int, ...]:
    """Marks that the image will overwrite: with those beyond they show at once a card whose true size is a power of two."""
    return tuple(at for at in _powers(card_size) if at >= FIRST and at + MARK <= min(image_size, card_size))


def _powers(card_size: int) -> Iterator[int]:
    yield FIRST
    power = MIB
    while FIRST + power + MARK <= card_size:
        yield FIRST + power
        power *= 2


def mark(nonce: bytes, offset: int) -> bytes:
    """The MARK bytes that stand at ``offset``; ``nonce`` (16 bytes) tells this run's from those of an earlier one."""
    head = _MAGIC + nonce + offset.to_bytes(8, "big")
    seed = hashlib.sha256(head).digest()
    return (head + seed * (MARK // len(seed)))[:MARK]


def read_mark(nonce: bytes, untrusted_block: bytes) -> int | None:
    """For which offset this mark was made; None when it is no whole mark of this run."""
    at = len(_MAGIC) + len(nonce)
    offset = int.from_bytes(untrusted_block[at : at + 8], "big")
    return offset if untrusted_block == mark(nonce, offset) else None


@dataclass(frozen=True)
class Lie:
    """What a card was caught with: what was written at ``at`` does not stay, or lands elsewhere as well; it ``holds`` so much."""

    claimed: int
    at: int
    holds: int | None = None

    def __str__(self) -> str:
        if self.holds is None:
            what = (
                f"what is written at {size_words(self.at)} does not stay there, though it says it holds {size_words(self.claimed)}"
            )
            return f"this card is worn out, or lies about its size: {what}"
        return f"this card lies about its size: it says {size_words(self.claimed)} and holds {size_words(self.holds)} or less"


def judge_marks(nonce: bytes, claimed: int, untrusted_blocks: Iterable[tuple[int, bytes]]) -> Lie | None:
    """None when every mark is right. Where they fall onto each other, their distances are multiples of the true size."""
    wrong, holds = [], 0
    for offset, block in untrusted_blocks:
        found = read_mark(nonce, block)
        if found != offset:
            wrong.append(offset)
            holds = math.gcd(holds, abs(offset - found)) if found is not None else holds
    return Lie(claimed, wrong[0], holds or None) if wrong else None


def rehearsal_size(image_size: int) -> int:
    """The size of a file that stands for a card, in bytes."""
    return _up(image_size + 1, GROWTH)


def size_words(size: int) -> str:
    """As printed on cards: 31.9 GB; below one, in MB."""
    return f"{size / 10**9:.1f} GB" if size >= 10**9 else f"{size / 10**6:.0f} MB"


def span_words(seconds: float) -> str:
    """For people: 74 s, 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _down(value: int, unit: int) -> int:
    return value // unit * unit
