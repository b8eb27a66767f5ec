"""The hub's store: once, dated as well as can be, gone when its time is over."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.layout import Layout
from appliance.values import BoxId
from telemetry.dashboard import report_store, retention
from telemetry.dashboard.dating import date
from telemetry.dashboard.present import ago, instant
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, as_object, connect, store_file
from telemetry.dashboard.retention import LIVE_KEPT, passing
from telemetry.message import Batch, Birth, Death, Live, Row
from telemetry.metrics import BY_NAME, METRICS, Fewer
from telemetry.result import Line, Result
from telemetry.strict import SECONDS_LIMIT

BOX, BOOT, JOURNAL, SESSION = BoxId("camp-1"), b"b" * 16, b"j" * 8, b"s" * 8
LOAD, PEOPLE, SOFTWARE, TRUST = (BY_NAME[name].number for name in ("load", "people_online", "software", "clock_trust"))
DAY = 86_400


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = connect(tmp_path / "store.sqlite")
    yield made
    made.close()


def keep(store: ReportStore, at: float, **values: object) -> None:
    row = Row(int(at), 100, int(at), "synced", {BY_NAME[name].number: value for name, value in values.items()})  # type: ignore[misc]
    store.take_batch(Batch(BOX, BOOT, JOURNAL, (row,)), [at], at)


def test_a_transaction_that_fails_leaves_nothing(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    with pytest.raises(RuntimeError), store.transaction():
        keep(store, 1000, load=1)
        raise RuntimeError
    assert ReportReader(db).boxes() == []
    with store.transaction():
        keep(store, 1000, load=1)
    assert len(ReportReader(db).keys("camp-1")) == 1


def test_a_late_row_does_not_replace_what_is_newer(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    keep(store, 2000, load=250)
    keep(store, 1000, load=100)
    box = ReportReader(db).box("camp-1")
    assert box is not None and box["latest"] == {"load": 2.5} and box["measured"] == 2000
    assert [at for at, _ in ReportReader(db).series("camp-1", 0)] == [1000, 2000]


def test_a_small_count_is_shown_as_fewer(db: sqlite3.Connection) -> None:
    keep(ReportStore(db), 1000, people_online=Fewer(10))
    assert ReportReader(db).boxes()[0]["latest"] == {"people_online": Fewer(10)}


def test_a_refusal_of_a_value_is_counted_once_though_the_row_comes_twice(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    batch = Batch(BOX, BOOT, JOURNAL, (Row(1, 1, 1, "none", {9999: 1}),))
    assert [store.take_batch(batch, [1.0], 1.0) for _ in range(2)] == [1, 0]
    assert [(r["reason"], r["count"]) for r in ReportReader(db).refusals()] == [("unknown-metric", 1)]


@pytest.mark.parametrize("order", [("birth", "death"), ("death", "birth")])
def test_after_ingest_starts_anew_a_dead_box_is_dead_in_whatever_order_the_broker_tells(
    db: sqlite3.Connection, order: tuple[str, str]
) -> None:
    store = ReportStore(db)
    store.forget_who_is_online()
    for kind in order:
        if kind == "birth":
            store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1"), 100.0, retained=True)
        else:
            store.take_death(Death(BOX, SESSION), 100.0)
    assert not ReportReader(db).boxes()[0]["online"]


def test_the_death_of_an_older_connection_does_not_end_the_new_one(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1"), 100.0, retained=False)
    store.take_death(Death(BOX, b"another!"), 101.0)
    assert ReportReader(db).boxes()[0]["online"]
    store.take_death(Death(BOX, SESSION), 102.0)
    assert not ReportReader(db).boxes()[0]["online"]
    store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1"), 103.0, retained=False)
    assert ReportReader(db).boxes()[0]["online"]


def test_live_points_are_told_once_each(db: sqlite3.Connection) -> None:
    store, reader = ReportStore(db), ReportReader(db)
    for n in range(3):
        store.take_live(Live(BOX, BOOT, Row(0, n, n, "synced", {LOAD: n * 100})), 50.0 + n, 50.0 + n)
    last, points = reader.live_points("camp-1", 0, 51.0)
    assert [at for at, _ in points] == [51.0, 52.0]
    assert reader.live_points("camp-1", last, 0)[1] == []
    assert reader.keys("camp-1") == []


def test_each_metric_is_gone_when_its_retention_is_over(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    store, now = ReportStore(db), 1000.0 * DAY
    ages = sorted({metric.retention for metric in METRICS})
    everything = {m.name: ("text" if m.kind == "text" else min(50, int(m.bounds[1]))) for m in METRICS}
    for days in ages:
        keep(store, now - days * DAY - 60, **everything)
        keep(store, now - days * DAY + 60, **everything)
    store.take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {LOAD: 1})), now - LIVE_KEPT - 1, now)
    monkeypatch.setattr(retention, "PIECE", 2)
    list(passing(db, now))
    for at, values in ReportReader(db).series("camp-1", 0):
        age = (now - at) / DAY
        assert set(values) == {metric.name for metric in METRICS if metric.retention > age}, age
    assert len(ReportReader(db).keys("camp-1")) == 2 * len(ages) - 1
    assert ReportReader(db).live_points("camp-1", 0, 0)[1] == []


def test_a_silent_boxs_last_word_is_forgotten_in_time_too(db: sqlite3.Connection) -> None:
    keep(ReportStore(db), 1000.0, software="0.1", clock_trust="synced", load=1)
    list(passing(db, 1000.0 + 31 * DAY))
    assert set(ReportReader(db).boxes()[0]["latest"]) == {"software", "load"}
    list(passing(db, 1000.0 + 401 * DAY))
    assert ReportReader(db).boxes()[0]["latest"] == {}


def test_opening_twice_at_once_makes_one_store(tmp_path: Path) -> None:
    one, two = connect(tmp_path / "store.sqlite"), connect(tmp_path / "store.sqlite")
    keep(ReportStore(one), 1000.0, load=1)
    assert ReportReader(two).counts(0, 0) == {"boxes": 1, "silent": 0, "refused": 0}
    assert (tmp_path / "store.sqlite").stat().st_mode & 0o077 == 0


def test_counts_by_the_database_are_the_incidents_of_the_pages(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    keep(store, 1000.0, catalogue_state="refused")
    assert ReportReader(db).counts(999.0, 999.0) == {"boxes": 1, "silent": 0, "refused": 1}
    assert ReportReader(db).counts(1001.0, 0.0)["silent"] == 1


def row(uptime: int, wall: int, trust: str) -> Row:
    return Row(1, uptime, wall, trust, {})  # type: ignore[arg-type]


def test_a_synchronised_clock_is_believed() -> None:
    assert date(row(10, 5000, "synced"), 500, 9000.0) == 5000


def test_an_untrusted_clock_is_replaced_by_uptime() -> None:
    """The box thinks it is 1970; it measured 40 s before it sent."""
    assert date(row(10, 10, "none"), 50, 9000.0) == 8960.0


def test_a_clock_that_runs_ahead_is_not_believed() -> None:
    assert date(row(10, 99_000, "synced"), 50, 9000.0) == 8960.0
    assert date(row(10, 99_000, "floor"), None, 9000.0) == 9000.0


@given(
    st.integers(0, 2**40), st.integers(0, 2**40), st.sampled_from(["none", "floor", "synced"]),
    st.none() | st.integers(0, 2**40), st.floats(0, 2**33),
)  # fmt: skip
def test_nothing_is_dated_after_its_arrival(uptime: int, wall: int, trust: str, sent: int | None, arrived: float) -> None:
    assert date(row(uptime, wall, trust), sent, arrived) <= arrived + 60


@given(
    st.integers(0, SECONDS_LIMIT), st.integers(0, SECONDS_LIMIT), st.sampled_from(["none", "floor", "synced"]),
    st.none() | st.integers(0, SECONDS_LIMIT), st.floats(0, 2**33),
)  # fmt: skip
def test_h11_whatever_a_box_says_of_its_clocks_there_is_a_date_that_can_be_shown(
    uptime: int, wall: int, trust: str, sent: int | None, arrived: float
) -> None:
    at = date(row(uptime, wall, trust), sent, arrived)
    assert at >= 0 and instant(at or 1.0).endswith("UTC") and ago(at, arrived)


def test_what_is_committed_is_on_the_disk_before_a_box_is_told_to_delete_it(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL"


# --- each rule of the store, on both sides


def refused(db: sqlite3.Connection) -> dict[tuple[str, str], tuple[int, float]]:
    return {(box, reason): (n, last) for box, reason, n, last in db.execute("SELECT box, reason, count, last FROM refusals")}


def column(db: sqlite3.Connection, name: str, box: str = "camp-1") -> object:
    return db.execute(f"SELECT {name} FROM boxes WHERE box = ?", (box,)).fetchone()[0]


def test_refusals_of_a_box_and_a_reason_are_added_up_and_say_when_last(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    for reason, arrived, many in (("a", 5.0, 1), ("a", 6.0, 4), ("b", 7.0, 1)):
        store.refuse("camp-1", reason, arrived, many)
    store.refuse("camp-2", "a", 8.0)
    assert refused(db) == {("camp-1", "a"): (5, 6.0), ("camp-1", "b"): (1, 7.0), ("camp-2", "a"): (1, 8.0)}


def test_a_wish_to_watch_is_prolonged_never_shortened_and_ends_at_its_moment(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    store.watch("camp-1", 100.0)
    store.watch("camp-1", 90.0)
    store.watch("camp-2", 95.0)
    assert store.watched(94.9) == ["camp-1", "camp-2"] and store.watched(95.0) == ["camp-1"] == store.watched(99.9)
    assert store.watched(100.0) == []
    store.watch("camp-1", 110.0)
    assert store.watched(100.0) == ["camp-1"]


def test_a_row_of_the_same_moment_replaces_what_was_known_and_one_before_does_not(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    for sequence, at, load in ((1, 1000, 100), (2, 1000, 200), (3, 999, 300)):
        store.take_batch(Batch(BOX, BOOT, JOURNAL, (Row(sequence, 1, at, "synced", {LOAD: load}),)), [float(at)], 1000.0)
    assert column(db, "latest") == '{"load": 2.0}' and column(db, "measured") == 1000.0


def test_the_last_row_of_a_batch_is_what_is_known(db: sqlite3.Connection) -> None:
    rows = tuple(Row(n, n, n, "synced", {LOAD: n * 100}) for n in (1, 2, 3))
    assert ReportStore(db).take_batch(Batch(BOX, BOOT, JOURNAL, rows), [10.0, 20.0, 30.0], 40.0) == 3
    assert column(db, "latest") == '{"load": 3.0}' and column(db, "measured") == 30.0
    kept = db.execute("SELECT box, boot, sequence, at, uptime, wall, trust, stripped FROM reports ORDER BY sequence").fetchall()
    assert kept == [("camp-1", BOOT, n, n * 10.0, n, n, "synced", 0) for n in (1, 2, 3)]


def test_first_and_last_seen_are_the_first_and_the_last_arrival(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    store.take_death(Death(BOX, SESSION), 5.0)
    assert (column(db, "first_seen"), column(db, "last_seen")) == (5.0, 5.0)
    for arrived in (6.0, 7.0):
        store.take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {})), arrived, arrived)
    assert (column(db, "first_seen"), column(db, "last_seen"), column(db, "online")) == (5.0, 7.0, 1)
    store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1"), 9.0, retained=True)
    assert column(db, "last_seen") == 7.0, "what the broker kept says nothing about now"
    store.take_birth(Birth(BOX, BOOT, b"another!", "North", "1"), 10.0, retained=False)
    assert column(db, "last_seen") == 10.0


def test_a_birth_says_where_and_what_and_is_believed_unless_its_death_is_known(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1.2"), 5.0, retained=True)
    assert [column(db, name) for name in ("site", "software", "session", "online", "dead")] == ["North", "1.2", SESSION, 1, None]
    store.take_death(Death(BOX, SESSION), 6.0)
    assert (column(db, "dead"), column(db, "online")) == (SESSION, 0)
    store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1.2"), 7.0, retained=True)
    assert column(db, "online") == 0, "the broker kept it, and it is dead"
    store.take_birth(Birth(BOX, BOOT, SESSION, "North", "1.2"), 8.0, retained=False)
    assert (column(db, "dead"), column(db, "online")) == (None, 1), "said now, it is there"


def test_who_is_online_is_told_in_order_and_forgotten_all_at_once(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    for name in ("camp-2", "camp-1", "camp-3"):
        store.take_birth(Birth(BoxId(name), BOOT, SESSION, "North", "1"), 5.0, retained=False)
    store.take_death(Death(BoxId("camp-3"), SESSION), 6.0)
    assert store.online() == ["camp-1", "camp-2"]
    store.forget_who_is_online()
    assert store.online() == []


def _result(journal: bytes, sequence: int, name: str) -> Result:
    return Result(BOX, BOOT, journal, sequence, 60, 1000, "synced", (Line(name, True, "", ""),))


def test_an_older_self_test_of_the_same_journal_changes_nothing_and_another_journals_does(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    known = list[str]()
    for journal, sequence, name in (
        (b"j" * 8, 5, "first"), (b"j" * 8, 4, "older"), (b"j" * 8, 5, "again"), (b"j" * 8, 6, "newer"), (b"k" * 8, 1, "anew"),
    ):  # fmt: skip
        store.take_result(_result(journal, sequence, name), 900.0, 1000.0)
        told = as_object(column(db, "selftest"))
        known.append(told["checks"][0]["name"])
        assert told["at"] == 900.0
    assert known == ["first", "first", "first", "newer", "anew"]
    assert column(db, "last_seen") == 1000.0


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ('{"a": 1}', {"a": 1}), (b'{"a": 1}', {"a": 1}), ("[1]", {}), ("7", {}), ("{", {}), ("", {}), (None, {}), (5, {}),
        ("[" * 200_000, {}),
    ],
)  # fmt: skip
def test_a_column_is_an_object_or_nothing(told: object, expected: dict[str, int]) -> None:
    assert as_object(told) == expected


def test_unknown_metrics_of_a_live_point_and_of_a_batch_are_a_reason_once(db: sqlite3.Connection) -> None:
    store = ReportStore(db, smallest_count=5)
    store.take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {LOAD: 1, PEOPLE: 4}), unknown=True), 5.0, 6.0)
    assert refused(db) == {("camp-1", "unknown-metric"): (1, 6.0), ("camp-1", "count-too-small"): (1, 6.0)}
    store.take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {PEOPLE: 5})), 6.0, 7.0)
    assert len(refused(db)) == 2 and column(db, "latest") == '{"people_online": 5}' and column(db, "measured") == 6.0
    rows = tuple(Row(n, n, n, "synced", {PEOPLE: 4}) for n in (1, 2))
    store.take_batch(Batch(BOX, BOOT, JOURNAL, rows, unknown=True), [8.0, 8.0], 8.0)
    assert refused(db) == {("camp-1", "unknown-metric"): (2, 8.0), ("camp-1", "count-too-small"): (2, 8.0)}


def test_counts_of_ten_are_the_smallest_unless_told_otherwise(db: sqlite3.Connection) -> None:
    store = ReportStore(db)
    for sequence, people in ((1, 9), (2, 10)):
        store.take_batch(Batch(BOX, BOOT, JOURNAL, (Row(sequence, 1, 1, "synced", {PEOPLE: people}),)), [float(sequence)], 5.0)
    assert [values for _, values in ReportReader(db).series("camp-1", 0)] == [{}, {"people_online": 10}]


def test_a_store_of_the_version_before_is_brought_up_to_date_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript(report_store._SCHEMA)
    old.execute("INSERT INTO boxes (box, first_seen, last_seen) VALUES ('camp-1', 1, 2)")
    old.execute("PRAGMA user_version = 1")
    old.close()
    db = connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (2,) and column(db, "selftest") == "{}" and column(db, "last_seen") == 2
    assert not db.in_transaction and db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite"
    with monkeypatch.context() as patched:
        patched.setattr(report_store, "_STEPS", ("CREATE TABLE one (n);", "nonsense;"))
        with pytest.raises(sqlite3.Error):
            connect(path)
    db = connect(path)
    assert {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} >= {"boxes", "reports"}
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'one'").fetchone() == (0,)
    db.close()


def test_a_store_whose_folder_is_missing_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "nowhere" / "store.sqlite")
    assert store_file(Layout.under(tmp_path, tmp_path)) == Layout.under(tmp_path, tmp_path).data / "hub" / "store.sqlite"


def test_a_store_may_be_used_by_another_thread_than_the_one_that_opened_it(db: sqlite3.Connection) -> None:
    found = list[object]()
    reader = threading.Thread(target=lambda: found.append(db.execute("SELECT count(*) FROM boxes").fetchone()))
    reader.start()
    reader.join()
    assert found == [(0,)]


def test_a_writer_waits_ten_seconds_for_another(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA busy_timeout").fetchone() == (10_000,)


def test_every_row_has_its_date_or_none_is_kept(db: sqlite3.Connection) -> None:
    rows = tuple(Row(n, n, n, "synced", {LOAD: 1}) for n in (1, 2))
    for dates in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError):
            ReportStore(db).take_batch(Batch(BOX, BOOT, JOURNAL, rows), dates, 5.0)
    assert ReportReader(db).keys("camp-1") == []
