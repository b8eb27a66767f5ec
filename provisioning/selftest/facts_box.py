"""E What the box itself says: supply, card, clock, processes. ``root`` is another place to look in for tests."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance import clock as clocks
from appliance.layout import Layout
from appliance.preflight_facts import little_room
from appliance.services import Service
from provisioning.selftest.outcome import Facts

ROOT = Path("/")
_TRIAL_BYTES = 65_536


def power(root: Path = ROOT) -> Facts:
    """The supply's alarm (linux/drivers/hwmon/raspberrypi-hwmon.c): ``low`` is None on a machine without one."""
    for chip in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        if _line(chip / "name") == "rpi_volt":
            alarm = _line(chip / "in0_lcrit_alarm")
            return {"low": None if alarm is None else alarm != "0"}
    return {"low": None}


def clock() -> Facts:
    """How far the time is trusted."""
    return {"trust": clocks.now().trust}


def card(folder: Path, root: Path = ROOT) -> Facts:
    """Room and health of the file system below ``folder``, and a write that goes to the disk and comes back."""
    room = os.statvfs(folder)
    device = _device(folder, root)
    began = time.monotonic()
    problem = "" if room.f_flag & os.ST_RDONLY else _trial(folder)
    return {
        "read_only": bool(room.f_flag & os.ST_RDONLY),
        "free": room.f_bavail * room.f_frsize,
        "size": room.f_blocks * room.f_frsize,
        "problem": problem,
        "seconds": time.monotonic() - began,
        "errors": 0 if device is None else _number(root / "sys/fs/ext4" / device / "errors_count"),
        "worn": None if device is None else _worn(device, root),
    }


def _trial(folder: Path) -> str:
    """Write, flush, read back from the disk; what went wrong."""
    path, content = folder / "trial", os.urandom(_TRIAL_BYTES)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # so that the disk is read, not what memory holds of it
            read = os.pread(descriptor, _TRIAL_BYTES, 0)
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)
    except OSError as error:
        return error.strerror or "refused"
    return "" if read == content else "other bytes came back"


def _device(folder: Path, root: Path) -> str | None:
    """The block device below ``folder``, as the kernel calls it (proc_pid_mountinfo(5))."""
    number = os.stat(folder).st_dev
    link = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    try:
        return Path(os.readlink(link)).name
    except OSError:  # a file system without a disk
        return None


def _worn(device: str, root: Path) -> int | None:
    """Per cent of its life that an eMMC says it has used (JEDEC EMMC 5.0: tenths); SD cards do not say."""
    disk = re.sub(r"p[0-9]+\Z", "", device)
    told = _line(root / "sys/block" / disk / "device/life_time")
    try:
        return None if told is None else 10 * max(int(word, 16) for word in told.split())
    except ValueError:
        return None


def services(table: Sequence[Service], layout: Layout, root: Path = ROOT) -> Facts:
    """Which daemons of the table have no process; ``seen`` is false where processes are hidden and systemd is not asked.

    ``room`` are settings of the kernel that are too low for a thousand phones.
    """
    daemons = [service for service in table if service.kind == "daemon"]
    own, room = _own_group(root), list(little_room(root / "proc/sys"))
    if own.endswith("/campbox-selftest.service"):
        # A unit's cell hides other people's processes; who has one stands in the control groups, open to all.
        slice_ = root / "sys/fs/cgroup" / own.removeprefix("/").removesuffix("/campbox-selftest.service")
        missing = [s.name for s in daemons if not _line(slice_ / f"campbox-{s.name}.service" / "cgroup.procs")]
        return {"seen": True, "wanted": len(daemons), "missing": missing, "room": room}
    running = list(_running(root))
    missing = [s.name for s in daemons if not any(_is(s, layout, uid, command) for uid, command in running)]
    return {"seen": len(running) > 1, "wanted": len(daemons), "missing": missing, "room": room}


def _own_group(root: Path) -> str:
    """This process's place in the unified hierarchy (cgroups(7)); a kernel may have older ones mounted, told in lines before."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ""
    return next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "")


def _running(root: Path) -> Iterator[tuple[int, str]]:
    for process in (root / "proc").glob("[0-9]*"):
        try:
            yield process.stat().st_uid, (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue


def _is(service: Service, layout: Layout, uid: int, command: str) -> bool:
    """nginx changes what stands before its arguments, so only these are compared."""
    return uid == service.uid and " ".join(service.argv(layout, sys.executable)[1:]) in command


def _line(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip().partition("\n")[0]
    except OSError:
        return None


def _number(path: Path) -> int:
    told = _line(path) or "0"
    return int(told) if told.isdigit() else 0
