"""E A repository in a folder that anybody may have prepared: a USB stick. Nothing outside it is read, whatever stands in it.

Every path is opened below the folder by openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; only plain files are read, never
more of them than they had when they were opened. Names come from signed metadata or are fixed, never from the stick.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from appliance.errors import Unreachable
from content_cache.carrier import PIECE, Answer

_OPENAT2 = 437
"""The number of the system call, the same on every architecture (Linux 5.6)."""
_NO_MAGIC, _NO_LINKS, _BENEATH, _ONE_FILE_SYSTEM = 0x02, 0x04, 0x08, 0x01
_RANGE = re.compile(r"bytes=([0-9]{1,12})-\Z")
LONGEST_PATH = 255
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV, errno.ENAMETOOLONG, errno.EISDIR, errno.EINVAL, errno.ENXIO)


class _How(ctypes.Structure):
    """``struct open_how`` of openat2(2)."""

    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


class Folder:
    """The repository in ``folder``."""

    place, metered = "usb", False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.folder)

    @contextlib.contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """A file as a web server would answer; 404 for what is no plain file. Raises Unreachable when the stick is gone."""
        try:
            descriptor = _open(self.folder, path)
        except OSError as error:
            if error.errno not in _MISSING or not self.folder.is_dir():
                raise _gone(error) from error
            yield Answer(404, {}, iter(()))
            return
        try:
            about = os.fstat(descriptor)
            yield _answer(descriptor, about, headers) if stat.S_ISREG(about.st_mode) else Answer(404, {}, iter(()))
        finally:
            os.close(descriptor)


def _open(folder: Path, path: str) -> int:
    if not path or len(path) > LONGEST_PATH or "\0" in path:
        raise OSError(errno.ENOENT, "no such file")
    top = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        how = _How(_FLAGS, 0, _BENEATH | _NO_LINKS | _NO_MAGIC | _ONE_FILE_SYSTEM)
        libc = ctypes.CDLL(None, use_errno=True)
        opened = libc.syscall(_OPENAT2, top, path.encode(errors="surrogatepass"), ctypes.byref(how), ctypes.sizeof(how))
        if opened < 0:
            raise OSError(ctypes.get_errno(), "cannot open")
        return int(opened)
    finally:
        os.close(top)


def _answer(descriptor: int, about: os.stat_result, headers: Mapping[str, str]) -> Answer:
    match = _RANGE.match(next((value for name, value in headers.items() if name.lower() == "range"), ""))
    start, size = int(match[1]) if match else 0, about.st_size
    tag = f'"{size:x}-{about.st_mtime_ns:x}"'
    if match and start >= size:
        return Answer(416, {"content-range": f"bytes */{size}"}, iter(()))
    told = {"content-length": str(size - start), "etag": tag, "accept-ranges": "bytes"}
    if match:
        told["content-range"] = f"bytes {start}-{size - 1}/{size}"
    return Answer(206 if match else 200, told, _pieces(descriptor, start, size))


def _pieces(descriptor: int, start: int, size: int) -> Iterator[bytes]:
    while start < size:
        try:
            piece = os.pread(descriptor, min(PIECE, size - start), start)
        except OSError as error:
            raise _gone(error) from error
        if not piece:
            raise Unreachable("the stick was cut off in the middle of a file", mend="write it again")
        start += len(piece)
        yield piece


def _gone(error: OSError) -> Unreachable:
    return Unreachable(f"the stick cannot be read: {error.strerror}", mend="put it in again, or write it again")
