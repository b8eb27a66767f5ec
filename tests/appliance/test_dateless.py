"""A date of a day's beginning, and no error for what is not there."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.dateless import blur


def test_a_file_and_its_folder_bear_the_day_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "file"
    path.write_text("")
    before = path.stat().st_mtime
    blur(path)
    for one in (path, path.parent):
        assert one.stat().st_mtime_ns % (86_400 * 10**9) == 0 and one.stat().st_atime_ns % (86_400 * 10**9) == 0
        assert 0 <= before - one.stat().st_mtime < 2 * 86_400


def test_what_is_gone_has_no_date_and_a_link_is_not_followed(tmp_path: Path) -> None:
    blur(tmp_path / "missing" / "file")
    target = tmp_path / "target"
    target.write_text("")
    os.utime(target, (5.0, 5.0))
    (tmp_path / "link").symlink_to(target)
    blur(tmp_path / "link")
    assert target.stat().st_mtime == 5.0
