"""A desk whose file is spoiled says so on its own pages; the rest of the hub is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from content_cache.publish import desk_file
from tests.content_cache.publish.test_desk_views import Hub, prepare

WHOLE = '{"id": "a", "kind": "notice", "content": %s, "by": "amal", "at": "2026-11-22T09:00:00Z", "state": "live"}'


@pytest.mark.parametrize(
    "content", ["", "[", "5", '{"items": [5]}', '{"items": [%s], "released": []}' % (WHOLE % "{}"), "[" * 99_999]
)
def test_r7_a_spoiled_desk_is_told_in_words_and_closes_nothing_else(tmp_path: Path, content: str) -> None:
    hub = Hub(prepare(tmp_path, empty=True))
    (desk_file.folder(hub.layout) / "desk.json").write_text(content)
    for path in ("/notices", "/catalogue-admin/services", "/catalogue-admin/organisations", "/catalogue-admin"):
        answer = hub.amal.get(path)
        assert answer.status_code == 503 and "restore it" in answer.text, path
    for path in ("/", "/incidents", "/login"):
        assert hub.amal.get(path).status_code == 200, path
