"""E Write an image to a card in the order of ``plan``, and read all of it back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.errors import NotSo
from provisioning.flash import plan
from provisioning.flash.card import Card
from provisioning.flash.plan import CHUNK, FIRST, MARK

Tell = Callable[[str, int, int], None]
"""(what is being done, bytes done, bytes in all)."""


@dataclass(frozen=True)
class Written:
    """Bytes of the image on the card; how many of them were there already from a run that was interrupted; SHA-256 of all."""

    size: int
    resumed: int
    sha256: str


def write(card: Card, image_size: int, chunks: Iterator[tuple[int, bytes]], tell: Tell) -> Written:
    """Write, read back, and only then make it startable. Raises NotSo when the card lies, fails, or the image is damaged."""
    if card.size // MARK * MARK < image_size:
        raise NotSo(
            f"the card holds {plan.size_words(card.size)}, the image needs {plan.size_words(image_size)}", mend="take a larger card"
        )
    resuming = plan.is_unfinished(card.read(0, MARK))
    marks = _Marks(card, image_size, within=not resuming)
    card.write(0, plan.unfinished(min(FIRST, image_size)))
    card.flush()
    marks.put(tell)
    first, hashes, resumed, sha256 = _image(card, image_size, chunks, tell, resuming=resuming)
    _read_back(card, image_size, hashes, tell)
    _check_label(card, image_size)
    marks.check("probing once more", tell)
    marks.erase()
    _begin(card, first)
    return Written(image_size, resumed, sha256)


class _Marks:
    """The marks of one run on one card; a lie is told as NotSo."""

    def __init__(self, card: Card, image_size: int, *, within: bool) -> None:
        self.card, self.nonce, self.end = card, os.urandom(16), image_size
        self.beyond = plan.marks_beyond(image_size, card.size)
        # On a card that is gone on with, a mark within would destroy what was written.
        self.within = plan.marks_within(image_size, card.size) if within else ()

    def put(self, tell: Tell) -> None:
        """Write all, read all: a card whose size is a lie is mostly known before the long writing begins."""
        offsets = self.within + self.beyond
        for done, offset in enumerate(offsets):
            tell("probing the whole card", done * MARK, 2 * len(offsets) * MARK)
            self.card.write(offset, plan.mark(self.nonce, offset))
        # Once more, over whatever fell back onto it: the check sees it then.
        self.card.write(0, plan.unfinished(min(FIRST, self.end)))
        self.card.flush()
        self._check(offsets, lambda done: tell("probing the whole card", len(offsets) * MARK + done, 2 * len(offsets) * MARK))

    def check(self, doing: str, tell: Tell) -> None:
        """Those the image has not overwritten must still be there."""
        self._check(self.beyond, lambda done: tell(doing, done, len(self.beyond) * MARK))

    def _check(self, offsets: tuple[int, ...], tell: Callable[[int], None]) -> None:
        def blocks() -> Iterator[tuple[int, bytes]]:
            for done, offset in enumerate(offsets, 1):
                yield offset, self.card.read(offset, MARK)
                tell(done * MARK)

        lie = plan.judge_marks(self.nonce, self.card.size, blocks())
        if lie is not None:
            raise NotSo(str(lie), mend="throw it away and take another")

    def erase(self) -> None:
        """Nothing of them stays, nor what an earlier use left at the card's end (a second partition table, a RAID's label)."""
        for offset in self.beyond:
            self.card.write(offset, bytes(MARK))
        tail = max(-(-self.end // MARK) * MARK, self.card.size // MARK * MARK - FIRST)
        if tail < self.card.size // MARK * MARK:
            self.card.write(tail, bytes(self.card.size // MARK * MARK - tail))
        self.card.flush()


def _image(
    card: Card, image_size: int, chunks: Iterator[tuple[int, bytes]], tell: Tell, *, resuming: bool
) -> tuple[bytes, list[bytes], int, str]:
    """All but the first MiB: what that will be, the hash of each chunk, how much was there already, the hash of all."""
    first, hashes, resumed, whole = b"", [], 0, hashlib.sha256()
    for offset, data in chunks:
        whole.update(data)
        padded = data + bytes(-len(data) % MARK)
        if offset == 0:
            first = padded[:FIRST]
        start = FIRST if offset == 0 else offset
        body = padded[start - offset :]
        if resuming and card.read(start, len(body)) == body:
            resumed = offset + len(data)
        else:
            resuming = False
            card.write(start, body)
        hashes.append(hashlib.sha256(body).digest())
        tell("writing", offset + len(data), image_size)
    card.flush()
    return first, hashes, resumed, whole.hexdigest()


def _read_back(card: Card, image_size: int, hashes: list[bytes], tell: Tell) -> None:
    for number, expected in enumerate(hashes):
        start = FIRST if number == 0 else number * CHUNK
        end = min((number + 1) * CHUNK, -(-image_size // MARK) * MARK)
        if end > start and hashlib.sha256(card.read(start, end - start)).digest() != expected:
            where = f"between {start / 10**6:.0f} and {end / 10**6:.0f} MB"
            raise NotSo(
                f"the card does not give back what was written {where}", mend="take another card; nothing starts from this one"
            )
        tell("reading back", end, image_size)


def _check_label(card: Card, image_size: int) -> None:
    """A card a little smaller than the image has the image's end where the label was; the table would spoil that end unseen."""
    if not plan.is_unfinished(card.read(0, MARK)):
        raise NotSo(str(plan.Lie(card.size, image_size, image_size)), mend="throw it away and take another")


def _begin(card: Card, first: bytes) -> None:
    """The partition tables. Should it go wrong here, the label goes back: half a table is worse than none."""
    card.write(0, first)
    card.flush()
    if card.read(0, len(first)) != first:
        card.write(0, plan.unfinished(len(first)))
        card.flush()
        raise NotSo("the card does not give back its beginning", mend="take another card")
