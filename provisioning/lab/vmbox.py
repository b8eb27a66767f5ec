"""E A box that is a machine of its own: QEMU with a card in its slot, its console kept, its plug pulled at a wish."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from appliance.errors import MissingComponent, NotSo
from appliance.run import find_program, spawn
from provisioning.lab import qemu, serial_log
from provisioning.lab.netns import Namespace
from provisioning.lab.precedence import go_first

WORDS = 200_000
"""Characters of the console kept in memory; the file beside the card holds more."""


def check(kind: qemu.Kind) -> None:
    """Whether this machine can be made here. Raises MissingComponent."""
    find_program(kind.program)
    for file in (kind.firmware, kind.variables):
        if file is not None and not file.exists():
            mend = "run ./campbox again as root: it installs what is missing"
            raise MissingComponent(f"the firmware {file.name} is not here", where=str(file), mend=mend)


class QemuBox:
    """One machine and its card. ``started`` is when its power went on (monotonic)."""

    def __init__(self, place: Namespace, kind: qemu.Kind, card: Path, log: Path) -> None:
        self.place, self.kind, self.card, self.log = place, kind, card, log
        self.variables = card.with_name("firmware-variables")
        self.console = ""
        self.started = 0.0
        self._written = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Is its power on?"""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Power on. Nothing of the console before counts any more, but for the file that keeps it."""
        check(self.kind)
        if self.kind.variables is not None and not self.variables.exists():
            shutil.copyfile(self.kind.variables, self.variables)
        program, *arguments = qemu.command(self.kind, self.card, self.variables)
        self.console, self.started = "", time.monotonic()
        # Not even a command that is killed leaves a machine running.
        argv = ["setpriv", "--pdeathsig", "KILL", "--", *self.place.enter, find_program(program), *arguments]
        self._process = self._spawn(argv)

    def _spawn(self, argv: list[str]) -> subprocess.Popen[bytes]:
        process = spawn(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, cwd="/"
        )
        go_first(process.pid)
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        return process

    def tick(self) -> None:
        """Take in what the console said; to be called several times a second. Raises NotSo when the machine is gone by itself."""
        self._listen()
        if self._process is not None and self._process.poll() is not None:
            self._listen()
            status, self._process = self._process.returncode, None
            raise NotSo(
                f"the machine ended by itself ({status}): {serial_log.last_words(self.console)}",
                where=self.kind.program, mend=f"read its console: {self.log}",
            )  # fmt: skip

    def cut_power(self) -> None:
        """Pull the plug: what was not written to the card by now never will be."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._listen()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def _listen(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        heard: bytes = self._process.stdout.read() or b""
        if not heard:
            return
        self.console = (self.console + heard.decode(errors="replace"))[-WORDS:]
        if self._written < serial_log.LARGEST:
            with self.log.open("ab") as kept:
                kept.write(heard)
            self._written += len(heard)
