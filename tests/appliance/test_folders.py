"""The folders of a place, on a disk that refuses, and with something else in a folder's place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance import folders
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.services import services

TABLE = services("box", hub=True)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(os, "chown", lambda *_: None)
    return Layout.under(tmp_path, tmp_path)


def test_every_service_finds_its_folders(layout: Layout) -> None:
    folders.prepare(layout, TABLE)
    for service in TABLE:
        assert layout.service_run(service.name).stat().st_mode & 0o777 == 0o755
        assert all(layout.service_data(name).stat().st_mode & 0o777 == 0o750 for name in service.owns)
    assert layout.facts_dir.stat().st_mode & 0o7777 == 0o1777 and layout.conf.is_dir() and layout.log.is_dir()
    folders.prepare(layout, TABLE)


@pytest.mark.parametrize("what", ["a file", "a loop", "a broken link"])
@pytest.mark.parametrize("which", ["telemetry", "gate", "log"])
def test_r11_whatever_stands_in_a_kept_folders_place_costs_that_one(
    layout: Layout, caplog: pytest.LogCaptureFixture, which: str, what: str
) -> None:
    layout.data.mkdir()
    path = layout.data / which
    if what == "a file":
        path.write_text("")
    else:
        path.symlink_to(path if what == "a loop" else layout.data / "nowhere" / "at all")
    folders.prepare(layout, TABLE)
    assert f"/{which}" in caplog.text and caplog.text.count("cannot make") == 1
    assert layout.service_data("content").is_dir() and all(layout.service_run(service.name).is_dir() for service in TABLE)


def test_r11_without_a_disk_at_all_services_still_begin(layout: Layout) -> None:
    layout.data.write_text("what an fsck left")
    folders.prepare(layout, TABLE)
    assert all(layout.service_run(service.name).is_dir() for service in TABLE)


@pytest.mark.parametrize("place", ["run", "facts_dir", "conf"])
def test_r11_without_ram_there_is_no_place_and_that_is_one_line(layout: Layout, place: str) -> None:
    path: Path = getattr(layout, place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    with pytest.raises(NotSo, match="cannot make"):
        folders.prepare(layout, TABLE)
