"""E Write an image to a card in the order of ``plan``, and read all of it back."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from appliance.errors import NotSo
from provisioning.flash import plan
from provisioning.flash.card import Card
from provisioning.flash.plan import FIRST, MARK, PUSHED, READ_AGAIN
from provisioning.sparse import is_empty

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
    image = _image(card, image_size, chunks, tell, resuming=resuming)
    _push_out(card, image)
    _read_back(card, image.bodies, lambda done: tell("reading back", min(done, image_size), image_size))
    _check_label(card, image_size)
    marks.check("probing once more", tell)
    marks.erase()
    _begin(card, image, tell)
    return Written(image_size, image.resumed, image.sha256)


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


@dataclass(frozen=True)
class _Body:
    """A chunk as it was given: where it begins on the card, its length padded to MARK, SHA-256 of that."""

    start: int
    length: int
    digest: bytes


@dataclass(frozen=True)
class _Image:
    """What was to be written: size in bytes, the first MiB, all bodies behind it, those of them that this run wrote."""

    size: int
    first: bytes
    bodies: tuple[_Body, ...]
    written: tuple[_Body, ...]
    resumed: int
    sha256: str


def _image(card: Card, image_size: int, chunks: Iterator[tuple[int, bytes]], tell: Tell, *, resuming: bool) -> _Image:
    """Write all but the first MiB. What an interrupted run has left is compared instead, up to the first difference."""
    first, resumed, whole = b"", 0, hashlib.sha256()
    bodies, written = list[_Body](), list[_Body]()
    for offset, data in chunks:
        whole.update(data)
        padded = data + bytes(-len(data) % MARK)
        if offset == 0:
            first = padded[:FIRST]
        start = FIRST if offset == 0 else offset
        content = padded[start - offset :]
        if content:
            bodies.append(_Body(start, len(content), _digest(content)))
        if resuming and card.read(start, len(content)) == content:
            resumed = offset + len(data)
        else:
            resuming = False
            card.write(start, content)
            written += bodies[-1:] if content else []
        tell("writing", offset + len(data), image_size)
    card.flush()
    return _Image(image_size, first, tuple(bodies), tuple(written), resumed, whole.hexdigest())


def _push_out(card: Card, image: _Image) -> None:
    """Write once more what was written first: a card that only remembers its latest writes forgets the image's end by that."""
    room = PUSHED
    for body in image.written[: len(image.written) // 2]:
        if room < body.length:
            break
        content = card.read(body.start, body.length)
        _compare(body, content)
        card.write(body.start, content)
        room -= body.length
    card.flush()


def _read_back(card: Card, bodies: Sequence[_Body], tell: Callable[[int], None]) -> None:
    for body in bodies:
        _compare(body, card.read(body.start, body.length))
        tell(body.start + body.length)


def _compare(body: _Body, untrusted_content: bytes) -> None:
    if _digest(untrusted_content) != body.digest:
        where = f"between {body.start / 10**6:.0f} and {(body.start + body.length) / 10**6:.0f} MB"
        raise NotSo(f"the card does not give back what was written {where}", mend="take another card; nothing starts from this one")


def _digest(content: bytes) -> bytes:
    """SHA-256. Most of an image is zeros, and comparing is far quicker than hashing: theirs is computed once for each length."""
    return _digest_of_zeros(len(content)) if is_empty(content) else hashlib.sha256(content).digest()


@functools.lru_cache(maxsize=8)
def _digest_of_zeros(length: int) -> bytes:
    return hashlib.sha256(bytes(length)).digest()


def _check_label(card: Card, image_size: int) -> None:
    """A card a little smaller than the image has the image's end where the label was; the table would spoil that end unseen."""
    if not plan.is_unfinished(card.read(0, MARK)):
        raise NotSo(str(plan.Lie(card.size, image_size, image_size)), mend="throw it away and take another")


def _begin(card: Card, image: _Image, tell: Tell) -> None:
    """The partition tables, then a last look. Should it go wrong here, the label goes back: half a table is worse than none."""
    first = image.first
    card.write(0, first)
    card.flush()
    try:
        if card.read(0, len(first)) != first:
            raise NotSo("the card does not give back its beginning", mend="take another card")
        # Nothing is written after this: what the card's cache held until now, it must hold in its cells.
        end = [body for body in image.bodies if body.start >= image.size - READ_AGAIN]
        _read_back(card, end, lambda done: tell("reading its end again", min(done, image.size), image.size))
    except NotSo:
        card.write(0, plan.unfinished(len(first)))
        card.flush()
        raise
