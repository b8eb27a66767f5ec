"""A stick is read as a web server would answer, and never anything outside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import Unreachable
from content_cache.folder_carrier import Folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    (folder / "metadata").mkdir(parents=True)
    (folder / "metadata" / "timestamp.json").write_bytes(b"0123456789" * 5_000)
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


def get(stick: Path, path: str, **headers: str) -> tuple[int, bytes]:
    with Folder(stick).get(path, headers) as answer:
        return answer.status, b"".join(answer.body)


def test_a_file_is_answered_whole_or_from_a_byte_on(stick: Path) -> None:
    whole = b"0123456789" * 5_000
    assert get(stick, "metadata/timestamp.json") == (200, whole)
    assert get(stick, "metadata/timestamp.json", Range="bytes=49991-") == (206, b"123456789")
    assert get(stick, "metadata/timestamp.json", Range="bytes=50000-")[0] == 416
    with Folder(stick).get("metadata/timestamp.json", {"range": "bytes=40000-"}) as answer:
        assert answer.headers["content-range"] == "bytes 40000-49999/50000" and answer.headers["content-length"] == "10000"


def test_what_is_not_there_is_said_like_a_web_server_does(stick: Path) -> None:
    assert get(stick, "metadata/other.json") == (404, b"") == get(stick, "metadata") == get(stick, "")


@pytest.mark.parametrize(
    "path",
    ["../secret", "metadata/../../secret", "/etc/passwd", "a" * 300, "metadata/timestamp.json/x", "\0", ".", "..", "metadata/.."],
)
def test_no_path_leads_out_of_the_stick(stick: Path, path: str) -> None:
    assert get(stick, path) == (404, b"")


def test_links_and_devices_are_not_read(stick: Path) -> None:
    (stick / "link").symlink_to(stick.parent / "secret")
    (stick / "within").symlink_to("metadata/timestamp.json")
    (stick / "folder").symlink_to(stick / "metadata")
    (stick / "root").symlink_to("/")
    os.mkfifo(stick / "pipe")
    for path in ("link", "within", "folder/timestamp.json", "root/etc/passwd", "pipe"):
        assert get(stick, path) == (404, b""), path


def test_a_file_that_grows_while_it_is_read_is_read_no_further(stick: Path) -> None:
    path = stick / "metadata" / "timestamp.json"
    with Folder(stick).get("metadata/timestamp.json", {}) as answer:
        path.write_bytes(b"x" * 500_000)
        assert len(b"".join(answer.body)) == 50_000


def test_a_file_that_ends_too_soon_and_a_stick_that_is_gone_are_told_apart_from_a_missing_file(stick: Path) -> None:
    with Folder(stick).get("metadata/timestamp.json", {}) as answer, pytest.raises(Unreachable, match="cut off"):
        (stick / "metadata" / "timestamp.json").write_bytes(b"short")
        b"".join(answer.body)
    shutil.rmtree(stick)
    with pytest.raises(Unreachable, match="stick cannot be read"):
        get(stick, "metadata/timestamp.json")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("./\0a\\ ~:\u202e\uff0e\u2024é", max_size=40) | st.text(max_size=400))
def test_any_path_is_answered_and_nothing_but_the_stick_is_read(stick: Path, path: str) -> None:
    assert get(stick, path) == (404, b"")
