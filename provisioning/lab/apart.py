"""E A machine within the machine: a command with a /run and a process table of its own, so that two camps stand side by side."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.run import run, spawn
from provisioning.lab import cabling

_OWN = {Path("/run"): "755", cabling.NETNS_ETC: "755", Path("/dev/shm"): "1777"}
"""Folder -> mode. Names in /dev/shm are made of process ids (libfaketime, Chromium), which two process tables both give."""
_NAMESPACES = ("--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")


def apart(command: Sequence[str]) -> list[str]:
    """The command line that runs ``command`` so; its exit status is the command's."""
    return ["unshare", *_NAMESPACES, sys.executable, "-m", "provisioning.lab.apart", *command]


def processors() -> int:
    """How many runs of the fast tests go side by side: each costs its start, which is seconds, so eight at most."""
    return min(len(os.sched_getaffinity(0)), 8)


@contextmanager
def room() -> Iterator[None]:
    """Have the folders to hide while commands run apart; one that was not there is gone afterwards."""
    missing = [folder for folder in _OWN if not folder.exists()]
    for folder in missing:
        folder.mkdir()
    try:
        yield
    finally:
        for folder in missing:
            with suppress(OSError):  # somebody uses it by now
                folder.rmdir()


def _settle() -> None:
    """Hide what the machine around has in these folders; programs expect /run/lock (Filesystem Hierarchy Standard 3.0, 3.15)."""
    for folder, mode in _OWN.items():
        run(["mount", "-t", "tmpfs", "-o", f"mode={mode}", "campbox-apart", str(folder)])
    for name in ("lock", "netns"):
        Path("/run", name).mkdir()


def _wait(pid: int) -> int:
    """The exit status of ``pid``, while everything that lost its parent is buried: the first process of a table must."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def main() -> None:
    """Run the command named on the command line; the kernel ends with us whatever it left running."""
    # Ctrl-C is for the command, which cleans up; a handler, unlike SIG_IGN, is not handed down to it.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    _settle()
    status = _wait(spawn(sys.argv[1:]).pid)
    raise SystemExit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
