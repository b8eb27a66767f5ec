"""Codes on a disk: what is written is read, what is spoilt harms nothing else, what is removed is gone."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from appliance.errors import NotSo
from appliance.gate import codes
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


DAY = 86_400
CODE = codes.Code("0042", b"s" * 16, b"d" * 32, until=5_000.0, mark=7, down=3, up=4, last_day=20_000)
WHOLE = codes.as_json(CODE, "boot", 1_000)


def dates(folder: Path) -> set[float]:
    return {one.stat().st_mtime % DAY for one in (folder, *folder.iterdir())}


def test_claim_a_code_on_disk_tells_no_hour_neither_inside_nor_by_its_date(tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    files = CodeFiles(folder, tmp_path / "ram")
    files.write("0042", WHOLE)
    files.write("0043", WHOLE)
    on_disk = json.loads((folder / "0042.json").read_bytes())
    assert set(on_disk) == {"secret", "left", "down", "up", "last_day", "spent", "spent_day"} and on_disk["left"] == 4_000
    assert dates(folder) == {0.0}
    files.remove("0043")
    assert dates(folder) == {0.0}, "nor when one was forgotten"


def test_claim_what_a_power_cut_left_dated_is_blurred_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    files = CodeFiles(folder)
    files.write("0042", WHOLE)
    os.utime(folder / "0042.json", (1_800_000_123.0, 1_800_000_123.0))
    files.read()
    assert dates(folder) == {0.0}


def test_within_a_boot_both_parts_make_the_code_and_after_it_the_disk_alone_does(tmp_path: Path) -> None:
    CodeFiles(tmp_path / "codes", tmp_path / "ram").write("0042", WHOLE)
    within = CodeFiles(tmp_path / "codes", tmp_path / "ram").read()["0042"]
    assert codes.from_json("0042", within, "boot", 2_000) == CODE
    after = CodeFiles(tmp_path / "codes", tmp_path / "other ram").read()["0042"]
    rebooted = codes.from_json("0042", after, "boot", 70)
    assert (rebooted.until, rebooted.mark, rebooted.down, rebooted.digest) == (4_070, None, 3, CODE.digest)


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"boot": "boot"}', '{"boot": "boot", "mark": 7, "at": 1, "until": 2, "more": 3}'])
def test_ram_that_is_torn_is_as_none(tmp_path: Path, torn: str) -> None:
    files = CodeFiles(tmp_path / "codes", tmp_path / "ram")
    files.write("0042", WHOLE)
    (tmp_path / "ram" / "0042.json").write_text(torn)
    assert codes.from_json("0042", files.read()["0042"], "boot", 70).mark is None


def test_ram_that_takes_nothing_keeps_no_code_off_the_disk_and_nothing_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = CodeFiles(tmp_path / "codes", tmp_path / "ram")
    files.write("0042", WHOLE)
    real = os.replace

    def full(source: Path, target: Path) -> None:
        if target.parent.name == "ram":
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    files.write("0042", WHOLE | {"down": 99, "mark": 8})
    assert list((tmp_path / "ram").iterdir()) == []
    assert files.read()["0042"]["down"] == 99 and "mark" not in files.read()["0042"]


def test_a_file_of_an_older_version_is_written_anew_without_its_hour(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "0042.json").write_text(json.dumps(WHOLE))
    files = CodeFiles(tmp_path / "codes", tmp_path / "ram")
    assert codes.from_json("0042", files.read()["0042"], "boot", 2_000) == CODE
    assert "at" not in json.loads((tmp_path / "codes" / "0042.json").read_bytes())
    assert codes.from_json("0042", files.read()["0042"], "boot", 2_000) == CODE


def test_forgetting_a_code_takes_its_part_in_ram_too(tmp_path: Path) -> None:
    files = CodeFiles(tmp_path / "codes", tmp_path / "ram")
    files.write("0042", WHOLE)
    files.remove("0042")
    assert list((tmp_path / "codes").iterdir()) == list((tmp_path / "ram").iterdir()) == []


def killed_while_writing(folder: Path, files: CodeFiles, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A code written whole, then once more up to the moment of its rename."""

    class _Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise _Killed

    files.write("0042", WHOLE)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", kill)
        patched.setattr(Path, "unlink", lambda path, missing_ok=False: None)  # who was killed tidies nothing up
        with pytest.raises(_Killed):
            files.write("0042", WHOLE)
    return [path for path in folder.rglob("*.new")]


@pytest.mark.parametrize("passing", [True, False])
def test_r11_what_was_half_written_of_a_code_goes_with_forget_me_and_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, passing: bool
) -> None:
    files = CodeFiles(tmp_path / "codes", tmp_path / "ram" if passing else None)
    assert killed_while_writing(tmp_path, files, monkeypatch)
    files.remove("0042")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    begun = killed_while_writing(tmp_path, files, monkeypatch)
    assert begun and set(CodeFiles(tmp_path / "codes", tmp_path / "ram" if passing else None).read()) == {"0042"}
    assert not any(path.exists() for path in begun)


@pytest.mark.parametrize("name", [".0042.json.4711.new", ".0042.json.new"])
def test_r11_whoever_wrote_it_and_whenever(tmp_path: Path, name: str) -> None:
    files = CodeFiles(tmp_path / "codes")
    files.write("0042", WHOLE)
    for remove in (lambda: files.remove("0042"), files.read):
        (tmp_path / "codes" / name).write_text("a slow hash")
        remove()
        assert not (tmp_path / "codes" / name).exists()


@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_r7_a_folder_that_does_not_say_what_is_in_it_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    files = CodeFiles(tmp_path / "codes")
    files.write("0001", {"a": 1})

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(NotSo, match=os.strerror(code)):
            files.read()
    assert files.read() == {"0001": {"a": 1}}


def test_r11_a_file_or_a_loop_in_the_folders_place_has_no_codes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("file", "loop"):
        assert CodeFiles(tmp_path / name).read() == {}
        with pytest.raises(NotSo):
            CodeFiles(tmp_path / name).write("0001", {"a": 1})
