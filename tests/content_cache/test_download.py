"""One file over lines that break, from carriers that lie or are gone: every good byte counts once, no bad one counts."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import NotSo, Refused, Unreachable
from content_cache import part_file
from content_cache.download import TRIES, Download
from content_cache.line import PeopleFirst
from content_cache.part_file import PartFile
from tests.content_cache.carried import Carried, address, signed

CONTENT = random.Random(5).randbytes(20_000)
FILE = signed(CONTENT)


def _hub(**faults: object) -> Carried:
    return Carried({address(FILE): CONTENT}, **faults)  # type: ignore[arg-type]


def _download(folder: Path) -> Download:
    return Download(folder, FILE, sleep=lambda seconds: None)


def test_a_file_arrives_whole(tmp_path: Path) -> None:
    assert _download(tmp_path).run([_hub()]) == CONTENT


def test_a_line_that_breaks_costs_no_byte_twice(tmp_path: Path) -> None:
    hub = _hub(cuts=[3_000, 1_500, 7_001, 1])
    assert _download(tmp_path).run([hub]) == CONTENT
    assert hub.sent == len(CONTENT)
    assert [asked for _, asked in hub.asked] == ["", "bytes=3000-", "bytes=4500-", "bytes=11501-", "bytes=11502-"]


def test_the_next_run_goes_on_at_the_byte(tmp_path: Path) -> None:
    hub = _hub(cuts=[5_000, 0, 0, 0])
    with pytest.raises(Unreachable):
        _download(tmp_path).run([hub])
    hub.cuts.clear()
    assert _download(tmp_path).run([hub]) == CONTENT and hub.sent == len(CONTENT) and hub.asked[-1][1] == "bytes=5000-"


def test_a_pulled_stick_is_gone_on_from_by_the_hub(tmp_path: Path) -> None:
    stick, hub = _hub(place="usb", metered=False, cuts=[9_000, 0, 0, 0]), _hub()
    download = _download(tmp_path)
    assert download.run([stick, hub]) == CONTENT and hub.sent == len(CONTENT) - 9_000 and download.place == "hub"


def test_a_server_without_ranges_is_endured(tmp_path: Path) -> None:
    hub = _hub(ranges=False, cuts=[3_000])
    assert _download(tmp_path).run([hub]) == CONTENT


def test_who_does_not_have_it_is_passed_over(tmp_path: Path) -> None:
    assert _download(tmp_path).run([Carried(place="usb"), _hub()]) == CONTENT
    with pytest.raises(Unreachable):
        _download(tmp_path / "other").run([Carried()])


def test_a_carrier_that_spoils_a_piece_is_left_for_one_that_does_not(tmp_path: Path) -> None:
    bad, good = _hub(place="neighbour", spoils="targets"), _hub()
    assert _download(tmp_path).run([bad, good]) == CONTENT
    assert good.sent == len(CONTENT) - 8_192  # the wrong byte is in the third piece; two were good


def test_what_only_liars_carry_is_refused(tmp_path: Path) -> None:
    hub = _hub(spoils="targets")
    with pytest.raises(Refused, match="length or hash"):
        _download(tmp_path).run([hub])
    assert len(hub.asked) == TRIES


def test_a_longer_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    hub = Carried({address(FILE): CONTENT + b"x" * 100})
    with pytest.raises(Refused, match="length or hash"):
        _download(tmp_path).run([hub])
    assert hub.sent == 0


def test_a_line_without_one_byte_is_given_up_for_this_time(tmp_path: Path) -> None:
    hub, waits = _hub(down=True), list[float]()
    with pytest.raises(Unreachable):
        Download(tmp_path, FILE, sleep=waits.append).run([hub])
    assert len(hub.asked) == TRIES and waits == [1.0, 2.0]


def test_when_people_need_the_link_what_came_stays(tmp_path: Path) -> None:
    download = _download(tmp_path)

    def brake(octets: int) -> None:
        if download.part.length >= 6_000:
            raise PeopleFirst("people need the link")

    download.brake = brake
    with pytest.raises(PeopleFirst):
        download.run([_hub()])
    assert PartFile(tmp_path, FILE).look().length == 6_000


def test_the_brake_is_not_told_of_what_costs_nobody_anything(tmp_path: Path) -> None:
    told = list[int]()
    Download(tmp_path, FILE, brake=told.append).run([_hub(place="usb", metered=False)])
    assert not told


def test_a_part_that_was_spoilt_on_the_disk_is_found_and_cut_off(tmp_path: Path) -> None:
    spoilt = bytearray(CONTENT[:15_000])
    spoilt[5_000] ^= 1
    PartFile(tmp_path, FILE).path.write_bytes(spoilt)
    hub = _hub()
    assert _download(tmp_path).run([hub]) == CONTENT and hub.asked[0][1] == "bytes=4096-"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 9_000), max_size=8), st.booleans(), st.integers(1, 5_000), st.integers(0, 2**32))
def test_however_it_breaks_it_ends_whole(tmp_path: Path, cuts: list[int], ranges: bool, piece: int, seed: int) -> None:
    folder = tmp_path / f"{seed}-{len(cuts)}-{piece}-{ranges}-{hash(tuple(cuts))}"
    hub = _hub(cuts=list(cuts), ranges=ranges, piece=piece)
    for _ in range(len(cuts) + 1):
        try:
            assert _download(folder).run([hub]) == CONTENT
            return
        except Unreachable:
            assert CONTENT.startswith(PartFile(folder, FILE).path.read_bytes())
    pytest.fail("it never arrived")


def test_room_is_taken_before_a_byte_comes_and_given_back(tmp_path: Path) -> None:
    part = PartFile(tmp_path, FILE)
    part.look()
    part.set_apart(len(CONTENT) + 300_000)
    assert (tmp_path / "room").stat().st_blocks * 512 >= 300_000 and part.path.stat().st_size == 0
    part.give_room()
    assert not (tmp_path / "room").exists()


def test_without_room_nothing_is_fetched(tmp_path: Path) -> None:
    part = PartFile(tmp_path, FILE)
    part.look()
    with pytest.raises(Refused, match="MB free"):
        part.set_apart(10**15)


@pytest.mark.parametrize(("code", "raises"), [(errno.ENOSPC, True), (errno.EOPNOTSUPP, False)])
def test_a_disk_that_fills_meanwhile_is_told_and_a_file_system_that_cannot_reserve_is_endured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, raises: bool
) -> None:
    class Libc:
        @staticmethod
        def fallocate64(*arguments: object) -> int:
            return -1

    monkeypatch.setattr(part_file, "_libc", Libc)
    monkeypatch.setattr(part_file.ctypes, "get_errno", lambda: code)
    part = PartFile(tmp_path, FILE)
    part.look()
    if raises:
        with pytest.raises(NotSo, match=os.strerror(code)):
            part.set_apart(30_000)
    else:
        part.set_apart(30_000)


def test_parts_of_what_nobody_wants_any_more_are_removed(tmp_path: Path) -> None:
    for name in (f"{FILE.sha256}.part", f"{FILE.sha256}.json", "0" * 64 + ".part", "room"):
        (tmp_path / name).write_bytes(b"")
    part_file.forget_others(tmp_path, {FILE.sha256})
    assert {path.name for path in tmp_path.iterdir()} == {f"{FILE.sha256}.part", f"{FILE.sha256}.json"}
