"""P The guard of the fast tests bites, and lets the others be."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable

import pytest

from tests.conftest import Forbidden


@pytest.mark.parametrize(
    "deed",
    [
        lambda: subprocess.run(["true"], check=True),
        lambda: os.system("true"),  # noqa: S605
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.fork(),
        lambda: socket.socket(socket.AF_UNIX),
        lambda: socket.getaddrinfo("localhost", 80),
    ],
)
def test_fast_tests_start_no_process_and_open_no_socket(deed: Callable[[], object]) -> None:
    with pytest.raises(Forbidden, match="is a fast test and caused"):
        deed()


@pytest.mark.lint
def test_tests_of_another_kind_may_start_processes() -> None:
    assert subprocess.run(["true"], check=False).returncode == 0
