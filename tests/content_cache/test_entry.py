"""What a reader sees: the nearest language, marked; old shown as old."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from content_cache.entry import Reader, brief, whole

TODAY = datetime.date(2026, 11, 21)
DOCUMENT: dict[str, Any] = {"id": "1", "name": "Clinic", "assured_date": "2026-11-01", "description": "Line one.\n\nLine two."}


def reader(tag: str, **names: str) -> Reader:
    return Reader(tag, "en", {"1": {"name": {other.replace("_", "-"): (text, True) for other, text in names.items()}}})


@pytest.mark.parametrize(
    ("tag", "names", "text", "chosen", "foreign"),
    [
        ("en", {"ar": "عيادة"}, "Clinic", "en", False),
        ("ar", {"ar": "عيادة"}, "عيادة", "ar", False),
        ("fa-AF", {"ar": "عيادة"}, "Clinic", "en", True),
        ("fa-AF", {"fa": "درمانگاه"}, "درمانگاه", "fa", False),
        ("fr", {}, "Clinic", "en", True),
        ("ti", {"ar": "عيادة", "fr": "Clinique"}, "عيادة", "ar", True),
        ("ckb", {"fr": "Clinique"}, "Clinic", "en", True),
    ],
)
def test_the_nearest_language_is_chosen_and_marked(tag: str, names: dict[str, str], text: str, chosen: str, foreign: bool) -> None:
    name = brief(DOCUMENT, ["health"], reader(tag, **names), TODAY).name
    assert (name.text, name.tag, name.foreign) == (text, chosen, foreign)
    assert name.direction == ("rtl" if chosen in ("ar", "fa") else "ltr")


@pytest.mark.parametrize(("told", "first"), [("Yes", True), ("referral-required", True), ("No", False), (None, False)])
def test_a_referral_is_said_only_where_the_source_says_so(told: str | None, first: bool) -> None:
    attributes = [{"id": "a", "link_type": "referral", "value": told}] if told else []
    assert whole(DOCUMENT | {"attributes": attributes}, [], reader("en"), TODAY).referral is first


def test_a_page_names_the_foreign_languages_and_machine_translations_on_it() -> None:
    made = whole(DOCUMENT, ["health"], reader("ar", ar="عيادة"), TODAY)
    assert made.tags == ("en",) and made.machine
    assert not whole(DOCUMENT, ["health"], reader("en"), TODAY).tags


@pytest.mark.parametrize(("checked", "old"), [("2026-11-01", False), ("2026-05-01", True), ("", True), ("last year", True)])
def test_what_nobody_checked_for_long_is_old(checked: str, old: bool) -> None:
    assert brief(DOCUMENT | {"assured_date": checked}, [], reader("en"), TODAY).old is old


@pytest.mark.parametrize(("until", "ended"), [("2014-12-31", True), ("2026-11-21", False), (None, False)])
def test_what_has_ended_is_said_to_have_ended(until: str | None, ended: bool) -> None:
    schedules = [{"id": "s", "freq": "WEEKLY", "byday": "MO", "valid_to": until}]
    assert brief(DOCUMENT | {"schedules": schedules}, [], reader("en"), TODAY).ended is ended


def test_no_papers_needed_is_not_the_same_as_not_known() -> None:
    told = DOCUMENT | {"attributes": [{"id": "a", "link_type": "papers", "value": "none"}]}
    assert whole(told, [], reader("en"), TODAY).papers == ()
    assert whole(DOCUMENT, [], reader("en"), TODAY).papers is None


def test_a_rare_schedule_is_told_by_its_words() -> None:
    schedule = {"id": "s", "description": "Once a month", "byday": "MO", "opens_at": "09:00"}
    (rare,) = whole(DOCUMENT | {"schedules": [schedule]}, [], reader("en"), TODAY).rare
    assert rare.often is not None and rare.often.text == "Once a month" and rare.days == (0,)
    assert rare.span is not None and rare.span.opens == "09:00"


def test_a_number_is_dialled_without_its_spaces() -> None:
    (phone,) = whole(DOCUMENT | {"phones": [{"id": "p", "number": "+999 555-0101"}]}, [], reader("en"), TODAY).phones
    assert phone.dial == "+9995550101"


def test_paragraphs_are_kept() -> None:
    description = whole(DOCUMENT, [], reader("en"), TODAY).description
    assert description is not None and description.paragraphs == ["Line one.", "Line two."]


def test_a_note_is_said_once_with_the_days_it_holds_for() -> None:
    week = [{"id": "w", "freq": "WEEKLY", "byday": "SU,MO", "opens_at": "08:00"}]
    friday = {"id": "f", "freq": "WEEKLY", "byday": "FR", "opens_at": "10:00", "notes": "Emergencies only"}
    (note,) = whole(DOCUMENT | {"schedules": [*week, friday]}, [], reader("en"), TODAY).notes
    assert note.days == (4,) and note.text.text == "Emergencies only"
    (always,) = whole(DOCUMENT | {"schedules": [week[0] | {"notes": "Ring the bell"}]}, [], reader("en"), TODAY).notes
    assert always.days == ()
