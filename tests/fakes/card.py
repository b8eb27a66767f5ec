"""P Cards in memory: an honest one, and those that lie. ``card_contract`` is what the honest one shares with real ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from appliance.errors import NotSo
from provisioning.flash.card import Card
from provisioning.flash.plan import CHUNK, MARK


class FakeCard:
    """Claims ``size`` bytes and has ``real``. ``lie`` says what becomes of the rest: it "wraps" round or is "dropped".

    ``cache`` bytes of the latest writes are given back rightly until something else is written. ``dies_at`` is an offset whose
    writing fails, once. ``spoils`` is an offset where one bit never comes back right. ``log`` holds every write.
    """

    blank = False

    def __init__(
        self, size: int, real: int | None = None, lie: str = "wraps", *, cache: int = 0, dies_at: int = -1, spoils: int = -1
    ) -> None:
        self.size, self.real, self.lie = size, size if real is None else real, lie
        self.cache, self.dies_at, self.spoils = cache, dies_at, spoils
        self.content = bytearray(self.real)
        self.log: list[tuple[int, int]] = []
        self.flushed = 0
        self._latest: deque[tuple[int, int, int]] = deque()  # number of the write, offset, length
        self._held: dict[int, tuple[int, bytes]] = {}
        """What the cache gives back, by offset: of several writes to one, the last, with its number."""
        self._written = self._used = 0

    def write(self, offset: int, data: bytes) -> None:
        assert offset % 512 == 0 and len(data) % 512 == 0
        if offset + len(data) > self.size:
            raise NotSo("the image is larger than the card", mend="take a larger card")
        if offset <= self.dies_at < offset + len(data):
            self.dies_at = -1
            raise NotSo("it went away", mend="put it in again")
        self.log.append((offset, len(data)))
        for at in range(0, len(data), MARK):
            self._block(offset + at, data[at : at + MARK])

    def _block(self, offset: int, data: bytes) -> None:
        self._written += 1
        self._latest.append((self._written, offset, len(data)))
        self._held[offset], self._used = (self._written, data), self._used + len(data)
        while self._used > self.cache:
            number, at, length = self._latest.popleft()
            self._used -= length
            if self._held[at][0] == number:
                del self._held[at]
        if self.lie == "wraps":
            offset %= self.real
        elif offset >= self.real:
            return
        self.content[offset : offset + len(data)] = data[: self.real - offset]

    def read(self, offset: int, length: int) -> bytes:
        assert offset % 512 == 0
        return b"".join(self._give(offset + at, min(MARK, length - at)) for at in range(0, length, MARK))

    def _give(self, offset: int, length: int) -> bytes:
        if offset in self._held:
            return self._held[offset][1][:length]
        if self.lie == "dropped" and offset >= self.real:
            return bytes(length)
        start = offset % self.real
        found = bytearray(self.content[start : start + length].ljust(length, b"\0"))
        if offset <= self.spoils < offset + length:
            found[self.spoils - offset] ^= 4
        return bytes(found)

    def flush(self) -> None:
        self.flushed += 1


def card_contract(make: Callable[[int], Card]) -> None:
    """What every honest Card does; ``make`` gives one of so many bytes (a multiple of CHUNK)."""
    card = make(4 * CHUNK)
    assert card.size == 4 * CHUNK
    card.write(0, b"a" * MARK)
    card.write(CHUNK - MARK, b"b" * (CHUNK + 2 * MARK))
    card.write(card.size - MARK, b"z" * MARK)
    card.flush()
    assert card.read(0, MARK) == b"a" * MARK
    assert card.read(CHUNK - 2 * MARK, 2 * MARK)[MARK:] == b"b" * MARK
    assert card.read(CHUNK, 2 * CHUNK)[: CHUNK + MARK] == b"b" * (CHUNK + MARK)
    assert card.read(card.size - 2 * MARK, 2 * MARK)[MARK:] == b"z" * MARK
    card.write(CHUNK, bytes(CHUNK))
    card.flush()
    assert card.read(CHUNK, CHUNK) == bytes(CHUNK)
    with pytest.raises(NotSo, match="larger than the card"):
        card.write(card.size, b"x" * MARK)
