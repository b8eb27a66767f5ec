"""W The catalogue by place, by language spoken and by step of the journey."""

from __future__ import annotations

import itertools
import uuid

import flask
from werkzeug.wrappers import Response

from content_cache import journey, needs
from content_cache import page_parts as parts
from content_cache.pages import spot_name

PLACES_PER_PAGE = 40


def register(app: flask.Flask) -> None:
    """Add these pages to ``app``."""
    for address, view in (
        ("/<lang>/services/places", places),
        ("/<lang>/services/place/<uuid:id>", place),
        ("/<lang>/services/languages", languages),
        ("/<lang>/services/language/<code>", language),
        ("/<lang>/services/steps", steps),
        ("/<lang>/services/step/<slug>", step),
    ):
        app.add_url_rule(address, view_func=view, methods=["GET"], strict_slashes=False)


def places(lang: str) -> Response:
    """Every place that has services, district by district and sector by sector."""
    spots, number = list(parts.shelf().spots.items()), parts.page_number()
    shown = spots[(number - 1) * PLACES_PER_PAGE : number * PLACES_PER_PAGE]
    if spots and not shown:
        flask.abort(404)
    areas = [
        (area, [(id, spot_name(lang, spot), spot) for id, spot in group])
        for area, group in itertools.groupby(shown, key=lambda one: (one[1].district, one[1].sector))
    ]
    return parts.kept(flask.render_template("places.html", areas=areas, **parts.paging(number, len(spots), PLACES_PER_PAGE)))


def place(lang: str, id: uuid.UUID) -> Response:
    """The services at one place."""
    spot = parts.shelf().spots.get(str(id))
    if spot is None:
        flask.abort(404)
    return parts.kept(
        flask.render_template("place.html", id=id, name=spot_name(lang, spot), spot=spot, **parts.listed(spot.services))
    )


def languages(lang: str) -> Response:
    """Every language that is spoken somewhere, the most spoken first."""
    spoken = sorted(parts.shelf().spoken.items(), key=lambda one: (-len(one[1]), one[0]))
    return parts.kept(flask.render_template("spoken.html", spoken=[(code, len(found)) for code, found in spoken]))


def language(lang: str, code: str) -> Response:
    """The services where one language is spoken."""
    spoken = parts.shelf().spoken.get(code)
    if spoken is None:
        flask.abort(404)
    return parts.kept(flask.render_template("speaks.html", code=code, **parts.listed(spoken)))


def steps(lang: str) -> Response:
    """The steps of a journey."""
    return parts.kept(flask.render_template("steps.html"))


def step(lang: str, slug: str) -> Response:
    """The needs of one step, the most urgent first, with how many services each has."""
    if slug not in journey.BY_SLUG:
        flask.abort(404)
    counts = parts.store().counts_by_need(parts.among())
    known = journey.BY_SLUG[slug]
    shown = [(needs.BY_SLUG[need], counts[need]) for need in known.needs if need in counts]
    return parts.kept(flask.render_template("step.html", step=known, counts=shown, only_open=parts.only_open()))
