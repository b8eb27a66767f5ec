"""E The only door to subprocess: commands are lists, never shell strings, and failures become one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from appliance.errors import CommandFailed, MissingComponent

_PROJECT = Path(__file__).resolve().parent.parent
_PLACES = ("usr/sbin", "usr/bin", "sbin")
PARTS = _PROJECT / ".parts"
"""Debian's daemons, unpacked beside the project where installing them would start services or create accounts."""


def find_program(name: str) -> str:
    """The full path of a program: the system's own, else the unpacked one. Raises MissingComponent."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", *(str(PARTS / p) for p in _PLACES)])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingComponent(f"the program {name} is not here", mend="run ./campbox again as root: it installs what is missing")
    return found


def run(
    argv: Sequence[str],
    *,
    input: str | None = None,
    timeout: float | None = 60,
    check: bool = True,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it printed.

    Raises MissingComponent when there is none of that name, CommandFailed when it ends badly (unless ``check`` is false),
    takes longer than ``timeout`` seconds, or the kernel gives it no process.
    """
    command = [find_program(argv[0]), *argv[1:]]
    try:
        done = subprocess.run(
            command, input=input, timeout=timeout, env=env, capture_output=True, text=True, errors="replace", check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"took longer than {timeout} s", where=" ".join(argv)) from error
    except OSError as error:
        raise CommandFailed(f"cannot be started: {error.strerror or type(error).__name__}", where=" ".join(argv)) from error
    if check and done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise CommandFailed(last, where=" ".join(argv))
    return done


def spawn(argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a program and leave it running; ``options`` are those of ``subprocess.Popen``, save ``shell``."""
    if options.pop("shell", False):
        raise ValueError("no shell strings")
    return subprocess.Popen([find_program(argv[0]), *argv[1:]], **options)


def open_log(path: Path) -> IO[bytes]:
    """A log file to append to, readable by root alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    return os.fdopen(descriptor, "ab", buffering=0)
