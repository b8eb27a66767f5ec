"""W Days, dates, hours and names of languages in the reader's words."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable

import flask
from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names, get_timezone_location
from flask_babel import format_date, get_locale  # type: ignore[import-untyped]
from flask_babel import gettext as _
from markupsafe import Markup

from appliance.web.dress import reader_language
from content_cache.entry import Text
from content_cache.hours import Closed, Open, State
from content_cache.weeks import Span

_COMMAS = {"Arab": "، ", "Ethi": "፣ "}


def register_words(app: flask.Flask) -> None:
    """Give templates the filters and functions of this module."""
    app.jinja_env.filters.update(day=day, day_list=day_list, span=span, listing=listing, date=date, tongue=tongue, zone=zone)
    app.jinja_env.filters.update(clock_time=clock_time, said=said, land=land, state_words=state_words)
    app.jinja_env.globals["week_order"] = week_order


def day(number: int) -> str:
    """Monday is 0."""
    # Not "stand-alone": where CLDR says it is the same as "format", Babel 2.18 keeps the first one asked for all others.
    return str(get_day_names("wide", "format", locale=get_locale())[number])


def day_list(numbers: Iterable[int]) -> Markup:
    """Several days after each other."""
    return listing(day(number) for number in numbers)


def listing(parts: Iterable[str | Markup]) -> Markup:
    """Several things after each other, with the comma of the reader's script."""
    return Markup(_COMMAS.get(reader_language().script, ", ")).join(part for part in parts if part)


def week_order(country: str) -> list[int]:
    """Days from the first of the week in that country (CLDR)."""
    first = _first_day(country)
    return [(first + n) % 7 for n in range(7)]


@functools.lru_cache(maxsize=64)
def _first_day(country: str) -> int:
    """Asked for each service on a page, and Babel looks through a thousand names of locales for it."""
    try:
        return int(Locale.parse(f"und_{country}").first_week_day)
    except (UnknownLocaleError, ValueError):
        return 0


def span(opening: Span) -> str | Markup:
    """``08:30-17:00``, kept in one piece and left to right in every script."""
    if opening.all_day:
        return str(_("Day and night"))
    if opening.closes is None:
        return str(_("From %(time)s", time=opening.opens))
    times = Markup('<bdi dir="ltr">{}–{}</bdi>').format(opening.opens, opening.closes)
    return Markup("{} {}").format(times, _("(the next day)")) if opening.overnight else times


def state_words(state: State | None, here: datetime.datetime | None) -> str | Markup:
    """Open until when, closed until when; empty where nobody can say. Made once a page for all that share their hours."""
    if here is None or not isinstance(state, (Open, Closed)):
        return ""
    said: dict[tuple[State, datetime.datetime], str | Markup] = flask.g.setdefault("state_words", {})
    if (state, here) not in said:
        said[state, here] = _state_words(state, here)
    return said[state, here]


def _state_words(state: Open | Closed, here: datetime.datetime) -> str | Markup:
    if isinstance(state, Open):
        until = state.until
        return Markup(_("Open until %(time)s")) % {"time": _when(until, here)} if until else str(_("Open day and night"))
    return Markup(_("Closed. Opens: %(time)s")) % {"time": _when(state.opens, here)} if state.opens else str(_("Closed now"))


def _when(then: datetime.datetime, here: datetime.datetime) -> Markup:
    """The time alone today and tonight, with its day within a week, else with its date."""
    days, time = (then.date() - here.date()).days, clock_time(then)
    if days == 0 or (days == 1 and then.hour < 12 <= here.hour):
        return time
    return Markup("{} {}").format(day(then.weekday()) if days < 7 else date(then.date().isoformat()), time)


def said(text: Text) -> str | Markup:
    """A text, marked with its language where that is not the reader's: what ``say`` in parts.html does, for long lists."""
    if not text.foreign:
        return text.text
    return Markup('<span lang="{}" dir="{}">{}</span>').format(text.tag, text.direction, text.text)


def clock_time(moment: datetime.datetime) -> Markup:
    """``14:05``, left to right in every script."""
    return Markup('<bdi dir="ltr">{:%H:%M}</bdi>').format(moment)


def date(iso: str) -> str:
    """An ISO date in words, the day first in every language; as it is when it is none."""
    try:
        return str(format_date(datetime.date.fromisoformat(iso[:10]), "d MMMM y"))
    except ValueError:
        return iso


def tongue(tag: str) -> str:
    """The name of a language in the reader's language; the tag itself when nobody knows it."""
    names = get_locale().languages
    name = names.get(tag.replace("-", "_")) or names.get(tag.split("-")[0])
    return str(name or tag)


def land(code: str) -> str:
    """The name of a country in the reader's language; its code when nobody knows it."""
    return str(get_locale().territories.get(code, code))


def kind_words() -> dict[str, str]:
    """Kinds of opportunities, as tabs say them."""
    return {
        "job": _("Jobs"),
        "training": _("Courses"),
        "volunteering": _("Volunteering"),
        "housing": _("Homes"),
        "event": _("Events"),
    }


def skill_words() -> dict[str, str]:
    """What a person can do."""
    return {
        "teaching": _("Teaching"),
        "childcare": _("Looking after children"),
        "health-care": _("Nursing and care"),
        "translating": _("Translating"),
        "computers": _("Computers and phones"),
        "driving": _("Driving"),
        "building": _("Building and repairs"),
        "sewing": _("Sewing"),
        "cooking": _("Cooking"),
        "farming": _("Farming"),
        "cleaning": _("Cleaning"),
        "selling": _("Selling"),
    }


def zone(name: str) -> str:
    """A time zone by its place, such as "Jordan Time"."""
    return str(get_timezone_location(name, locale=get_locale()))
