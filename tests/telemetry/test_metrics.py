"""The metric table and what goes in and out by it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import Moment
from content_cache.needs import NEEDS
from content_cache.unanswered import OTHER
from telemetry.metrics import (
    BY_NAME,
    METRICS,
    UNANSWERED,
    Fewer,
    Metric,
    Reading,
    System,
    from_wire,
    measure,
    named,
    refusal,
    sort_out,
    to_wire,
    unanswered,
)

GATE = {
    "ok": True, "people_online": 3, "active_people": 2, "uplink": "up", "uplink_since_seconds": 90, "rate_down_bps": 10_000_000,
    "rate_up_bps": 2_000_000, "bytes_down": 5_000, "bytes_up": 700, "drops": 1, "backlog_bytes": 0, "shaper": "htb",
}  # fmt: skip
SELFTEST = {
    "state": "failed",
    "checks": [{"name": "power", "ok": None}, {"name": "hub", "ok": False}, {"name": "card", "ok": True}],
}
SYSTEM = System(12.34, 0.5, 1000, 250, 2000, 500, 77, 48.25)


def reading(**changes: object) -> Reading:
    whole = {
        "moment": Moment(1_800_000_000.4, 120.9, "synced"), "software": "0.1.0", "system": SYSTEM, "gate": GATE,
        "sync": {"state": "refused", "why": "wrong signature", "version": 3, "services": 60, "snapshot_date": "2026", "held": "ab"},
        "enrol": {"state": "enrolled"},
        "people": {"people_online": 14, "people_active": Fewer(10)} | dict.fromkeys(map(unanswered, UNANSWERED), 12),
        "rates": {"down": 1e6, "up": 2.4}, "selftest": SELFTEST,
        "certificate_ends": 1_801_000_000.0, "outbox_lost": 2, "outbox_unreadable": 1, **changes,
    }  # fmt: skip
    return Reading(**whole)  # type: ignore[arg-type]


def test_numbers_and_names_are_used_once_and_every_row_is_complete() -> None:
    assert len({metric.number for metric in METRICS}) == len({metric.name for metric in METRICS}) == len(METRICS)
    assert len(METRICS) >= 25
    for metric in METRICS:
        assert metric.purpose and metric.readers and 0 < metric.retention <= 400, metric.name
        assert metric.kind != "text" or not metric.decimals


def test_every_metric_has_a_value_in_a_full_reading() -> None:
    assert {metric.number for metric in METRICS} == set(measure(reading()))


def test_every_need_and_no_other_is_counted_where_a_search_had_no_answer() -> None:
    assert set(UNANSWERED) == {need.slug for need in NEEDS} | {OTHER}
    assert all(BY_NAME[unanswered(slug)].people for slug in UNANSWERED), "noised, and suppressed when small"


def test_nothing_is_made_up_when_nothing_is_known() -> None:
    empty = Reading(Moment(0, 5, "none"), "0.1.0")
    assert set(named(measure(empty))) == {"uptime", "clock_trust", "software", "outbox_rows", "outbox_dropped"}


def test_no_metric_reads_the_raw_counts_of_people() -> None:
    """Counts in the gate's facts are not noised; only ``people`` may be told."""
    values = named(measure(reading(people={}, gate={**GATE, "people_online": 4711, "active_people": 4711})))
    assert "people_online" not in values and "people_active" not in values
    assert 4711 not in values.values()


@pytest.mark.parametrize("value", [True, math.nan, math.inf, "12", None, 1e300, [1]])
def test_a_value_of_a_wrong_kind_is_left_out(value: object) -> None:
    assert to_wire(BY_NAME["load"], value) is None


def test_decimals_survive_the_way() -> None:
    values = named(measure(reading()))
    assert values["temperature"] == 48.2 and values["load"] == 0.5 and values["memory_use"] == 75.0
    assert values["people_active"] == Fewer(10)


def test_bytes_are_told_in_thousands_and_millions() -> None:
    """Shorter on the wire, and no finer than anybody needs."""
    values = named(measure(reading(gate={**GATE, "bytes_down": 12_345_678})))
    assert values["link_down"] == 12_346_000 and values["link_rate_down"] == 10_000_000


def test_a_long_text_is_cut() -> None:
    assert to_wire(BY_NAME["catalogue_why"], "x" * 5000) == "x" * 200


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (None, 1, "unknown-metric"),
        ("load", "much", "wrong-kind"),
        ("shaper", 3, "wrong-kind"),
        ("load", Fewer(10), "wrong-kind"),
        ("link_down", -1, "wrong-kind"),
        ("people_online", 9, "count-too-small"),
        ("people_online", Fewer(3), "count-too-small"),
        ("people_online", 10, None),
        ("people_online", Fewer(10), None),
        ("shaper", "cake", None),
        ("temperature", -51, None),
    ],
)
def test_what_the_hub_refuses(name: str | None, value: int | str | Fewer, why: str | None) -> None:
    metric: Metric | None = None if name is None else BY_NAME[name]
    assert refusal(metric, value, 10) == why


@given(st.dictionaries(st.integers(0, 70_000), st.one_of(st.integers(-(2**63), 2**63), st.text(max_size=20)), max_size=20))
def test_sorting_out_keeps_or_counts_every_value(values: dict[int, int | str | Fewer]) -> None:
    taken, reasons = sort_out(values, 10)
    assert len(taken) + len(reasons) == len(values)
    assert set(named(taken)) <= set(BY_NAME)


@given(st.floats(-1e6, 1e6))
def test_a_gauge_comes_back_to_its_last_decimal(value: float) -> None:
    metric = BY_NAME["temperature"]
    wire = to_wire(metric, value)
    assert isinstance(wire, int)
    back = from_wire(metric, wire)
    assert isinstance(back, float) and abs(back - value) <= 0.051


def test_failed_checks_are_counted_once_the_self_test_is_over() -> None:
    number = BY_NAME["selftest_failed"].number
    assert measure(reading())[number] == 1
    assert measure(reading(selftest={**SELFTEST, "state": "passed", "checks": []}))[number] == 0
    for untold in ({}, {**SELFTEST, "state": "running"}):
        assert number not in measure(reading(selftest=untold))


def test_r5_a_self_test_that_told_nonsense_does_not_stop_measuring() -> None:
    number = BY_NAME["selftest_failed"].number
    for told in ("many", 5, None, {"a": 1}):
        assert number not in measure(reading(selftest={"state": "failed", "checks": told}))
    assert measure(reading(selftest={"state": "failed", "checks": [1, "x", None, {"ok": False}]}))[number] == 1


IMPOSSIBLE = [
    2**62,
    -(2**62),
    -3,
    -(10**14),
    2**63 - 1,
    True,
    False,
    math.nan,
    math.inf,
    -math.inf,
    0.5,
    "x" * 201,
    "x" * 10**6,
    None,
    [1],
]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_h18_what_is_impossible_is_neither_sent_nor_believed(metric: Metric) -> None:
    assert metric.bounds[0] < metric.bounds[1] < math.inf
    for value in IMPOSSIBLE:
        if metric.name == "temperature" and value == -3:
            continue  # three tenths of a degree below zero
        why = refusal(metric, value, 10)  # type: ignore[arg-type]
        assert why in ("impossible", "wrong-kind", "count-too-small"), value
    for value in (math.nan, math.inf, -math.inf, 1e300, -1e300, 2.0**62 * 10, -1e14, True, [1], None):
        assert _told_of(metric, value) is None, value


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_h18_least_and_most_are_possible_and_one_step_beyond_is_not(metric: Metric) -> None:
    (least, most), step = metric.bounds, 10.0**-metric.decimals
    edges: list[Any] = ["x", "x" * int(most)] if metric.kind == "text" else [least, most]
    beyond: list[Any] = ["x" * (int(most) + 1)] if metric.kind == "text" else [least - step, most + max(step, most / 1e6)]
    for value in edges:
        wire = to_wire(metric, value)
        assert wire is not None and refusal(metric, wire, 0) is None, value
    for value in beyond:
        wire = value if isinstance(value, str) else round(value * 10.0**metric.decimals)
        assert refusal(metric, wire, -(10**9)) is not None, value


def _told_of(metric: Metric, value: Any) -> Any:
    """What a box would send of a metric that is measured as ``value``."""
    forged = replace(metric, value_fn=lambda _: value)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("telemetry.metrics.METRICS", (forged,))
        return measure(reading()).get(metric.number)


def test_h18_a_possible_value_is_still_told() -> None:
    """Else the test above could not fail."""
    assert _told_of(BY_NAME["cpu_use"], 12.3) == 123 and _told_of(BY_NAME["temperature"], -12.3) == -123


def test_h18_what_was_seen_is_refused_and_counted() -> None:
    seen = {"people_online": 4_611_686_018_427_387_904, "selftest_failed": -3, "temperature": -(10**15), "disk_use": -5_000}
    taken, reasons = sort_out({BY_NAME[name].number: value for name, value in seen.items()}, 10)
    assert taken == {} and set(reasons) == {"impossible"} and len(reasons) == 4
