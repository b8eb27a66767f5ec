"""W The catalogue's pages: the same for everybody, so the front may keep them; searches are kept by nobody."""

from __future__ import annotations

import datetime
import math
import time
import uuid
from dataclasses import replace
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import flask
from werkzeug.wrappers import Response

from appliance import clock
from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.limiter import Limiter
from appliance.web.dress import reader_language
from content_cache import entry, hours, needs, search_plan
from content_cache.catalogue_store import Service, Store, TooSlow
from content_cache.doors import Doors
from content_cache.entry import Brief, Reader
from content_cache.search_text import LONGEST_QUERY
from content_cache.unanswered import Unanswered
from content_cache.words import register_words

PER_PAGE, FOUND_PER_PAGE = 20, 10
"""Rows of a list, and of a search: what people look for stands among the first, and every search is made anew."""
SEARCHES, SEARCHES_PER_SECOND, ASKERS = 20, 1.0, 4_000
"""Searches of one device at once, then in a second; devices remembered."""
KEPT = "public, max-age=60"
_ELSEWHERE = {"protection": "womens-safety", "water": "water-sanitation", "papers": "registration-papers"}
"""Other words for a need in ``?need=``."""


def register(app: flask.Flask, config: SiteConfig, store: Store, layout: Layout) -> None:
    """Add every page of the catalogue to ``app``."""
    register_words(app)
    app.extensions["catalogue"], app.extensions["doors"] = store, Doors(store)
    app.jinja_env.globals["NEEDS"] = needs.BY_SLUG
    app.extensions["search_limiter"], app.extensions["search_lock"] = Limiter(SEARCHES, SEARCHES_PER_SECOND, ASKERS), Lock()
    app.extensions["unanswered"] = Unanswered(layout)
    for address, view in (
        ("/<lang>/services/", browse),
        ("/<lang>/services/need/<slug>", of_need),
        ("/<lang>/services/search", search),
        ("/<lang>/services/<uuid:id>", detail),
    ):
        app.add_url_rule(address, view_func=view, methods=["GET"], strict_slashes=False)

    @app.context_processor
    def catalogue_surroundings() -> dict[str, Any]:
        about = store.about()
        stored_sample = about is not None and bool(about.header["sample"])
        return {
            "about": about,
            "sample": config.catalogue.sample or stored_sample,
            "country": config.site.country,
            "here": _here(),
            "clock_may_err": clock.now().trust == "floor",
        }


def browse(lang: str) -> Response:
    """Icons and words of the needs, with how many services each has (``?open=now``: open now). ``?need=`` leads on."""
    wanted = flask.request.args.get("need", "")
    wanted = _ELSEWHERE.get(wanted, wanted)
    if wanted in needs.BY_SLUG:
        return flask.redirect(f"/{lang}/services/need/{wanted}{'?open=now' if _only_open() else ''}")
    counts = _store().counts_by_need(_among())
    shown = [(needs.BY_SLUG[slug], n) for slug, n in counts.items()]
    return _kept(flask.render_template("services.html", counts=shown, only_open=_only_open()))


def of_need(lang: str, slug: str) -> Response:
    """The services of one need (``?open=now``: those open now)."""
    if slug not in needs.BY_SLUG:
        flask.abort(404)
    number = _page_number()
    total, found = _store().of_need(slug, (number - 1) * PER_PAGE, PER_PAGE, _among())
    if total and not found:
        flask.abort(404)
    page = flask.render_template(
        "need.html",
        need=needs.BY_SLUG[slug],
        rows=_briefs(found, slug),
        total=total,
        only_open=_only_open(),
        **_paging(number, total),
    )
    return _kept(page)


def _only_open() -> bool:
    return flask.request.args.get("open") == "now"


def _among() -> frozenset[int] | None:
    """The timetables that are open, where the reader asked for those and the box knows the time."""
    here = _here()
    return _doors().open(here) if _only_open() and here is not None else None


def search(lang: str) -> Response:
    """What was searched stays in this request: it is in no log, no cache and no file."""
    query = flask.request.args.get("q", "")[:LONGEST_QUERY]
    number = _page_number()
    total, found = searched(query, number)
    meant = search_plan.needs_meant(query) if number == 1 else ()
    if query.strip() and not total and number == 1 and _store().about() is not None:
        flask.current_app.extensions["unanswered"].add(meant)
    known = [needs.BY_SLUG[slug] for slug in _store().counts_by_need() if slug in meant] if meant else []
    shown = {"query": query, "rows": _briefs(found), "total": total, "meant": known, **_paging(number, total, FOUND_PER_PAGE)}
    response = flask.make_response(flask.render_template("search.html", **shown))
    response.headers["Cache-Control"] = "no-store"
    return response


def searched(query: str, number: int) -> tuple[int, list[Service]]:
    """One page of answers. A device that asks too often is told to wait (429), a query that takes too long, too (503)."""
    if query.strip():
        slow_down(flask.current_app)
    try:
        return _store().search(query, (number - 1) * FOUND_PER_PAGE, FOUND_PER_PAGE, tag=reader_language().tag)
    except TooSlow:
        flask.abort(503)


def slow_down(app: flask.Flask) -> None:
    """Count one search of this device; the front names it. Kept in memory only, as long as it goes on asking."""
    limiter: Limiter = app.extensions["search_limiter"]
    device = flask.request.headers.get("X-Real-IP", flask.request.remote_addr or "")
    with app.extensions["search_lock"]:
        allowed = limiter.allows(device, time.monotonic())
    if not allowed:
        flask.abort(429)


def detail(lang: str, id: uuid.UUID) -> Response:
    """One service."""
    found = _store().service(str(id))
    if found is None:
        flask.abort(404)
    whole = entry.whole(found.document, found.needs, Reader(lang, _written(), found.texts), _today(), _here())
    return _kept(flask.render_template("service.html", whole=whole, brief=whole.brief))


def _store() -> Store:
    store: Store = flask.current_app.extensions["catalogue"]
    return store


def _doors() -> Doors:
    doors: Doors = flask.current_app.extensions["doors"]
    return doors


def _here() -> datetime.datetime | None:
    """This moment in the site's time; None while the box does not know the time."""
    moment = clock.now()
    return None if moment.trust == "none" else datetime.datetime.fromtimestamp(moment.wall, _zone())


def _today() -> datetime.date:
    return datetime.datetime.fromtimestamp(clock.now().wall, _zone()).date()


def _zone() -> ZoneInfo:
    about = _store().about()
    return hours.zone_of(str(about.header["timezone"]) if about else "UTC")


def _written() -> str:
    """The language the stored records themselves are in."""
    about = _store().about()
    return str(about.header["language"]) if about else "en"


def _briefs(found: list[Service], need: str | None = None) -> list[Brief]:
    today, here, tag, written = _today(), _here(), reader_language().tag, _written()
    return [
        replace(
            entry.brief(one.document, one.needs, Reader(tag, written, one.texts), today, need),
            state=None if here is None else _doors().state(one.timetable, here),
        )
        for one in found
    ]


def _page_number() -> int:
    text = flask.request.args.get("page", "1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 10_000:
        flask.abort(404)
    return int(text[:6])


def _paging(number: int, total: int, size: int = PER_PAGE) -> dict[str, int]:
    return {"page": number, "pages": max(1, math.ceil(total / size))}


def _kept(page: str) -> Response:
    response = flask.make_response(page)
    response.headers["Cache-Control"] = KEPT
    response.add_etag()
    conditional: Response = response.make_conditional(flask.request)
    return conditional
