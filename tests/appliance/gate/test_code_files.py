"""Codes on a disk: what is written is read, what is spoilt harms nothing else, what is removed is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import NotSo
from appliance.gate.code_desk import Files
from appliance.gate.code_files import CodeFiles
from tests.fakes.codes import FakeCodeFiles


@pytest.fixture(params=["disk", "fake"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return CodeFiles(tmp_path / "codes") if request.param == "disk" else FakeCodeFiles()


def test_what_is_written_is_read_and_what_is_removed_is_gone(files: Files) -> None:
    assert files.read() == {}
    files.write("0001", {"a": 1})
    files.write("0002", {"a": 2})
    files.write("0001", {"a": 3})
    assert files.read() == {"0001": {"a": 3}, "0002": {"a": 2}}
    files.remove("0001")
    files.remove("0001")
    assert files.read() == {"0002": {"a": 2}}


def test_a_spoilt_file_takes_no_other_with_it_and_nobody_else_may_read_them(tmp_path: Path) -> None:
    files = CodeFiles(tmp_path / "codes")
    files.write("0001", {"a": 1})
    (tmp_path / "codes" / "0002.json").write_bytes(b"{\xff")
    assert files.read() == {"0001": {"a": 1}}
    assert (tmp_path / "codes").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "codes" / "0001.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotSo):
        CodeFiles(tmp_path / "file" / "codes").write("0001", {})
