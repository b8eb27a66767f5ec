"""W What the catalogue's pages share: the catalogue itself, this moment at the site, rows of lists, and what the front may keep."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import flask
from werkzeug.wrappers import Response

from appliance import clock
from appliance.config import SiteConfig
from appliance.moment import Moment
from appliance.web.dress import reader_language
from content_cache import entry, hours
from content_cache.catalogue_store import About, Service, Store
from content_cache.doors import Doors
from content_cache.entry import Brief, Reader
from content_cache.hours import State
from content_cache.shelves import Shelf, Shelves

PER_PAGE = 20
KEPT = "public, max-age=60"


def site() -> SiteConfig:
    """This box's site file."""
    config: SiteConfig = flask.current_app.extensions["campbox"]["config"]
    return config


def store() -> Store:
    """The stored catalogue."""
    found: Store = flask.current_app.extensions["catalogue"]
    return found


def doors() -> Doors:
    """Which services are open."""
    found: Doors = flask.current_app.extensions["doors"]
    return found


def shelf() -> Shelf:
    """The catalogue by place, language and opportunity."""
    found: Shelves = flask.current_app.extensions["shelves"]
    return found.shelf()


def about() -> About | None:
    """What the catalogue says of itself; asked once a page."""
    if "about" not in flask.g:
        flask.g.about = store().about()
    found: About | None = flask.g.about
    return found


def moment() -> Moment:
    """The moment of this page."""
    if "moment" not in flask.g:
        flask.g.moment = clock.now()
    found: Moment = flask.g.moment
    return found


def here() -> datetime.datetime | None:
    """This moment in the site's time; None while the box does not know the time."""
    return None if moment().trust == "none" else datetime.datetime.fromtimestamp(moment().wall, zone())


def today() -> datetime.date:
    """The day at the site, as far as the box knows it."""
    return datetime.datetime.fromtimestamp(moment().wall, zone()).date()


def zone() -> ZoneInfo:
    """The catalogue's time zone."""
    known = about()
    return hours.zone_of(str(known.header["timezone"]) if known else "UTC")


def written() -> str:
    """The language the stored records themselves are in."""
    known = about()
    return str(known.header["language"]) if known else "en"


def only_open() -> bool:
    """Whether the reader asked for what is open now."""
    return flask.request.args.get("open") == "now"


def among() -> frozenset[int] | None:
    """The timetables that are open, where the reader asked for those and the box knows the time."""
    now = here() if only_open() else None
    return doors().open(now) if now is not None else None


def briefs(found: list[Service], need: str = "") -> list[Brief]:
    """Rows of a list."""
    day, now, tag, origin = today(), here(), reader_language().tag, written()
    states: Mapping[int, State] = {} if now is None else doors().states({one.timetable for one in found}, now)
    return [
        entry.brief(one.document, one.needs, Reader(tag, origin, one.texts), day, need, states.get(one.timetable)) for one in found
    ]


def page_number() -> int:
    """Of ``?page=``; not found for what is no number."""
    text = flask.request.args.get("page", "1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 10_000:
        flask.abort(404)
    return int(text[:6])


def paging(number: int, total: int, size: int = PER_PAGE) -> dict[str, int]:
    """For the links to other pages of a list."""
    return {"page": number, "pages": max(1, math.ceil(total / size))}


def listed(positions: Sequence[int]) -> dict[str, Any]:
    """One page of these services, for ``parts.listed``; not found behind the last one."""
    number, opened, hours_of = page_number(), among(), shelf().hours
    wanted = positions if opened is None else [one for one in positions if hours_of[one] in opened]
    shown = wanted[(number - 1) * PER_PAGE : number * PER_PAGE]
    if wanted and not shown:
        flask.abort(404)
    rows = briefs(store().chosen(shown))
    return {"rows": rows, "total": len(wanted), "only_open": only_open(), **paging(number, len(wanted))}


def kept(page: str) -> Response:
    """A page that is the same for everybody: the front keeps it for seconds, a phone for a minute."""
    response = flask.make_response(page)
    response.headers["Cache-Control"] = KEPT
    response.add_etag()
    conditional: Response = response.make_conditional(flask.request)
    return conditional


def unkept(page: str) -> Response:
    """A page made for what one person chose: nobody keeps it."""
    response = flask.make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
