"""E Storage that refuses, for real: a disk of its own in a mount namespace: full, read-only, broken, locked, or cut off.

Two disks: ``Memory``, a tmpfs of a few hundred kB, and ``Card``, ext4 in a file, whose file can be copied at any moment: the copy
holds what a power cut at that moment would leave. Nothing is flushed by itself there for ten minutes, and a rename flushes nothing.
What the kernel would only say of a dying card (EIO), it is made to say by strace, in the process that writes.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

from appliance.run import run, spawn

WRITES = "write,pwrite64,writev,pwritev,fallocate,ftruncate"
FLUSHES = "fsync,fdatasync"
RENAMES = "rename,renameat,renameat2"
SIZE, INODES = 768 * 1024, 120
CARD_MORE = 7 * 1024 * 1024
"""Bytes that ext4 needs for itself, its journal above all."""
_BLOCK = 4096


class Disk:
    """One file system, mounted on ``top``. Only within a mount namespace of its own: see ``in_a_namespace``."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.top = folder, folder / name
        self.top.mkdir()
        self._ballast = self.top / "ballast"

    def leave(self) -> None:
        """Take it away, whatever is open there."""
        run(["umount", "--lazy", str(self.top)], check=False)

    @contextmanager
    def full(self) -> Iterator[None]:
        """No block is free."""
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT)
        try:
            with suppress(OSError):
                while os.write(descriptor, bytes(_BLOCK)):
                    pass
            yield
        finally:
            os.close(descriptor)
            self._ballast.unlink()

    @contextmanager
    def without_inodes(self) -> Iterator[None]:
        """There is room, but not for one file more."""
        self._ballast.mkdir()
        try:
            with suppress(OSError):
                for number in range(100_000):
                    os.close(os.open(self._ballast / str(number), os.O_WRONLY | os.O_CREAT))
            yield
        finally:
            shutil.rmtree(self._ballast)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Remounted; where files are held open for writing the kernel allows that only after an error, and it stays so."""
        raise NotImplementedError


class Memory(Disk):
    """A tmpfs."""

    def __init__(self, folder: Path, name: str, size: int = SIZE) -> None:
        super().__init__(folder, name)
        run(["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={INODES},mode=755", "refusing", str(self.top)])

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Whatever is open for writing is closed by then."""
        run(["mount", "-o", "remount,ro", str(self.top)])
        try:
            yield
        finally:
            run(["mount", "-o", "remount,rw", str(self.top)])


class Card(Disk):
    """ext4 on a file. ``noauto_da_alloc``: the kernel does not make up for a rename without a flush."""

    OPTIONS = "loop,commit=600,noauto_da_alloc"

    def __init__(self, folder: Path, name: str, room: int = SIZE, image: Path | None = None) -> None:
        super().__init__(folder, name)
        self.image = folder / f"{name}.img"
        if image is None:
            self.image.touch()
            os.truncate(self.image, room + CARD_MORE)
            run(["mke2fs", "-q", "-t", "ext4", "-b", "1024", "-N", "512", str(self.image)])
        else:
            os.rename(image, self.image)
        run(["mount", "-o", self.OPTIONS, str(self.image), str(self.top)])
        self._cuts = 0

    def cut(self) -> Path:
        """The power fails now: a file with what has reached the card. The disk itself goes on."""
        self._cuts += 1
        copy = self.folder / f"copy.{self._cuts}"
        shutil.copyfile(self.image, copy)
        return copy

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As after an error of the device: what is open for writing stays open and cannot be written. Only a new mount ends it."""
        run(["mount", "-o", "remount,abort", str(self.top)], check=False)
        yield

    def again(self) -> None:
        """Mounted anew, as by the next start of the box."""
        run(["umount", str(self.top)])
        run(["e2fsck", "-p", str(self.image)], check=False)
        run(["mount", "-o", self.OPTIONS, str(self.image), str(self.top)])


@contextmanager
def small_files(pid: int) -> Iterator[None]:
    """RLIMIT_FSIZE: the process may lengthen no file (setrlimit(2))."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def injected(pid: int, calls: str, what: str) -> Iterator[None]:
    """System ``calls`` of a process answer as ``what`` says, in strace's words: ``error=EIO``, ``signal=KILL:when=2``."""
    command = ["strace", "-f", "-p", str(pid), "-e", f"trace={calls}", "-e", f"inject={calls}:{what}"]
    tracer = spawn(command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, text=True)
    assert tracer.stderr is not None
    if "attached" not in (first := tracer.stderr.readline()):
        raise RuntimeError(f"strace cannot do it: {first}")
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)  # it lets go of the process
        tracer.communicate()


@contextmanager
def copied(card: Card, name: str, *, without: str = "") -> Iterator[Card]:
    """What a power cut of ``card`` leaves now, as a disk; files whose names end in ``without`` are not there."""
    image = card.cut()
    found = Card(card.folder, f"{name}{image.suffix}", image=image)
    try:
        if without:
            for path in found.top.rglob(f"*{without}"):
                path.unlink()
        yield found
    finally:
        found.leave()
        found.image.unlink()


def in_a_namespace(command: list[str]) -> list[str]:
    """``command`` with mounts of its own, which end with it."""
    return ["unshare", "--mount", "--propagation", "private", *command]


def wait_for(true: object, seconds: float = 10.0) -> None:
    """Until ``true()``."""
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)
