"""The hub's store: once, dated as well as can be, gone when its time is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.values import BoxId
from telemetry.dashboard.dating import date
from telemetry.dashboard.present import ago, instant
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, connect
from telemetry.dashboard.retention import LIVE_KEPT, prune
from telemetry.message import Batch, Birth, Death, Live, Row
from telemetry.metrics import BY_NAME, METRICS, Fewer
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


def test_each_metric_is_gone_when_its_retention_is_over(db: sqlite3.Connection) -> None:
    store, now = ReportStore(db), 1000.0 * DAY
    ages = sorted({metric.retention for metric in METRICS})
    everything = {m.name: ("text" if m.kind == "text" else min(50, int(m.bounds[1]))) for m in METRICS}
    for days in ages:
        keep(store, now - days * DAY - 60, **everything)
        keep(store, now - days * DAY + 60, **everything)
    store.take_live(Live(BOX, BOOT, Row(0, 1, 1, "synced", {LOAD: 1})), now - LIVE_KEPT - 1, now)
    while prune(db, now, limit=2):
        pass
    for at, values in ReportReader(db).series("camp-1", 0):
        age = (now - at) / DAY
        assert set(values) == {metric.name for metric in METRICS if metric.retention > age}, age
    assert len(ReportReader(db).keys("camp-1")) == 2 * len(ages) - 1
    assert ReportReader(db).live_points("camp-1", 0, 0)[1] == []


def test_a_silent_boxs_last_word_is_forgotten_in_time_too(db: sqlite3.Connection) -> None:
    keep(ReportStore(db), 1000.0, software="0.1", clock_trust="synced", load=1)
    prune(db, 1000.0 + 31 * DAY)
    assert set(ReportReader(db).boxes()[0]["latest"]) == {"software", "load"}
    prune(db, 1000.0 + 401 * DAY)
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
