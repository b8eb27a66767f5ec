"""Open, closed or unknown: against a plain oracle, and what people would say of single cases."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from content_cache.hours import Closed, Open, State, Unknown, best, essence, groups, plans, state_at, zone_of
from content_cache.timetable import timetable
from tests.content_cache import hours_oracle
from tests.content_cache.hours_oracle import CODES

ZONES = ["Asia/Amman", "Europe/Athens", "Asia/Kabul", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
"""Changes at midnight, at three, by half an hour, half-hour zones, and none."""
CLOCK = st.integers(0, 95).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")
# Days around clock changes of those zones, and around the ends of months and years.
FIRSTS = st.sampled_from([
    "2022-03-24", "2022-10-27", "2026-03-28", "2026-10-24", "2026-04-04", "2026-10-03", "2026-02-27", "2024-02-27", "2026-12-30",
    "2026-11-01", "2026-03-07", "2026-04-23", "2026-10-29",
]).map(datetime.date.fromisoformat)  # fmt: skip
NEAR = st.integers(-70, 12)
Place = tuple[datetime.date, ZoneInfo, list[dict[str, Any]]]


def marked(schedule: dict[str, Any], value: str) -> dict[str, Any]:
    return {**schedule, "attributes": [{"link_type": "hours", "value": value}]}


@st.composite
def rules(draw: st.DrawFn, first: datetime.date) -> dict[str, Any]:
    """Days by a rule, in every way HSDS has."""
    start = (first + datetime.timedelta(days=draw(NEAR))).isoformat()
    interval = draw(st.sampled_from([1, 1, 1, 2, 3]))
    if draw(st.booleans()):
        made: dict[str, Any] = {"freq": "WEEKLY", "wkst": draw(st.sampled_from(CODES))}
        made["byday"] = ",".join(draw(st.lists(st.sampled_from(CODES), unique=True, min_size=interval == 1)))
    else:
        made = {"freq": "MONTHLY"}
        if draw(st.booleans()):
            nth = st.sampled_from(["", "1", "2", "+3", "4", "5", "-1", "-2"])
            made["byday"] = ",".join(draw(st.lists(st.tuples(nth, st.sampled_from(CODES)).map("".join), min_size=1, max_size=3)))
        else:
            made["bymonthday"] = ",".join(map(str, draw(st.lists(st.sampled_from([1, 2, 15, 27, 28, 30, 31, -1, -3]), min_size=1))))
    count = draw(st.none() | st.integers(1, 12))
    if interval > 1 or count or not (made.get("byday") or made.get("bymonthday")) or draw(st.booleans()):
        made |= {"dtstart": start, "interval": interval}
    if count:
        made["count"] = count
    elif draw(st.booleans()):
        made["until"] = (first + datetime.timedelta(days=draw(NEAR))).isoformat()
    return made


@st.composite
def openings(draw: st.DrawFn, first: datetime.date) -> dict[str, Any]:
    """One schedule: a rule or a single day, hours, perhaps a validity, perhaps an addition or a closure."""
    made = draw(rules(first)) if draw(st.integers(0, 4)) else {"dtstart": (first + datetime.timedelta(days=draw(NEAR))).isoformat()}
    made |= {"opens_at": draw(CLOCK), "closes_at": draw(CLOCK)}
    begin = first + datetime.timedelta(days=draw(NEAR))
    if draw(st.booleans()):
        made["valid_from"] = begin.isoformat()
    if draw(st.booleans()):
        made["valid_to"] = (begin + datetime.timedelta(days=draw(st.integers(0, 90)))).isoformat()
    kind = draw(st.sampled_from(["", "", "", "also", "closed", "closed all day"]))
    if kind == "closed all day":
        made.pop("opens_at"), made.pop("closes_at")
    return marked(made, kind.split()[0]) if kind else made


@st.composite
def places(draw: st.DrawFn) -> Place:
    """First day, time zone, schedules."""
    first = draw(FIRSTS)
    return first, ZoneInfo(draw(st.sampled_from(ZONES))), draw(st.lists(openings(first), min_size=1, max_size=4))


@settings(max_examples=80, deadline=None)
@given(places())
def test_every_minute_of_three_days_is_what_the_plain_oracle_says(place: Place) -> None:
    first, zone, schedules = place
    told = hours_oracle.open_minutes(schedules, zone, first, 3)
    table = timetable(plans(schedules), first - datetime.timedelta(days=1), 5, zone)
    assert not any(day.words for day in table.days), schedules
    for at, expected in told.items():
        minute = int(at.timestamp()) // 60
        assert any(a <= minute < b for a, b in table.open) is expected, (at, at.astimezone(zone))


def same(one: datetime.datetime | None, other: datetime.datetime) -> bool:
    """The same instant. ``==`` is false between zones for every hour that a clock change repeats (PEP 495)."""
    return one is not None and one.timestamp() == other.timestamp()


@settings(max_examples=40, deadline=None)
@given(places(), st.integers(0, 3 * 1440 - 1))
@example(
    (
        datetime.date(2026, 11, 1),
        ZoneInfo("America/Havana"),
        [{"dtstart": "2026-11-01", "opens_at": "00:15", "closes_at": "00:00"}],
    ),
    0,
)
@example(
    (
        datetime.date(2026, 11, 1),
        ZoneInfo("America/Havana"),
        [{"dtstart": "2026-11-01", "opens_at": "00:00", "closes_at": "00:15"}],
    ),
    0,
)
def test_the_state_and_its_end_are_what_the_plain_oracle_says(place: Place, minute: int) -> None:
    first, zone, schedules = place
    told = hours_oracle.open_minutes(schedules, zone, first, 6)
    moments = list(told)
    now = moments[minute]
    state = state_at(plans(schedules), now.astimezone(zone))
    other = next((at for at in moments[minute:] if told[at] is not told[now]), None)
    if told[now]:
        assert isinstance(state, Open)
        assert other is None or same(state.until, other)
    elif other is not None:
        assert isinstance(state, Closed) and same(state.opens, other)
    else:
        assert isinstance(state, Closed) or state in (Unknown("ended"), Unknown("untold"))


WEEK = "SA,SU,MO,TU,WE,TH"


def rule(byday: str, opens: str | None, closes: str | None, **more: Any) -> dict[str, Any]:
    return {"freq": "WEEKLY", "byday": byday, "opens_at": opens, "closes_at": closes, **more}


def at(text: str, *schedules: dict[str, Any], zone: str = "Asia/Amman") -> State:
    """The state at a time of the site."""
    return state_at(plans(schedules), datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def moment(text: str, zone: str = "Asia/Amman") -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("07:59", "closed"), ("08:00", "open"), ("08:01", "open"), ("15:59", "open"), ("16:00", "closed"), ("16:01", "closed"),
    ],
)  # fmt: skip
def test_it_opens_at_exactly_its_hour_and_is_closed_at_exactly_its_end(now: str, state: str) -> None:
    found = at(f"2026-11-23T{now}", rule("MO", "08:00", "16:00"))
    opens = "2026-11-23T08:00" if now < "08:00" else "2026-11-30T08:00"
    assert found == (Open(moment("2026-11-23T16:00")) if state == "open" else Closed(moment(opens)))


def test_a_closure_after_midnight_is_not_ignored() -> None:
    """A night from Thursday to Friday, and a closure that lies wholly within the Friday."""
    night, closed = rule("TH", "20:00", "06:00"), marked(rule("FR", "01:00", "03:00"), "closed")
    assert at("2026-11-20T00:30", night, closed) == Open(moment("2026-11-20T01:00"))
    assert at("2026-11-20T01:00", night, closed) == at("2026-11-20T02:59", night, closed) == Closed(moment("2026-11-20T03:00"))
    assert at("2026-11-20T03:00", night, closed) == Open(moment("2026-11-20T06:00"))


def test_half_told_hours_are_unsure_from_their_beginning_until_midnight() -> None:
    told = rule("MO", "09:00", None)
    assert at("2026-11-23T08:59", told) == Closed(moment("2026-11-23T09:00"))
    assert at("2026-11-23T09:00", told) == at("2026-11-23T23:59", told) == Unknown("half told")
    assert at("2026-11-24T00:00", told) == Closed(moment("2026-11-30T09:00"))
    assert at("2026-11-23T10:00", told, rule("MO", "09:30", "11:00")) == Open(moment("2026-11-23T11:00")), (
        "what is sure counts first"
    )


def test_words_are_of_today_alone() -> None:
    words = {"opens_at": "ask inside", "valid_from": "2026-11-23", "valid_to": "2026-11-23"}
    hours = rule("MO,TU,WE", "09:00", "12:00")
    assert at("2026-11-23T13:00", hours, words) == Unknown("words")
    assert at("2026-11-22T13:00", hours, words) == Closed(moment("2026-11-24T09:00")), "on Monday only the words hold"
    assert at("2026-11-24T13:00", hours, words) == Closed(moment("2026-11-25T09:00"))


def test_validity_that_is_over_is_said_only_where_all_of_it_is() -> None:
    over = rule("MO", "09:00", "12:00", valid_to="2026-11-20")
    assert at("2026-11-23T10:00", over) == Unknown("ended") and at("2026-11-22T10:00", over) == Unknown("ended")
    assert at("2026-11-21T10:00", over) == Closed(None), "last night may still have been of it"
    assert at("2026-11-23T10:00", over, rule("TU", "09:00", "12:00")) == Closed(moment("2026-11-24T09:00"))


@pytest.mark.parametrize(("opens_at", "told"), [("2026-12-01", True), ("2027-12-20", True), ("2028-06-01", False)])
def test_a_rare_opening_is_looked_for_more_than_a_year_ahead(opens_at: str, told: bool) -> None:
    event = {"dtstart": opens_at, "opens_at": "09:00", "closes_at": "12:00"}
    assert at("2026-11-23T10:00", event) == Closed(moment(f"{opens_at}T09:00") if told else None)
    unsure = {"dtstart": opens_at, "opens_at": "09:00"}
    assert at("2026-11-23T10:00", unsure) == Closed(moment(f"{opens_at}T09:00") if told else None)


@pytest.mark.parametrize("days", range(6, 13))
def test_no_day_falls_between_the_week_and_what_lies_beyond_it(days: int) -> None:
    day = datetime.date(2026, 11, 23) + datetime.timedelta(days=days)
    event = {"dtstart": day.isoformat(), "opens_at": "09:00", "closes_at": "12:00"}
    assert at("2026-11-23T10:00", event) == Closed(moment(f"{day}T09:00"))


def test_what_is_open_all_week_has_no_end_and_what_ends_within_it_has_one() -> None:
    always, last = rule(WEEK + ",FR", "00:00", "24:00"), "2026-11-28"
    assert at("2026-11-23T10:00", always) == Open(None)
    assert at("2026-11-23T10:00", always | {"valid_to": last}) == Open(moment("2026-11-29T00:00"))


def test_a_zone_that_no_table_knows_is_utc() -> None:
    assert zone_of("Asia/Amman").key == "Asia/Amman"
    for name in ("Nowhere/Else", "", "../etc/passwd", "/", "a" * 400):
        assert zone_of(name).key == "UTC"


def test_a_place_that_only_closes_takes_its_hours_from_the_next_level() -> None:
    shut = marked({"id": "shut"}, "closed")
    general = {"id": "general", "description": "x"}
    assert groups({"schedules": [general], "service_at_locations": [{"schedules": [shut]}]}) == [[general, shut]]
    assert groups({"schedules": [shut]}) == [[shut]] and groups({"service_at_locations": []}) == [[]]
    other = {"id": "o", "attributes": [{"link_type": "payment", "value": "closed"}, {"link_type": "hours", "value": "also"}, {}]}
    assert groups({"schedules": [other]}) == [[other]]


def test_the_essence_is_what_decides_and_in_no_order() -> None:
    one, other = rule("MO", "09:00", "12:00"), rule("TU", "09:00", "12:00", valid_from="", timezone=None, description="x")
    assert essence({"schedules": [one, other]}) == essence({"schedules": [other, one], "status": "active"}) == [
        [rule("MO", "09:00", "12:00"), rule("TU", "09:00", "12:00")]
    ]  # fmt: skip
    places = [{"schedules": [one]}, {"schedules": [other]}]
    assert essence({"service_at_locations": places}) == essence({"service_at_locations": places[::-1]})
    assert len(essence({"service_at_locations": places})) == 2 and essence({}) == [[]]
    both = {**one, "attributes": [{"link_type": "hours", "value": "closed"}, {"link_type": "hours", "value": "also"}]}
    turned = {**one, "attributes": [*both["attributes"][::-1], {"link_type": "payment", "value": "cash"}, {"link_type": "hours"}]}
    ((kept,),) = essence({"schedules": [both]})
    assert essence({"schedules": [turned]}) == [[kept]]
    assert kept["attributes"] == [{"link_type": "hours", "value": "also"}, {"link_type": "hours", "value": "closed"}]
    others = {
        "wkst": "SU", "count": 3, "interval": 2, "until": "2027-01-01", "byweekno": "1", "attending_type": "telephone",
        "bymonthday": "1", "byyearday": "1", "dtstart": "2026-01-01",
    }  # fmt: skip
    for field, value in others.items():
        assert essence({"schedules": [{**one, field: value}]}) == [[{**one, field: value}]]


def test_of_several_places_the_last_to_close_and_the_first_to_open() -> None:
    early, late = moment("2026-11-23T16:00"), moment("2026-11-23T18:00")
    assert best([Open(late), Open(early)]) == best([Open(early), Open(late)]) == Open(late)
    assert best([Closed(None), Closed(early)]) == Closed(early) and best([Closed(None)]) == best([]) == Closed(None)
    assert best([Unknown("words"), Unknown("ended"), Closed(early)]) == Unknown("words")
    assert best([Unknown("words"), Open(early)]) == Open(early)


def test_closed_on_friday_and_open_again_on_saturday() -> None:
    clinic = rule(WEEK, "08:00", "16:00")
    assert at("2026-11-19T15:59", clinic) == Open(moment("2026-11-19T16:00"))  # a Thursday
    assert at("2026-11-19T16:00", clinic) == Closed(moment("2026-11-21T08:00"))
    assert at("2026-11-20T10:00", clinic) == Closed(moment("2026-11-21T08:00"))


def test_a_night_belongs_to_the_day_it_begins() -> None:
    night = rule("TH", "20:00", "06:00")
    assert at("2026-11-20T05:59", night) == Open(moment("2026-11-20T06:00"))
    assert at("2026-11-20T06:00", night) == Closed(moment("2026-11-26T20:00"))
    holiday = marked({"valid_from": "2026-11-20", "valid_to": "2026-11-20"}, "closed")
    assert isinstance(at("2026-11-20T03:00", night, holiday), Open)
    assert isinstance(at("2026-11-19T23:00", night, holiday | {"valid_from": "2026-11-19"}), Closed)


def test_day_and_night_has_no_end() -> None:
    assert at("2026-11-20T05:59", rule(WEEK + ",FR", "00:00", "00:00")) == Open(None)
    assert at("2026-11-19T05:59", rule(WEEK, "00:00", "24:00")) == Open(moment("2026-11-20T00:00"))


def test_ramadan_hours_replace_the_usual_ones_and_end_with_it() -> None:
    usual, ramadan = rule(WEEK, "08:00", "16:00"), rule(WEEK, "10:00", "14:00", valid_from="2026-02-18", valid_to="2026-03-19")
    assert at("2026-02-17T09:00", usual, ramadan) == Open(moment("2026-02-17T16:00"))
    assert at("2026-02-18T09:00", usual, ramadan) == Closed(moment("2026-02-18T10:00"))
    assert at("2026-03-19T15:00", ramadan, usual) == Closed(moment("2026-03-21T08:00"))
    extra = marked(rule("SU", "20:00", "22:00", valid_from="2026-02-18", valid_to="2026-03-19"), "also")
    assert isinstance(at("2026-02-22T09:00", usual, extra), Open) and isinstance(at("2026-02-22T21:00", usual, extra), Open)


def test_hours_of_another_way_of_attending_are_not_replaced() -> None:
    desk = rule(WEEK, "08:00", "16:00", attending_type="in person")
    line = rule("SU", "18:00", "20:00", attending_type="telephone", valid_from="2026-01-01", valid_to="2026-12-31")
    assert isinstance(at("2026-11-22T09:00", desk, line), Open)


def test_a_pause_for_prayer_is_cut_out() -> None:
    pause = marked(rule("FR", "12:00", "13:30"), "closed")
    assert at("2026-11-20T12:30", rule("FR", "08:00", "16:00"), pause) == Closed(moment("2026-11-20T13:30"))
    assert at("2026-11-20T09:00", rule("FR", "08:00", "16:00"), pause) == Open(moment("2026-11-20T12:00"))


def test_every_second_week_and_the_last_monday_of_a_month() -> None:
    fortnight = rule("MO", "09:00", "12:00", interval=2, dtstart="2026-11-02")
    assert at("2026-11-09T10:00", fortnight) == Closed(moment("2026-11-16T09:00"))
    monthly = {"freq": "MONTHLY", "byday": "-1MO", "opens_at": "09:00", "closes_at": "12:00"}
    assert at("2026-11-01T10:00", monthly) == Closed(moment("2026-11-30T09:00"))
    assert at("2026-12-01T10:00", monthly | {"interval": 12, "dtstart": "2026-01-01"}) == Closed(moment("2027-01-25T09:00"))


def test_every_saturday_and_the_first_monday_of_a_month() -> None:
    both = {"freq": "MONTHLY", "byday": "SA,1MO", "opens_at": "09:00", "closes_at": "12:00"}
    assert at("2026-11-28T13:00", both) == Closed(moment("2026-12-05T09:00"))
    assert at("2026-12-05T13:00", both) == Closed(moment("2026-12-07T09:00"))
    assert at("2026-12-07T13:00", both) == Closed(moment("2026-12-12T09:00"))


def test_an_event_is_one_day_and_then_over() -> None:
    event = {"dtstart": "2026-11-25", "opens_at": "09:00", "closes_at": "12:00"}
    assert at("2026-11-24T10:00", event) == Closed(moment("2026-11-25T09:00"))
    assert isinstance(at("2026-11-25T10:00", event), Open)
    assert at("2026-11-26T10:00", event) == Closed(None)


def test_times_with_an_offset_are_read_by_their_own_clock() -> None:
    assert at("2026-11-23T10:59", rule("MO", "06:00Z", "08:00Z")) == Open(moment("2026-11-23T11:00"))
    assert at("2026-11-23T23:30", rule("MO", "22:00-05:00", "23:00-05:00")) == Closed(moment("2026-11-24T06:00"))
    assert at("2026-11-23T10:59", rule("MO", "06:00", "08:00", timezone=0)) == Open(moment("2026-11-23T11:00"))


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ({"description": "Sun-Thu 9:00am-12:30pm, ER: 24/7"}, "words"),
        ({"byday": "MO", "description": "Every two weeks", "opens_at": "09:00"}, "words"),
        (rule("MO", "13:00pm", None), "words"),
        (rule("MO", "09:00", "12:00", interval=2), "words"),
        (rule("MO", "09:00", "12:00Z"), "words"),
        ({"freq": "WEEKLY", "opens_at": "09:00", "closes_at": "12:00"}, "words"),
        ({"freq": "YEARLY", "byday": "MO", "opens_at": "09:00"}, "words"),
        ({"freq": "MONTHLY", "bymonthday": "30", "dtstart": "2026-02-01", "interval": 12}, "words"),
        (rule("MO", None, None), "half told"),
        (rule("MO", "09:00", None), "half told"),
        (rule("MO", "09:00", "12:00", valid_to="2014-12-31"), "ended"),
    ],
)
def test_what_nobody_can_know_is_unknown(schedule: dict[str, Any], why: str) -> None:
    assert at("2026-11-23T10:00", schedule) == Unknown(why)  # type: ignore[arg-type]


def test_where_nothing_is_told_nothing_is_known() -> None:
    assert at("2026-11-23T10:00") == Unknown("untold")


def test_words_beside_hours_leave_open_what_is_open_and_never_say_closed() -> None:
    both = (rule("MO", "09:00", "12:00"), {"description": "ER: 24/7"})
    assert isinstance(at("2026-11-23T10:00", *both), Open)
    assert at("2026-11-23T13:00", *both) == Unknown("words")


def test_half_told_hours_are_closed_before_they_begin() -> None:
    assert at("2026-11-23T08:00", rule("MO", "09:00", None)) == Closed(moment("2026-11-23T09:00"))
    assert at("2026-11-24T08:00", rule("MO", "09:00", None)) == Closed(moment("2026-11-30T09:00"))


def test_the_opening_that_falls_into_the_lost_hour_begins_an_hour_later_on_the_wall() -> None:
    # RFC 5545 section 3.3.5: read with the offset before the gap. Athens, 29 March 2026: 03:00 becomes 04:00.
    night = rule("SU", "03:30", "05:00")
    assert at("2026-03-29T02:59", night, zone="Europe/Athens") == Closed(moment("2026-03-29T04:30", "Europe/Athens"))


def test_a_place_has_its_own_hours_or_the_services_or_the_buildings() -> None:
    own, general, building = ({"id": name, "description": name} for name in ("own", "general", "building"))
    shut = marked({"id": "shut"}, "closed")
    there = {"schedules": [own], "location": {"schedules": [building, shut]}}
    assert groups({"schedules": [general], "service_at_locations": [there, {"location": {"schedules": [building]}}]}) == [
        [own, shut],
        [general],
    ]
    assert groups({"service_at_locations": [{"location": {"schedules": [building]}}]}) == [[building]]
    assert groups({"schedules": [general]}) == [[general]] and groups({}) == [[]]


def test_of_several_places_an_open_one_counts_and_an_unknown_one_is_never_called_closed() -> None:
    late, later = moment("2026-11-23T16:00"), moment("2026-11-23T18:00")
    assert best([Closed(later), Open(late), Open(later)]) == Open(later)
    assert best([Open(late), Open(None)]) == Open(None)
    assert best([Closed(late), Unknown("words")]) == Unknown("words")
    assert best([Closed(later), Closed(late), Closed(None)]) == Closed(late)


def test_services_with_the_same_hours_have_the_same_essence() -> None:
    first, second = rule("MO", "09:00", "12:00") | {"id": "1", "notes": "Ring"}, {"id": "2"} | rule("MO", "09:00", "12:00")
    assert essence({"schedules": [first]}) == essence({"schedules": [second]}) != essence({"schedules": [marked(second, "closed")]})
    assert essence({"schedules": [first], "status": "temporarily closed"}) == []


FIELD = st.none() | st.text(max_size=12) | st.integers() | st.floats() | st.sampled_from(
    ["WEEKLY", "MONTHLY", "MO,TU", "5FR", "-1SU", "31", "09:00", "24:00", "2026-02-30", "2026-11-23", "0001-01-01", "9999-12-31"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional={name: FIELD for name in (
    "freq", "byday", "bymonthday", "byweekno", "interval", "count", "until", "dtstart", "valid_from", "valid_to", "opens_at",
    "closes_at", "timezone", "wkst", "attending_type", "byyearday",
)}), max_size=3), st.sampled_from(ZONES))  # fmt: skip
def test_no_schedule_crashes(schedules: list[dict[str, Any]], zone: str) -> None:
    now = datetime.datetime(2026, 11, 23, 10, tzinfo=ZoneInfo(zone))
    found = at("2026-11-23T10:00", *schedules, zone=zone)
    if isinstance(found, Unknown):
        assert found.why
    else:
        told = found.until if isinstance(found, Open) else found.opens
        assert told is None or now < told
