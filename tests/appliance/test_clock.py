"""How far the clock is trusted, also in a cell that may not ask the kernel."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance import clock


def kernel_says(monkeypatch: pytest.MonkeyPatch, state: int) -> None:
    monkeypatch.setattr(clock, "_libc", SimpleNamespace(adjtimex=lambda _: state))


@pytest.mark.parametrize(("state", "trust"), [(0, "synced"), (4, "synced"), (5, "floor")])
def test_the_kernel_is_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: int, trust: str) -> None:
    kernel_says(monkeypatch, state)
    monkeypatch.setattr(clock, "SAID_BY_SYSTEMD", tmp_path / "synchronized")
    assert clock.now(floor=0).trust == trust


def test_a_unit_that_may_not_ask_the_kernel_believes_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ProtectClock= refuses adjtimex(2) even to those who only ask."""
    kernel_says(monkeypatch, -1)
    monkeypatch.setattr(clock, "SAID_BY_SYSTEMD", tmp_path / "synchronized")
    assert clock.now(floor=0).trust == "floor"
    (tmp_path / "synchronized").touch()
    assert clock.now(floor=0).trust == "synced"


def test_a_time_before_the_floor_is_not_trusted_whoever_confirms_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_says(monkeypatch, 0)
    assert clock.now(floor=1e12).trust == "none" and clock.now(floor=1e12).wall == 1e12
