"""E Root's one deed for a stick: nobody else sees the mount, and it ends with this process.

In a mount namespace of its own the stick is mounted read-only, without devices, set-user-id or programs; then this process becomes
the content user for good and reads. Only FAT and exFAT are tried: what a hostile file system could do to the kernel stays small.
A folder in the place of a device is bound with the same restrictions; tests and rehearsals need no device.
"""

from __future__ import annotations

import ctypes
import logging
import os
import stat
from pathlib import Path

from appliance.errors import NotSo, Refused
from appliance.services import USERS

log = logging.getLogger(__name__)
KINDS = ("vfat", "exfat")
USER = "campbox-content"
READS_IDENTITY = "campbox-telemetry"
"""The group that may read what enrolment brought."""
_NEWNS = 0x00020000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_FLAGS = _RDONLY | _NOSUID | _NODEV | _NOEXEC
_NO_NEW_PRIVS = 38


def mount(source: Path, target: Path) -> None:
    """Mount ``source`` at ``target`` for this process alone. Raises Refused when it is no stick, NotSo when it cannot be."""
    kind = source.stat().st_mode
    if not (stat.S_ISBLK(kind) or stat.S_ISDIR(kind)):
        raise Refused("neither a device nor a folder", where=str(source), mend="name the stick's partition, as /dev/sda1")
    _call("unshare", _NEWNS)
    _call("mount", b"none", b"/", None, _REC | _PRIVATE, None)
    target.mkdir(parents=True, exist_ok=True)
    here, there = str(source).encode(), str(target).encode()
    if stat.S_ISDIR(kind):
        _call("mount", here, there, None, _BIND, None)
        _call("mount", None, there, None, _BIND | _REMOUNT | _FLAGS, None)
        return
    for name in KINDS:
        try:
            _call("mount", here, there, name.encode(), _FLAGS, b"iocharset=utf8,umask=0222")
            return
        except OSError as error:
            log.info("not %s: %s", name, error.strerror)
    raise NotSo("neither FAT nor exFAT", where=str(source), mend="format the stick with FAT32 or exFAT, and write it again")


def become(user: str, groups: list[str]) -> None:
    """Give root up for good: user, groups, and every way back."""
    os.setgroups([USERS[name] for name in groups])
    os.setresgid(*[USERS[user]] * 3)
    os.setresuid(*[USERS[user]] * 3)
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)


def _call(name: str, *arguments: int | bytes | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    converted = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    if getattr(libc, name)(*converted) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
