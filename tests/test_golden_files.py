"""Golden files: one that differs fails, one that is written fails too, and none is written in CI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.errors import BadInput
from provisioning.modes import GOLDEN
from tests.golden_files import all_same, same

Compare = Callable[[Path, str], None]


def _in_a_folder(path: Path, text: str) -> None:
    all_same(path.parent, {path.name: text})


def _as_bytes(path: Path, text: str) -> None:
    same(path, text.encode())


EACH = pytest.mark.parametrize("compare", [same, _as_bytes, _in_a_folder])


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One golden file, nobody asking for it to be written, and no CI."""
    monkeypatch.delenv(GOLDEN, raising=False)
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "golden.txt").write_bytes(b"as it was\r\n")
    return tmp_path / "golden.txt"


@EACH
def test_t5_what_differs_fails_and_nothing_is_written(compare: Compare, golden: Path) -> None:
    compare(golden, "as it was\r\n")
    for other in ("as it was\n", "as it was", "", "as it is\r\n"):
        with pytest.raises(AssertionError):
            compare(golden, other)
    assert golden.read_bytes() == b"as it was\r\n"


@EACH
@pytest.mark.parametrize("text", ["as it is\r\n", "as it was\r\n"])
def test_t5_a_run_that_writes_never_passes(compare: Compare, text: str, golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GOLDEN, "write")
    with pytest.raises(pytest.fail.Exception, match="written, not compared"):
        compare(golden, text)
    assert golden.read_bytes() == text.encode()
    monkeypatch.delenv(GOLDEN)
    compare(golden, text)


@EACH
@pytest.mark.parametrize("there", [True, False])
def test_t5_nothing_is_written_in_ci(compare: Compare, there: bool, golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv(GOLDEN, "write")
    if not there:
        golden.unlink()
    with pytest.raises(BadInput, match="refused where CI is set"):
        compare(golden, "as it is\r\n")
    assert golden.exists() is there and (not there or golden.read_bytes() == b"as it was\r\n")


@EACH
def test_a_golden_file_that_is_not_there_fails(compare: Compare, golden: Path) -> None:
    golden.unlink()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        compare(golden, "as it was\r\n")
    assert not golden.exists()


def test_a_file_too_many_in_a_golden_folder_fails_and_goes_when_it_is_written(
    golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden.with_name("other.txt").write_text("left over")
    with pytest.raises(AssertionError):
        all_same(golden.parent, {golden.name: "as it was\r\n"})
    monkeypatch.setenv(GOLDEN, "write")
    with pytest.raises(pytest.fail.Exception):
        all_same(golden.parent, {golden.name: "as it was\r\n"})
    assert [path.name for path in golden.parent.iterdir()] == [golden.name]
