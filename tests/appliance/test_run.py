"""W The only door to subprocess: real programs, failures in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance import run as door
from appliance.errors import CommandFailed, MissingComponent

pytestmark = pytest.mark.lint  # starts processes, needs no root


def test_what_a_program_prints_comes_back() -> None:
    assert door.run(["sh", "-c", "cat; echo out"], input="in ").stdout == "in out\n"


def test_a_program_that_is_not_there_is_named_with_a_mend() -> None:
    with pytest.raises(MissingComponent, match="no-such-program.*; run ./campbox again as root") as caught:
        door.run(["no-such-program"])
    assert caught.value.exit_code == 3


def test_a_failure_is_its_last_line() -> None:
    with pytest.raises(CommandFailed, match="the reason") as caught:
        door.run(["sh", "-c", "echo much >&2; echo the reason >&2; exit 4"])
    assert caught.value.what == "the reason"
    assert door.run(["sh", "-c", "exit 4"], check=False).returncode == 4


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(CommandFailed, match="longer than 0.2 s"):
        door.run(["sleep", "30"], timeout=0.2)


def test_what_is_no_text_does_not_break_it() -> None:
    assert door.run(["printf", r"\377\376x"]).stdout.endswith("x")


def test_no_shell_string_passes() -> None:
    with pytest.raises(ValueError, match="shell"):
        door.spawn(["true"], shell=True)  # noqa: S604
    assert door.run(["echo", "$HOME; ls"]).stdout == "$HOME; ls\n"


def test_an_unpacked_program_is_found_after_the_systems_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("usr/sbin", "sbin"):
        (tmp_path / place).mkdir(parents=True)
    for name in ("usr/sbin/only-unpacked", "sbin/also-unpacked", "usr/sbin/sh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(door, "PARTS", tmp_path)
    assert door.find_program("only-unpacked") == str(tmp_path / "usr/sbin/only-unpacked")
    assert door.find_program("also-unpacked") == str(tmp_path / "sbin/also-unpacked")
    assert not door.find_program("sh").startswith(str(tmp_path))


def test_a_log_is_appended_to_and_others_cannot_read_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for words in (b"one ", b"two"):
        with door.open_log(path) as log:
            log.write(words)
    assert path.read_bytes() == b"one two"
    assert path.stat().st_mode & 0o007 == 0
    with door.open_log(path) as log:
        assert not os.get_inheritable(log.fileno())
