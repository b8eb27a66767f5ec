"""What nobody found is counted; a disk that refuses the counts costs nobody an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.errors import NotSo
from content_cache import unanswered
from content_cache.unanswered import EVERY, Unanswered
from tests.content_cache import site
from tests.content_cache.data import many


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(unanswered, "time", made)
    return made


def test_counts_are_told_a_minute_after_the_last_time_and_not_before(tmp_path: Path, clock: Clock) -> None:
    layout = site.place(tmp_path)
    counts = Unanswered(layout)
    counts.add(("health", "food"))
    clock.now += EVERY - 0.5
    counts.add(())
    assert facts.read(layout, "catalogue") == {}
    clock.now += 0.5
    counts.add(("health",))
    assert facts.read(layout, "catalogue") == {"unanswered": {"health": 2, "other": 1}}


def test_r7_what_cannot_be_told_for_want_of_room_is_told_later(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = site.place(tmp_path)
    counts = Unanswered(layout)

    def full(*_what: Any) -> None:
        raise NotSo("cannot write: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(facts, "publish", full)
        clock.now += EVERY
        counts.add(("health",))
    clock.now += EVERY
    counts.add(("food",))
    assert facts.read(layout, "catalogue") == {"unanswered": {"food": 1, "health": 1}}


def test_r7_a_search_without_an_answer_is_a_page_also_when_ram_is_full(tmp_path: Path, clock: Clock) -> None:
    browser = site.client(tmp_path, many(1))
    folder = site.Layout.under(tmp_path, site.PROJECT).facts_dir
    folder.rmdir()
    folder.write_text("a file where the folder should be refuses as a full disk does")
    clock.now += EVERY
    answer = browser.get("/en/services/search?q=zzqqzzqq")
    assert answer.status_code == 200 and "zzqqzzqq" in answer.get_data(as_text=True)
