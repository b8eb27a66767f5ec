"""W The catalogue's pages: the same for everybody, so the front may keep them; searches are kept by nobody."""

from __future__ import annotations

import time
import uuid
from threading import Lock
from typing import Any

import flask
from werkzeug.wrappers import Response

from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.limiter import Limiter
from appliance.web.dress import reader_language
from content_cache import entry, geometry, journey, needs, opportunities, outlines, search_plan
from content_cache import page_parts as parts
from content_cache.catalogue_store import Service, Store, TooSlow
from content_cache.doors import Doors
from content_cache.entry import Reader
from content_cache.page_parts import PER_PAGE
from content_cache.search_text import LONGEST_QUERY
from content_cache.shelves import Shelves, Spot
from content_cache.unanswered import Unanswered
from content_cache.words import kind_words, register_words

FOUND_PER_PAGE = 10
"""Rows of a search: what people look for stands among the first, and every search is made anew."""
SEARCHES, SEARCHES_PER_SECOND, ASKERS = 20, 1.0, 4_000
"""Searches of one device at once, then in a second; devices remembered."""
_ELSEWHERE = {"protection": "womens-safety", "water": "water-sanitation", "papers": "registration-papers"}
"""Other words for a need in ``?need=``."""


def register(app: flask.Flask, config: SiteConfig, store: Store, layout: Layout) -> None:
    """Add the pages of needs, searches and services to ``app``, and what every page of the catalogue needs."""
    register_words(app)
    app.extensions["catalogue"], app.extensions["doors"] = store, Doors(store)
    app.extensions["shelves"] = Shelves(store)
    app.jinja_env.globals.update(NEEDS=needs.BY_SLUG, STEPS=journey.STEPS, KINDS=opportunities.KINDS)
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
        about = parts.about()
        stored_sample = about is not None and bool(about.header["sample"])
        return {
            "about": about,
            "sample": config.catalogue.sample or stored_sample,
            "country": config.site.country,
            "here": parts.here(),
            "clock_may_err": parts.moment().trust == "floor",
        }


def browse(lang: str) -> Response:
    """Icons and words of the needs, with how many services each has (``?open=now``: open now). ``?need=`` leads on."""
    wanted = flask.request.args.get("need", "")
    wanted = _ELSEWHERE.get(wanted, wanted)
    if wanted in needs.BY_SLUG:
        return flask.redirect(f"/{lang}/services/need/{wanted}{'?open=now' if parts.only_open() else ''}")
    counts = parts.store().counts_by_need(parts.among())
    shown = [(needs.BY_SLUG[slug], n) for slug, n in counts.items()]
    return parts.kept(flask.render_template("services.html", counts=shown, only_open=parts.only_open()))


def of_need(lang: str, slug: str) -> Response:
    """The services of one need (``?open=now``: those open now)."""
    if slug not in needs.BY_SLUG:
        flask.abort(404)
    number = parts.page_number()
    total, found = parts.store().of_need(slug, (number - 1) * PER_PAGE, PER_PAGE, parts.among())
    if total and not found:
        flask.abort(404)
    page = flask.render_template(
        "need.html",
        need=needs.BY_SLUG[slug],
        rows=parts.briefs(found, slug),
        total=total,
        only_open=parts.only_open(),
        **parts.paging(number, total),
    )
    return parts.kept(page)


def search(lang: str) -> Response:
    """What was searched stays in this request: it is in no log, no cache and no file."""
    query = flask.request.args.get("q", "")[:LONGEST_QUERY]
    number = parts.page_number()
    total, found = searched(query, number)
    meant = search_plan.needs_meant(query) if number == 1 else ()
    if query.strip() and not total and number == 1 and parts.about() is not None:
        flask.current_app.extensions["unanswered"].add(meant)
    known = [need for need in needs.NEEDS if need.slug in meant and parts.store().how_many(need.slug)]
    shown = {"query": query, "rows": parts.briefs(found), "total": total, "meant": known}
    return parts.unkept(flask.render_template("search.html", **shown, **parts.paging(number, total, FOUND_PER_PAGE)))


def searched(query: str, number: int) -> tuple[int, list[Service]]:
    """One page of answers. A device that asks too often is told to wait (429), a query that takes too long, too (503)."""
    if query.strip():
        slow_down(flask.current_app)
    try:
        return parts.store().search(query, (number - 1) * FOUND_PER_PAGE, FOUND_PER_PAGE, tag=reader_language().tag)
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
    found = parts.store().service(str(id))
    if found is None:
        flask.abort(404)
    whole = entry.whole(found.document, found.needs, Reader(lang, parts.written(), found.texts), parts.today(), parts.here())
    offer = opportunities.offer(found.document)
    shown = {"whole": whole, "brief": whole.brief, "offer": offer, "over": offer is not None and offer.over(parts.today())}
    shown["kind"] = kind_words()[offer.kind] if offer else ""
    return parts.kept(flask.render_template("service.html", **shown, maps=_maps(whole, lang)))


def _maps(whole: entry.Whole, lang: str) -> dict[str, dict[str, Any]]:
    """Place -> its small map, and the names and distances of the places around it."""
    shelf, found = parts.shelf(), dict[str, dict[str, Any]]()
    for place in whole.places:
        if place.id in shelf.ground.points:
            near = shelf.ground.neighbours(place.id)
            around = [(one.id, spot_name(lang, shelf.spots[one.id]), geometry.told(one.metres)) for one in near]
            drawn = geometry.sketch(place.id, shelf.ground, near)
            shapes = [outlines.read(shelf.spots[id].shape) for id in (place.id, *(one.id for one in near))]
            paths = [outlines.path(shape, drawn.at) for shape in shapes if shape] if drawn else []
            found[place.id] = {"sketch": drawn, "around": around, "paths": paths}
    return found


def spot_name(lang: str, spot: Spot) -> entry.Text | None:
    """The name of a place in the reader's language, or the nearest there is."""
    return Reader(lang, parts.written(), {str(spot.record["id"]): {"name": spot.names}}).pick(spot.record, "name")
