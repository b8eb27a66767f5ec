"""Progress is for people at a terminal: a program that reads the output finds none of it."""

from __future__ import annotations

import errno
import sys
from types import SimpleNamespace

import pytest

from appliance import progress


def test_a_terminal_sees_the_last_line_written_over_and_wiped_however_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(ValueError), progress.line() as say:
        say("x" * 200)
        raise ValueError
    assert capsys.readouterr().err == f"\r\033[K{'x' * 79}\r\033[K"
    progress.lines("probes")
    assert capsys.readouterr().err == "probes\n"


def test_elsewhere_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.line() as say:
        say("reading")
    progress.lines("probes")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("fault", [BrokenPipeError(), OSError(errno.EIO, "the terminal is gone"), OSError(errno.ENOSPC, "no room")])
def test_r7_a_terminal_that_is_gone_ends_nothing_that_is_worked_on(monkeypatch: pytest.MonkeyPatch, fault: OSError) -> None:
    refused, done = list[str](), list[str]()

    def refuse(words: str) -> int:
        refused.append(words)
        raise fault

    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True, write=refuse, flush=lambda: None))
    with progress.line() as say:
        say("starting")
        done.append("what is worked on")
    progress.lines("probes")
    assert refused and done
