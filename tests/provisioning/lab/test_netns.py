"""A demo that is ended while it makes a namespace knows of it, and takes it away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.lab import netns


class Quit(BaseException):
    pass


def _quit(_number: int, _frame: object) -> None:
    raise Quit


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def ending(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that ends, as in the demo, with an exception wherever the process is."""
    before = signal.signal(request.param, _quit)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_ends_us_only_once_the_namespace_is_made(
    ending: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[str]()

    def ip(argv: list[str], **_options: object) -> None:
        os.kill(os.getpid(), ending)
        made.append(argv[-1])

    monkeypatch.setattr(netns, "MAKERS", tmp_path / "makers")
    monkeypatch.setattr(netns, "run", ip)
    with pytest.raises(Quit):
        netns.Namespace.create("campbox-x")
    assert made == ["campbox-x"] and (tmp_path / "makers/campbox-x").exists(), "whoever clears up knows of it"
    assert signal.getsignal(ending) is _quit


def test_of_a_namespace_that_is_gone_there_are_no_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netns, "NAMED", tmp_path)
    assert netns.Namespace("campbox-x").pids() == []
    (tmp_path / "campbox-x").symlink_to(f"/proc/{os.getpid()}/ns/net")
    assert os.getpid() in netns.Namespace("campbox-x").pids()
