"""What a program's start fails with is one of our own errors, whatever the kernel refuses; no process is begun here."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from appliance import run as door
from appliance.errors import CommandFailed
from tests.fakes import refusals


def test_r7_a_fork_that_fails_is_a_command_that_failed() -> None:
    with refusals.forks(), pytest.raises(CommandFailed, match="cannot be started: Resource temporarily unavailable"):
        door.run(["sh", "-c", "true"])


@pytest.mark.parametrize("code", [errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EIO, errno.ENOEXEC])
def test_r7_so_is_whatever_else_the_kernel_says(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(door.subprocess, "run", refuse)
    with pytest.raises(CommandFailed, match=os.strerror(code)):
        door.run(["sh"], check=False)
