"""Retention: what goes at which second, in pieces of which size, and how often the service looks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest

from appliance.values import BoxId
from telemetry.dashboard import retention
from telemetry.dashboard.report_store import ReportStore, connect
from telemetry.dashboard.retention import (
    EVERY,
    GRACE,
    LIVE_KEPT,
    MOST_PIECES,
    PIECE,
    RESULT_KEPT,
    Retention,
    overdue,
    passing,
)
from telemetry.message import Live, Row, encode_values
from telemetry.metrics import BY_NAME, METRICS

BOX, BOOT, DAY, NOW = BoxId("camp-1"), b"b" * 16, 86_400, 1_000.0 * 86_400
LENGTHS = sorted({metric.retention for metric in METRICS})
SHORTEST, LONGEST = LENGTHS[0], LENGTHS[-1]
BRIEF = next(metric for metric in METRICS if metric.retention == SHORTEST and metric.kind != "text")
LASTING = next(metric for metric in METRICS if metric.retention == LONGEST and metric.kind != "text")
BODY = cbor2.dumps(encode_values({BRIEF.number: 1, LASTING.number: 1}))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = connect(tmp_path / "store.sqlite")
    yield made
    made.close()


def whole_pass(db: sqlite3.Connection, now: float) -> int:
    """How many rows one pass of the service touched."""
    return sum(passing(db, now))


def rows(db: sqlite3.Connection, *at: Any, stripped: int = 0, body: bytes = BODY) -> None:
    first = db.execute("SELECT count(*) FROM reports").fetchone()[0]
    told = [("camp-1", BOOT, first + n, one, body, stripped) for n, one in enumerate(at)]
    db.executemany("INSERT INTO reports VALUES (?, ?, ?, ?, 1, 1, 'none', ?, ?)", told)


def live(db: sqlite3.Connection, *at: Any) -> None:
    db.executemany("INSERT INTO live (box, at, body) VALUES ('camp-1', ?, x'a0')", [(one,) for one in at])


def count(db: sqlite3.Connection, table: str = "reports") -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def box(db: sqlite3.Connection, **columns: Any) -> None:
    ReportStore(db).take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {})), NOW, NOW)
    for name, value in columns.items():
        db.execute(f"UPDATE boxes SET {name} = ?", (value,))


def told(db: sqlite3.Connection, column: str) -> Any:
    return db.execute(f"SELECT {column} FROM boxes").fetchone()[0]


def test_the_lengths_that_the_papers_promise() -> None:
    assert (LIVE_KEPT, RESULT_KEPT, EVERY, GRACE) == (900, 90 * DAY, 60.0, 600.0)
    assert (PIECE, MOST_PIECES, retention.COUNTED) == (250, 40, 10_000), "some ten milliseconds, and two thirds of a second"


def test_a_live_point_goes_a_second_after_its_time_and_so_does_one_of_the_future(db: sqlite3.Connection) -> None:
    live(db, NOW - LIVE_KEPT - 1, NOW - LIVE_KEPT, NOW, NOW + LIVE_KEPT, NOW + LIVE_KEPT + 1)
    assert whole_pass(db, NOW) == 2
    assert [at for (at,) in db.execute("SELECT at FROM live ORDER BY at")] == [NOW - LIVE_KEPT, NOW, NOW + LIVE_KEPT]


def test_a_report_loses_at_each_length_what_is_kept_no_longer_and_is_touched_once_for_it(db: sqlite3.Connection) -> None:
    rows(db, NOW - SHORTEST * DAY - 1, NOW - SHORTEST * DAY)
    assert whole_pass(db, NOW) == 1 and whole_pass(db, NOW) == 0
    found = db.execute("SELECT stripped, body FROM reports ORDER BY at").fetchall()
    assert found == [(SHORTEST, cbor2.dumps(encode_values({LASTING.number: 1}))), (0, BODY)]
    rows(db, NOW - LONGEST * DAY - 1, stripped=SHORTEST)
    whole_pass(db, NOW)
    assert count(db) == 2, "with nothing left in it the row goes"


def test_a_piece_is_so_many_reports_of_a_length_the_oldest_first(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(db, *(NOW - SHORTEST * DAY - 10 - n for n in range(7)))
    old = [at for (at,) in db.execute("SELECT at FROM reports WHERE at < ? ORDER BY at", (NOW,))]
    monkeypatch.setattr(retention, "PIECE", 2)
    assert next(passing(db, NOW)) == 2
    kept = db.execute("SELECT at FROM reports WHERE stripped = 0 ORDER BY at").fetchall()
    assert [at for (at,) in kept] == old[2:]


def test_a_pass_ends_when_nothing_is_due(db: sqlite3.Connection) -> None:
    assert list(passing(db, NOW)) == [0]
    rows(db, *[NOW - LONGEST * DAY - 10] * (PIECE + 1))
    pieces = list(passing(db, NOW))
    assert pieces[-1] == 0 and all(pieces[:-1]) and len(pieces) > 2 and count(db) == 0 and not db.in_transaction


@pytest.mark.parametrize("body", [b"", b"\xff", cbor2.dumps([1]), cbor2.dumps(5), cbor2.dumps({999: 1})])
def test_what_nobody_can_read_goes_with_the_shortest_retention(db: sqlite3.Connection, body: bytes) -> None:
    rows(db, NOW - SHORTEST * DAY + 1, NOW - SHORTEST * DAY - 1, body=body)
    whole_pass(db, NOW)
    assert count(db) == 1


def test_overdue_counts_each_report_and_point_past_its_time_once(db: sqlite3.Connection) -> None:
    assert overdue(db, NOW) == 0
    rows(db, NOW - LONGEST * DAY - 1, NOW - SHORTEST * DAY - 1, NOW - SHORTEST * DAY)
    assert overdue(db, NOW) == 2
    rows(db, NOW - LONGEST * DAY - 1, NOW - LONGEST * DAY, stripped=SHORTEST)
    live(db, NOW - LIVE_KEPT - 1, NOW - LIVE_KEPT)
    rows(db, NOW - LONGEST * DAY - 1, stripped=LONGEST)
    assert overdue(db, NOW) == 4 + (len(LENGTHS) > 2), "a row between two lengths is due at the next one"
    whole_pass(db, NOW)
    assert overdue(db, NOW) == 0 and not db.execute("SELECT 1 FROM reports WHERE stripped >= ?", (LONGEST,)).fetchall()


def test_what_is_overdue_is_counted_up_to_a_bound_of_each_kind(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "COUNTED", 3)
    rows(db, *[NOW - LONGEST * DAY - 10] * 5)
    live(db, *[NOW - LIVE_KEPT - 10] * 5)
    assert overdue(db, NOW) == 6


def test_a_last_word_and_the_lines_of_a_self_test_and_a_wish_to_watch_end(db: sqlite3.Connection) -> None:
    latest = json.dumps({BRIEF.name: 1, LASTING.name: 1, "gone": 1})
    tested = json.dumps({"at": NOW, "checks": []})
    box(db, latest=latest, measured=NOW, selftest=tested)
    db.execute("INSERT INTO watched VALUES ('camp-1', ?)", (NOW,))
    whole_pass(db, NOW + DAY)
    assert count(db, "watched") == 1
    whole_pass(db, NOW + DAY + 1)
    assert count(db, "watched") == 0
    whole_pass(db, NOW + SHORTEST * DAY)
    assert json.loads(told(db, "latest")) == json.loads(latest)
    whole_pass(db, NOW + SHORTEST * DAY + 1)
    assert json.loads(told(db, "latest")) == {LASTING.name: 1}
    whole_pass(db, NOW + RESULT_KEPT)
    assert json.loads(told(db, "selftest")) == json.loads(tested)
    whole_pass(db, NOW + RESULT_KEPT + 1)
    assert told(db, "selftest") == "{}"
    whole_pass(db, NOW + LONGEST * DAY)
    assert json.loads(told(db, "latest")) == {LASTING.name: 1}
    whole_pass(db, NOW + LONGEST * DAY + 1)
    assert told(db, "latest") == "{}"


@pytest.mark.parametrize("spoilt", ["{", "[1]", '{"journal": 5}', '{"at": null}'])
def test_a_self_test_without_a_time_is_as_old_as_can_be(db: sqlite3.Connection, spoilt: str) -> None:
    box(db, selftest=spoilt)
    whole_pass(db, NOW)
    assert told(db, "selftest") == "{}"


NO_DATES = ["soon", "2026-11-30", "", b"", b"\xff" * 8, float("inf"), 1e300]
"""What stands for a date in a damaged store; SQLite sorts the texts and the blobs above every number."""


@pytest.mark.parametrize("at", NO_DATES, ids=repr)
@pytest.mark.parametrize("stripped", [0, SHORTEST])
def test_r7_a_report_without_a_date_is_overdue_and_goes(db: sqlite3.Connection, at: Any, stripped: int) -> None:
    rows(db, NOW, at, stripped=stripped)
    assert overdue(db, NOW) == 1
    assert whole_pass(db, NOW) == 1
    assert overdue(db, NOW) == 0 and [kept for (kept,) in db.execute("SELECT at FROM reports")] == [NOW]


def test_r7_reports_without_a_date_go_however_many_there_are(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that a piece leaves for the next are not taken for reports of a time to come meanwhile."""
    monkeypatch.setattr(retention, "PIECE", 2)
    rows(db, *["soon"] * 3, *[b"x"] * 3, float("inf"), NOW + 400 * DAY)
    whole_pass(db, NOW)
    assert db.execute("SELECT at FROM reports").fetchall() == [(NOW,)]


@pytest.mark.parametrize("at", NO_DATES, ids=repr)
def test_r7_a_live_point_without_a_date_is_overdue_and_goes(db: sqlite3.Connection, at: Any) -> None:
    live(db, NOW, at)
    assert overdue(db, NOW) == 1
    assert whole_pass(db, NOW) == 1
    assert overdue(db, NOW) == 0 and [kept for (kept,) in db.execute("SELECT at FROM live")] == [NOW]


@pytest.mark.parametrize("until", [*NO_DATES, NOW + 400 * DAY], ids=repr)
def test_r7_a_wish_to_watch_without_an_end_ends(db: sqlite3.Connection, until: Any) -> None:
    db.execute("INSERT INTO watched VALUES ('camp-1', ?)", (until,))
    db.execute("INSERT INTO watched VALUES ('camp-2', ?)", (NOW + 30,))
    whole_pass(db, NOW)
    assert ReportStore(db).watched(NOW) == ["camp-2"]


@pytest.mark.parametrize("measured", NO_DATES, ids=repr)
def test_r7_a_last_word_without_a_date_is_forgotten_and_the_next_one_heard(db: sqlite3.Connection, measured: Any) -> None:
    box(db, latest=json.dumps({LASTING.name: 1}), measured=measured)
    whole_pass(db, NOW)
    assert told(db, "latest") == "{}"
    ReportStore(db).take_live(Live(BOX, BOOT, Row(1, 1, 1, "synced", {LASTING.number: 1})), NOW, NOW)
    assert LASTING.name in json.loads(told(db, "latest"))


@pytest.mark.parametrize("at", ['"soon"', "[1]", "{}", "true", "1e300", "1e999"])
def test_r7_the_lines_of_a_self_test_without_a_date_go(db: sqlite3.Connection, at: str) -> None:
    box(db, selftest=f'{{"at": {at}, "checks": []}}')
    whole_pass(db, NOW)
    assert told(db, "selftest") == "{}"


@pytest.mark.parametrize("stripped", ["far", b"\xff", -1, -0.5, 0.5, LONGEST, LONGEST + 1, 1e300], ids=repr)
def test_r7_however_far_a_report_seems_to_be_stripped_it_goes_in_its_time(db: sqlite3.Connection, stripped: Any) -> None:
    rows(db, NOW - LONGEST * DAY - 1, NOW - SHORTEST * DAY - 1, NOW, stripped=stripped)
    whole_pass(db, NOW)
    found = db.execute("SELECT at, body FROM reports ORDER BY at").fetchall()
    assert found == [(NOW - SHORTEST * DAY - 1, cbor2.dumps(encode_values({LASTING.number: 1}))), (NOW, BODY)]
    assert overdue(db, NOW) == 0


@pytest.mark.parametrize("name", ["CAST(x'63ff' AS TEXT)", "x'63ff'", "5"])
@pytest.mark.parametrize("boot", ["CAST(x'62ff' AS TEXT)", "x'62'", "5"])
def test_r7_a_pass_ends_and_a_report_goes_whatever_its_key_is(db: sqlite3.Connection, name: str, boot: str) -> None:
    for sequence in ("1", "CAST(x'31ff' AS TEXT)"):
        db.execute(
            f"INSERT INTO reports VALUES ({name}, {boot}, {sequence}, ?, 1, 1, 'none', x'ff', 0)", (NOW - LONGEST * DAY - 1,)
        )
    found = passing(db, NOW)
    assert [next(found), next(found)] == [2, 0] and count(db) == 0


def test_r7_the_last_word_of_a_box_whose_name_is_no_text_goes(db: sqlite3.Connection) -> None:
    box(db, latest=json.dumps({LASTING.name: 1}), measured=NOW - LONGEST * DAY - 1)
    db.execute("UPDATE boxes SET box = CAST(x'63ff' AS TEXT)")
    whole_pass(db, NOW)
    assert told(db, "latest") == "{}"


def test_a_metric_goes_at_its_length_and_not_before() -> None:
    assert retention._outlives(LASTING, SHORTEST) and not retention._outlives(LASTING, LONGEST)
    assert (
        not retention._outlives(BRIEF, SHORTEST) and retention._outlives(BRIEF, SHORTEST - 1) and not retention._outlives(None, 0)
    )
    assert BY_NAME[BRIEF.name] is BRIEF


# --- by the service's rounds


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_the_first_turn_begins_a_pass_and_the_next_one_a_minute_later(db: sqlite3.Connection) -> None:
    keeper = Retention(db)
    assert not keeper.under_way and keeper.overdue == 0
    keeper.turn(NOW, 0.0, at_least=1, free=never)
    rows(db, NOW - LONGEST * DAY - 1)
    keeper.turn(NOW, EVERY - 0.1, at_least=1, free=always)
    assert count(db) == 1 and not keeper.under_way
    keeper.turn(NOW, EVERY, at_least=1, free=always)
    assert count(db) == 0 and not keeper.under_way


@pytest.mark.parametrize(("at_least", "gone"), [(0, 0), (1, 1), (3, 3), (9, 5)])
def test_a_turn_does_so_many_pieces_and_no_more_while_others_wait(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, at_least: int, gone: int
) -> None:
    monkeypatch.setattr(retention, "PIECE", 1)
    monkeypatch.setattr(retention, "MOST_PIECES", 5)
    rows(db, *[NOW - SHORTEST * DAY - 1] * 20, body=b"\xff")
    keeper = Retention(db)
    keeper.turn(NOW, 0.0, at_least=at_least, free=never)
    assert 20 - count(db) == gone and keeper.under_way, "however many are asked for, it ends after some"
    keeper.turn(NOW, 0.5, at_least=0, free=always)
    assert 20 - count(db) == gone + 5, "and goes on where it was, before the minute is over"


def test_what_does_not_keep_up_is_told_at_the_beginning_and_the_end(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PIECE", 1)
    rows(db, NOW - LONGEST * DAY - GRACE - 1, NOW - LONGEST * DAY - GRACE + 1, body=b"\xff")
    rows(db, NOW - SHORTEST * DAY - GRACE, body=b"\xff")
    keeper = Retention(db)
    keeper.turn(NOW, 0.0, at_least=1, free=never)
    assert keeper.overdue == 2 and keeper.under_way, "within the grace nothing is overdue at the shortest length"
    keeper.turn(NOW, 1.0, at_least=99, free=never)
    assert keeper.overdue == 0 and not keeper.under_way


def test_after_an_error_the_pass_begins_anew_at_once(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(db, NOW - LONGEST * DAY - 1, body=b"\xff")
    keeper = Retention(db)

    def refuse(*_: object) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(retention, "_strip_reports", refuse)
        with pytest.raises(sqlite3.OperationalError):
            keeper.turn(NOW, 5.0, at_least=9, free=always)
    assert not keeper.under_way and count(db) == 1
    keeper.turn(NOW, 5.0, at_least=9, free=always)
    assert count(db) == 0


# --- a clock that was ahead and has been set back


@pytest.mark.parametrize("ahead", [121.0, 10 * 365.0 * DAY])
def test_h4_what_was_dated_by_a_clock_since_set_back_goes_when_its_time_from_now_is_over(
    db: sqlite3.Connection, ahead: float
) -> None:
    rows(db, NOW + ahead)
    rows(db, NOW + ahead, stripped=SHORTEST)
    assert whole_pass(db, NOW) == 2 and count(db) == 2
    assert [at for (at,) in db.execute("SELECT at FROM reports")] == [NOW, NOW]
    whole_pass(db, NOW + LONGEST * DAY + 1)
    assert count(db) == 0


def test_h4_a_box_heard_by_a_clock_since_set_back_can_be_silent_and_can_be_known_anew(db: sqlite3.Connection) -> None:
    decade = NOW + 10 * 365 * DAY
    tested = json.dumps({"at": decade, "checks": []})
    box(db, first_seen=decade, last_seen=decade, measured=decade, latest='{"load": 9}', selftest=tested)
    ReportStore(db).refuse("camp-1", "over-budget", decade)
    whole_pass(db, NOW)
    assert (told(db, "first_seen"), told(db, "last_seen"), told(db, "measured")) == (NOW, NOW, NOW)
    assert json.loads(told(db, "selftest")) == {"at": NOW, "checks": []}
    assert db.execute("SELECT last FROM refusals").fetchone() == (NOW,)
    ReportStore(db).take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {})), NOW + 1, NOW + 1)
    assert told(db, "latest") == "{}" and told(db, "measured") == NOW + 1


def test_h4_a_date_within_what_a_boxs_clock_may_be_ahead_stays(db: sqlite3.Connection) -> None:
    tested = json.dumps({"at": NOW + 120, "checks": []})
    box(db, last_seen=NOW + 120, measured=NOW + 120, selftest=tested)
    rows(db, NOW + 120)
    assert whole_pass(db, NOW) == 0
    assert (told(db, "last_seen"), told(db, "measured"), told(db, "selftest")) == (NOW + 120, NOW + 120, tested)
    assert db.execute("SELECT at FROM reports").fetchone() == (NOW + 120,)


@pytest.mark.parametrize("spoilt", ["", "{", "[]", "5", '{"at": null}', '{"at": "9"}', '{"at": {}}', '{"at": true}'])
def test_h4_a_spoilt_self_test_keeps_nothing_from_being_dated_anew(db: sqlite3.Connection, spoilt: str) -> None:
    box(db, selftest=spoilt, last_seen=NOW + DAY)
    whole_pass(db, NOW)
    assert told(db, "last_seen") == NOW


def test_h4_a_wish_to_watch_of_a_clock_since_set_back_is_none_and_keeps_no_new_one_away(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    store.watch("camp-1", NOW + 7200)
    assert store.watched(NOW) == []
    store.watch("camp-1", NOW + 30)
    assert store.watched(NOW) == ["camp-1"] and store.watched(NOW + 30) == []


def test_h4_a_clock_that_is_behind_after_a_start_dates_nothing_anew(db: sqlite3.Connection) -> None:
    """A hub without a battery begins in 1970: what it then dated anew would all be past its time once the true one is known."""
    rows(db, NOW, NOW - DAY)
    tested = json.dumps({"at": NOW, "checks": []})
    box(db, selftest=tested, measured=NOW)
    keeper = Retention(db, sure=lambda: False)
    keeper.turn(5.0, 0.0, at_least=9, free=always)
    assert not keeper.under_way
    assert [at for (at,) in db.execute("SELECT at FROM reports ORDER BY at")] == [NOW - DAY, NOW]
    assert (told(db, "selftest"), told(db, "measured"), told(db, "last_seen")) == (tested, NOW, NOW)
    keeper = Retention(db)
    keeper.turn(NOW, 100.0, at_least=9, free=always)
    assert count(db) == 2
