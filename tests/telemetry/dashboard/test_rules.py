"""Incidents, words, Prometheus text: from values alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.dashboard.incidents import GONE_AFTER, SILENT_AFTER, incidents, is_silent, slowed
from telemetry.dashboard.present import ago, instant, share, shown, span, sparkline, thin
from telemetry.dashboard.views.api import openapi
from telemetry.dashboard.views.prometheus import exposition
from telemetry.metrics import METRICS, Fewer


def box(**latest: Any) -> dict[str, Any]:
    return {"box": "camp-1", "site": "North", "online": True, "last_seen": 10_000.0, "latest": latest}


def kinds(one: dict[str, Any], now: float = 10_001.0) -> list[str]:
    return [incident.kind for incident in incidents([one], now)]


def test_a_healthy_box_is_no_incident() -> None:
    assert kinds(box(catalogue_state="current", disk_use=94.9, temperature=60.0, outbox_dropped=0)) == []


def test_r4_a_certificate_with_less_than_two_weeks_left_is_an_incident() -> None:
    assert kinds(box(certificate_left=14)) == kinds(box(certificate_left="soon")) == kinds(box()) == []
    for left, words in ((13, "ends in 13 days"), (1, "ends in 1 days"), (0, "has ended"), (-400, "has ended")):
        [found] = incidents([box(certificate_left=left)], 10_001.0)
        assert (found.kind, found.severity) == ("certificate", "serious") and words in found.what


def test_r1_r5_what_a_card_does_not_take_or_gives_back_changed_is_an_incident() -> None:
    assert kinds(box(outbox_lost=1)) == ["storing"] and kinds(box(outbox_unreadable=2)) == ["unreadable"]
    assert kinds(box(outbox_lost=0, outbox_unreadable=0)) == []


def test_h25_a_box_that_sends_more_than_its_share_is_named() -> None:
    [found] = slowed([{"box": "camp-1", "count": 1200, "last": 5.0}], {"camp-1": "North Gate"})
    assert (found.box, found.site, found.severity, found.since) == ("camp-1", "North Gate", "soon", 5.0) and "1,200" in found.what
    assert slowed([{"box": "camp-2", "count": 1, "last": 5.0}], {})[0].site == ""


def test_silence_is_an_incident_sooner_when_the_connection_has_ended() -> None:
    gone = {**box(), "online": False}
    assert not is_silent(gone, 10_000 + GONE_AFTER) and is_silent(gone, 10_001 + GONE_AFTER)
    assert not is_silent(box(), 10_000 + SILENT_AFTER) and is_silent(box(), 10_001 + SILENT_AFTER)


@pytest.mark.parametrize(
    ("state", "why", "told"),
    [
        ("held", "held: 4 of 10 services would be gone", "catalogue held: 4 of 10 services would be gone"),
        ("expired", "the signed metadata has expired", "catalogue expired: the signed metadata has expired"),
    ],
)
def test_a_catalogue_that_is_held_or_has_expired_is_an_incident(state: str, why: str, told: str) -> None:
    [found] = incidents([box(catalogue_state=state, catalogue_why=why)], 10_001.0)
    assert told in str(found)


def test_a_refused_catalogue_tells_its_reason() -> None:
    [found] = incidents([box(catalogue_state="refused", catalogue_why="the hash is wrong")], 10_001.0)
    assert "the hash is wrong" in found.what and found.severity == "serious" and found.mend


def test_the_serious_come_first_and_silence_before_all() -> None:
    one = {**box(temperature=85.0, disk_use=99.0, catalogue_state="refused", outbox_dropped=3), "last_seen": 0.0}
    assert kinds(one) == ["silent", "catalogue", "disk", "heat", "losing"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "just now"), (59, "just now"), (60, "1 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")]
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(1_000_000, 1_000_000 + seconds) == words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("people_online", Fewer(10), "fewer than 10"),
        ("people_online", 1234, "1,234 people"),
        ("uplink", 1, "up"),
        ("uplink", 0, "down"),
        ("uptime", 90_000, "1 d"),
        ("temperature", 48.25, "48.2 °C"),
        ("traffic_down", 3_200_000, "3.2 Mbit/s"),
        ("disk_free", 500, "500 B"),
        ("shaper", "cake", "cake"),
        ("load", None, "not known"),
    ],
)
def test_a_value_in_words(name: str, value: Any, words: str) -> None:
    assert shown(name, value) == words


def test_other_words() -> None:
    assert share(3_200_000, 19_000_000) == "3.2 of 19.0 Mbit/s"
    assert share(32_000, 190_000) == "32.0 of 190.0 kbit/s"
    assert span(59) == "59 s" and ago(None, 5) == "never" and instant(0) == ""
    assert instant(1_795_219_200) == "2026-11-21 00:00:00 UTC"


@given(st.lists(st.tuples(st.floats(0, 86_400), st.floats(0, 1e12)), max_size=400).map(sorted))
def test_a_line_stays_in_its_picture(points: list[tuple[float, float]]) -> None:
    few = thin(points, 60)
    assert len(few) <= 60 and (not points or max(v for _, v in few) == max(v for _, v in points))
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", sparkline(few, 0, 86_400)):
        assert 0 <= float(x) <= 240 and 0 <= float(y) <= 36


def test_a_gap_breaks_the_line() -> None:
    assert sparkline([(0, 1), (60, 1), (4000, 1)], 0, 86_400).count("M") == 2


def test_prometheus_reads_it() -> None:
    """Each line by the grammar of the text format; a family's samples stand together; small counts give no number."""
    latest = {m.name: ('te"x\\t\n' if m.kind == "text" else 12) for m in METRICS} | {"people_online": Fewer(10)}
    boxes = [{**box(), "box": name, "latest": latest} for name in ("camp-1", "camp-2")]
    text = exposition(boxes, [{"box": "camp-1", "reason": "malformed", "count": 3}])
    sample = re.compile(r'[a-z_:][a-z0-9_:]*\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\} [-+0-9.e]+')
    seen: list[str] = []
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line), line
        if not line.startswith("#"):
            name = line.split("{")[0]
            assert name not in seen[:-1], "samples of a family stand together"
            seen = seen if seen and seen[-1] == name else [*seen, name]
    assert "campbox_people_online{" not in text and 'campbox_people_online_suppressed{box="camp-1"} 1' in text
    assert 'campbox_refused_total{box="camp-1",reason="malformed"} 3' in text
    assert text.count("# TYPE campbox_link_down_total counter") == 1


def test_the_description_of_the_api_names_every_metric() -> None:
    whole = openapi()
    answer = whole["paths"]["/api/v1/boxes"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(answer["properties"]["boxes"]["items"]["properties"]["latest"]["properties"]) == {m.name for m in METRICS}
