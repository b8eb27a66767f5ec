"""E What is written to: a block device that the kernel gives to nobody else meanwhile, or a file that stands for one.

Both read with the page cache bypassed (O_DIRECT), so that what comes back was in the card and not in this machine's memory.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import mmap
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appliance.errors import NotSo, Refused
from provisioning.flash.plan import CHUNK, MARK
from provisioning.sparse import is_empty

_BLKGETSIZE64, _BLKFLSBUF = 0x80081272, 0x1261
_GONE = {errno.EIO, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM, errno.EREMOTEIO, errno.ENOENT}
_AGAIN = "put it in again and run the same command: it goes on where it stopped"


class Card(Protocol):
    """Bytes at offsets; both are multiples of MARK save at the card's very end."""

    size: int
    blank: bool
    """Is it known to hold nothing but zeros, as a new file does?"""

    def write(self, offset: int, data: bytes) -> None:
        """Write; it may wait in a cache until ``flush``. Raises NotSo."""

    def read(self, offset: int, length: int) -> bytes:
        """Read from the card itself, never from this machine's memory. Raises NotSo."""

    def flush(self) -> None:
        """Return once everything written is on the card. Raises NotSo."""


@dataclass(frozen=True)
class Fingerprint:
    """By which a device is known again. ``sequence`` is the kernel's number for this very insertion (0 before Linux 5.15)."""

    dev: str
    size: int
    serial: str
    model: str
    sequence: int


class Opened:
    """A Card on an open file or device. The buffer is page-aligned, as O_DIRECT wants it."""

    blank = False

    def __init__(self, descriptor: int, size: int, where: str, *, direct: bool) -> None:
        self.size, self.where, self.direct = size, where, direct
        self._descriptor = descriptor
        self._buffer = mmap.mmap(-1, CHUNK)

    @property
    def path(self) -> str:
        """A name under which another program can open the very same thing, whatever happens to its directory entry."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def write(self, offset: int, data: bytes) -> None:
        """See Card."""
        if offset + len(data) > self.size:
            raise NotSo("the image is larger than the card", where=self.where, mend="take a larger card")
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            self._buffer[: len(part)] = part
            self._whole(os.pwritev, offset + at, len(part))

    def read(self, offset: int, length: int) -> bytes:
        """See Card."""
        if not self.direct:
            self.drop_cache()
        parts = []
        for at in range(0, length, CHUNK):
            count = min(CHUNK, length - at)
            self._whole(os.preadv, offset + at, count)
            parts.append(self._buffer[:count])
        return b"".join(parts)

    def _whole(self, deed: object, offset: int, count: int) -> None:
        done = 0
        view = memoryview(self._buffer)
        try:
            while done < count:
                step = deed(self._descriptor, [view[done:count]], offset + done)  # type: ignore[operator]
                if step <= 0:
                    raise OSError(errno.EIO, "it ends early")
                done += step
        except OSError as error:
            raise self.failed(error, offset + done) from error
        finally:
            view.release()

    def flush(self) -> None:
        """See Card."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self.failed(error, None) from error

    def drop_cache(self) -> None:
        """Forget what this machine remembers of it, so that the next reader asks the card."""
        self.flush()
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def failed(self, error: OSError, offset: int | None) -> NotSo:
        """The error in words, and what mends it."""
        place = "" if offset is None else f" at {offset / 10**6:.0f} MB"
        if error.errno == errno.ENOSPC:
            return NotSo("no room left", where=self.where, mend="make room, or name a file on another disk")
        if error.errno in _GONE:
            return NotSo(
                f"it went away or failed{place}", where=self.where, mend=f"{_AGAIN}; if it fails there again, take another card"
            )
        return NotSo(f"cannot use it{place}: {error.strerror}", where=self.where, mend="take another card")

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


class BlockCard(Opened):
    """A whole block device, held exclusively: the kernel refuses while anything on it is mounted or otherwise claimed."""

    def __init__(self, path: str) -> None:
        descriptor = _open(path)
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, descriptor)
            state = os.fstat(descriptor)
            if not stat.S_ISBLK(state.st_mode):
                raise Refused("not a block device", where=path, mend="campbox flash --list shows them")
            self.dev = f"{os.major(state.st_rdev)}:{os.minor(state.st_rdev)}"
            super().__init__(descriptor, _size(descriptor), path, direct=True)
            undo.pop_all()

    def drop_cache(self) -> None:
        """Also the cache that programs reading the device in the ordinary way would use."""
        super().drop_cache()
        with contextlib.suppress(PermissionError):  # of the group disk, not root: direct writing has put nothing into it
            fcntl.ioctl(self._descriptor, _BLKFLSBUF, 0)


class FileCard(Opened):
    """A sparse file of the size of a card. It gets its name when it is finished; until then it stands beside, hidden."""

    blank = True

    def __init__(self, path: Path, size: int) -> None:
        _sweep(path)
        self.final, self.beside = path, path.with_name(f".{path.name}.{os.getpid()}.unfinished")
        self._touched: list[tuple[int, int]] = []
        try:
            descriptor, direct = _open_file(self.beside)
        except OSError as error:
            raise NotSo(f"cannot write here: {error.strerror}", where=str(path), mend="name a file in a folder of yours") from error
        super().__init__(descriptor, size // MARK * MARK, str(path), direct=direct)
        try:
            os.ftruncate(descriptor, self.size)
        except OSError as error:
            self.abandon()
            raise NotSo(
                f"no file of this size can be here: {error.strerror}", where=str(path), mend="choose a smaller --size"
            ) from error

    def write(self, offset: int, data: bytes) -> None:
        """See Card; zeros onto zeros stay a hole."""
        end = offset + len(data)
        if not is_empty(data):
            self._touched.append((offset, end))
            super().write(offset, data)
            return
        for begin, until in self._touched:
            if begin < end and offset < until:
                super().write(max(begin, offset), bytes(min(until, end) - max(begin, offset)))

    def finish(self) -> None:
        """Give it its name; what had that name before is replaced."""
        self.flush()
        try:
            os.replace(self.beside, self.final)
        except OSError as error:
            raise self.failed(error, None) from error
        self.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            self.beside.unlink()
        self.close()


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_EXCL | os.O_DIRECT | os.O_CLOEXEC)
    except OSError as error:
        words = {
            errno.EBUSY: ("the kernel says that it is in use", "unmount it, or close what uses it: lsblk shows what"),
            errno.EACCES: ("only root may write to a device", "run the same command as root"),
            errno.EPERM: ("only root may write to a device", "run the same command as root"),
            errno.EROFS: ("it is write-protected", "slide the lock at the card's side"),
            errno.ENOMEDIUM: ("no card is in it", "put one in"),
        }
        what, mend = words.get(error.errno or 0, (f"cannot open it: {error.strerror}", "plug it in again"))
        raise Refused(what, where=path, mend=mend) from error


def _open_file(path: Path) -> tuple[int, bool]:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags | os.O_DIRECT, 0o600), True
    except OSError as error:
        if error.errno != errno.EINVAL:  # this file system knows no O_DIRECT
            raise
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        return os.open(path, flags, 0o600), False


def _sweep(path: Path) -> None:
    """What a killed run left beside."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.unfinished"):
        owner = left.name.split(".")[-2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            left.unlink(missing_ok=True)


def _size(descriptor: int) -> int:
    answer = fcntl.ioctl(descriptor, _BLKGETSIZE64, bytes(8))
    return int(struct.unpack("Q", answer)[0])
