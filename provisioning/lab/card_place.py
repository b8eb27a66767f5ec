"""E The place of a box that is a machine of its own: a folder for its card, and clearing away what a killed rehearsal left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path

from appliance.errors import NotSo
from appliance.run import run
from provisioning.flash.image import Image
from provisioning.lab import cabling
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace, existing
from provisioning.lab.pace import patient

FOLDER = Path("/var/tmp/campbox-boot")
"""On a disk: a card does not fit into the RAM that /run is."""
LOCK = Path("/run/campbox-boot.lock")
CARD_BYTES = 4_000_000_000
"""The smallest card that is sold; the file is sparse."""
SPACE = 3_000_000_000
"""Bytes of room that a card and what is written to it want."""


def make() -> Path:
    """The folder, root's alone. Raises NotSo when there is no room."""
    FOLDER.mkdir(mode=0o700)
    if shutil.disk_usage(FOLDER).free < SPACE:
        raise NotSo(f"less than {SPACE // 1_000_000_000} GB free", where=str(FOLDER), mend="make room")
    return FOLDER


def sweep() -> list[str]:
    """Remove machine, phones, cables, servers and files, whoever left them; a demo beside is left alone. What was found."""
    _end_servers()
    found = [name for name in existing() if name == plan.CARD or name.startswith(plan.guest_name(0)[:-1])]
    for name in found:
        cabling.remove(name)
    if plan.NET in existing():
        for arguments in (["link", "delete", plan.CARD_LINE], *(_address(a) for a in (plan.TIME4, plan.TIME6))):
            run(["ip", "-n", plan.NET, *arguments], check=False)
    if FOLDER.is_symlink() or FOLDER.exists():
        _remove()
        found.append(str(FOLDER))
    return found


def check_state(card: Path, offset: int, size: int) -> tuple[int, str]:
    """Let e2fsck bring the state on a card that lost its power in order: its exit status (1: it did), and its last words.

    In a file of its own: after replaying the journal e2fsck opens it anew, and forgets an offset.
    """
    part = card.with_name("data.img")
    where = [f"skip={offset}", f"count={size}", "iflag=skip_bytes,count_bytes", "bs=4M", "conv=sparse"]
    run(["dd", f"if={card}", f"of={part}", "status=none", *where], timeout=patient(300))
    done = run(["e2fsck", "-f", "-y", str(part)], check=False, timeout=patient(300))
    part.unlink()
    words = (done.stdout.strip() or done.stderr.strip() or "it said nothing").splitlines()
    return done.returncode, words[-1].partition(": ")[2] or words[-1]


def read_file(card: Path, name: str) -> bytes:
    """A file of the card's boot partition. Raises NotSo when there is none."""
    opened = Image(card)
    try:
        content = opened.get(name)
    finally:
        opened.close()
    if content is None:
        raise NotSo(f"there is no {name} on the card", where=str(card))
    return content


def _address(address: object) -> list[str]:
    return ["address", "delete", f"{address}/{128 if ':' in str(address) else 32}", "dev", "lo"]


def _end_servers() -> None:
    """The provider's, by what they wrote down; only what runs in the lab's internet."""
    there = Namespace(plan.NET).pids() if plan.NET in existing() else []
    for file in FOLDER.glob("*.pid"):
        words = file.read_text(errors="replace").strip()
        if words.isdecimal() and int(words) in there:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(int(words), signal.SIGKILL)


def _remove() -> None:
    try:
        shutil.rmtree(FOLDER)
    except OSError as error:
        raise NotSo(f"cannot be cleared away: {error.strerror or error}", where=str(FOLDER), mend="remove it by hand") from error
