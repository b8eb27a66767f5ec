"""What the machine refuses to tell of itself costs that alone."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from appliance.layout import Layout
from telemetry import sensors

FAULTS: tuple[Exception, ...] = (
    OSError(errno.EIO, "I/O error"), ValueError("not sure how to interpret line '  8 0 sda'"), KeyError("MemTotal:"), IndexError(),
    TypeError(), AttributeError(), NotImplementedError(), psutil.AccessDenied(1), psutil.NoSuchProcess(1), RuntimeError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
)  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=2, available=1))
    monkeypatch.setattr(psutil, "disk_usage", lambda path: SimpleNamespace(total=2, free=1))
    monkeypatch.setattr(psutil, "disk_io_counters", lambda: None)
    monkeypatch.setattr(psutil, "cpu_percent", lambda: 1.0)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.5, 0, 0))
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {"cpu_thermal": [SimpleNamespace(current=50)]})
    return Layout.under(tmp_path, tmp_path)


def _raising(fault: Exception) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise fault

    return refuse


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("name", ["virtual_memory", "disk_usage", "disk_io_counters", "cpu_percent", "getloadavg"])
def test_r7_whatever_psutil_raises_ends_no_measurement(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, name: str, fault: Exception
) -> None:
    assert sensors.system(layout) is not None
    monkeypatch.setattr(psutil, name, _raising(fault))
    assert sensors.system(layout) is None


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_r7_a_broken_thermometer_costs_the_temperature_alone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(psutil, "sensors_temperatures", _raising(fault))
    told = sensors.system(layout)
    assert told is not None and told.temperature is None and told.memory_total == 2
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {"cpu_thermal": [SimpleNamespace(current=None)]})
    told = sensors.system(layout)
    assert told is not None and told.temperature is None
