"""E A file read in pieces, holes without reading them: a card image is mostly holes, and what reads one fills memory with zeros."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

BLOCK = 1 << 20
"""Bytes of a piece."""


def blocks(descriptor: int, offset: int, size: int) -> Iterator[bytes]:
    """``size`` bytes of an open file or device from ``offset`` on, BLOCK at a time; fewer where it ends. Raises OSError."""
    end = min(offset + size, os.lseek(descriptor, 0, os.SEEK_END))
    data = offset
    while offset < end:
        length = min(BLOCK, end - offset)
        if data <= offset:
            data = _next_data(descriptor, offset, end)
        block = bytes(length) if data >= offset + length else os.pread(descriptor, length, offset)
        if not block:
            return
        yield block
        offset += len(block)


def is_empty(block: bytes) -> bool:
    """Nothing but zeros? Comparing is far quicker than ``strip`` or ``count``, which look at each byte by itself."""
    return block == bytes(len(block))


def _next_data(descriptor: int, offset: int, end: int) -> int:
    """Where what is no hole begins, from ``offset`` on (lseek(2), SEEK_DATA); ``offset`` where nobody can tell, as on a device."""
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # no data before the file's end
            return end
        if error.errno == errno.EINVAL:
            return offset
        raise
