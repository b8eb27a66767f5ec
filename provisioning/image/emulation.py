"""E Another processor's programs run here for a while: one registration with binfmt_misc, removed at the end."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import CampboxError, CommandFailed, MissingComponent
from appliance.run import find_program, run
from provisioning.image.recipe import Arch

REGISTRY = Path("/proc/sys/fs/binfmt_misc")


def registration(kind: Arch, interpreter: str) -> bytes:
    """The line for ``register`` (kernel documentation, binfmt-misc.rst): the ELF header of a program for that processor.

    F: the interpreter is opened now, so that it works inside any root. Written with escapes, for a header holds zeros.
    """
    magic = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + kind.elf.to_bytes(2, "little")
    mask = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"

    def escaped(data: bytes) -> str:
        return "".join(f"\\x{byte:02x}" for byte in data)

    return f":campbox-{kind.machine}:M::{escaped(magic)}:{escaped(mask)}:{interpreter}:F".encode()


@contextlib.contextmanager
def emulated(kind: Arch) -> Iterator[None]:
    """While this lasts, programs of ``kind`` can be run. Raises MissingComponent when that cannot be had."""
    if platform.machine() == kind.machine or _works(kind):
        yield
        return
    interpreter = find_program(f"qemu-{kind.machine}-static")
    mounted = False
    entry = REGISTRY / f"campbox-{kind.machine}"
    try:
        if not (REGISTRY / "register").exists():
            run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(REGISTRY)])
            mounted = True
        _forget(entry)  # left by a build that was killed
        (REGISTRY / "register").write_bytes(registration(kind, interpreter))
    except (OSError, CampboxError) as error:
        if mounted:
            run(["umount", str(REGISTRY)], check=False)
        why = "it takes root to say how" if os.geteuid() != 0 else str(error)
        mend = (
            f"as root, once: apt-get install qemu-user-static binfmt-support; or build on a computer that is {kind.machine} itself"
        )
        raise MissingComponent(f"programs for {kind.name} cannot be run here ({why})", where=str(REGISTRY), mend=mend) from error
    try:
        yield
    finally:
        _forget(entry)
        if mounted:
            run(["umount", str(REGISTRY)], check=False)


def _forget(entry: Path) -> None:
    if entry.exists():
        entry.write_text("-1")


def _works(kind: Arch) -> bool:
    """Does the kernel have an interpreter for it already, one that is found from inside another root?"""
    with contextlib.suppress(OSError, CommandFailed):
        for entry in REGISTRY.iterdir():
            if entry.name in ("register", "status") or entry.name.startswith("campbox-"):
                continue
            words = entry.read_text(errors="replace").split()
            if f"/qemu-{kind.machine}" in " ".join(words) and words[:1] == ["enabled"] and any("F" in w for w in words[4:5]):
                return True
    return False
