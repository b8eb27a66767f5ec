"""E What this machine says of its disks: lsblk, /proc/swaps, every mount namespace's mountinfo, zpool."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import BadInput, MissingComponent, Refused
from appliance.run import find_program, run
from provisioning.flash.card import Fingerprint
from provisioning.flash.disks import DiskLayout, Node, parse_layout

_PROC = Path("/proc")


def look() -> DiskLayout:
    """Everything at this moment. Raises MissingComponent, CommandFailed or BadInput."""
    done = run(["lsblk", "--json", "--bytes", "--output-all"], env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
    # In a container it may find nothing at all, and calls that a failure.
    blocks = done.stdout if done.stdout.strip() or done.stderr.strip() else '{"blockdevices": []}'
    return parse_layout(blocks, _text(_PROC / "swaps"), mountinfos(), _zpool())


def mountinfos(proc: Path = _PROC) -> Iterator[str]:
    """The mounts of every mount namespace once: what is mounted in a container is mounted."""
    seen = set()
    for process in [proc / "self", *sorted(proc.glob("[0-9]*"))]:
        try:
            namespace = os.readlink(process / "ns/mnt")
        except OSError:  # it has ended, or is another user's
            continue
        if namespace not in seen:
            text = _text(process / "mountinfo")
            if text:
                seen.add(namespace)
                yield text


def fingerprint(node: Node) -> Fingerprint:
    """What to compare before the first byte is written: the stick may have been swapped since."""
    sequence = _text(Path("/sys/dev/block") / node.dev / "diskseq").strip()
    return Fingerprint(node.dev, node.size or 0, node.serial, node.model, int(sequence) if sequence.isdigit() else 0)


def device_number(path: Path) -> str | None:
    """ "major:minor" of the block device of this name, links followed; None when it is a file or not there.

    Raises BadInput for what can be neither a card nor a file that stands for one.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        if path.absolute().is_relative_to("/dev"):
            raise BadInput("there is no such device", where=str(path), mend="campbox flash --list shows those there are") from None
        return None
    except OSError as error:
        raise BadInput(f"cannot look at it: {error.strerror}", where=str(path), mend="name a device or a file") from error
    if stat.S_ISBLK(state.st_mode):
        return f"{os.major(state.st_rdev)}:{os.minor(state.st_rdev)}"
    if not stat.S_ISREG(state.st_mode) or path.resolve().is_relative_to("/dev"):
        raise BadInput("neither a device nor a file", where=str(path), mend="campbox flash --list shows the devices")
    return None


def lies_on(path: Path) -> str:
    """ "major:minor" of the file system that holds a file."""
    number = path.stat().st_dev
    return f"{os.major(number)}:{os.minor(number)}"


def check_may_write(path: Path) -> None:
    """Raises Refused before anybody is asked anything, where the kernel would say no in the end."""
    if not os.access(path, os.W_OK):
        raise Refused("only root may write to a device", where=str(path), mend="run the same command as root")


def _zpool() -> str:
    try:
        find_program("zpool")
    except MissingComponent:
        return ""
    return run(["zpool", "status", "-LP"], check=False, timeout=20).stdout


def _text(path: Path) -> str:
    try:
        # Not read_text: it would make of a carriage return in a name the end of a line.
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
