"""W Opportunities and vouchers. What a person ticks lives in the address alone: nobody keeps that page, nobody writes it down."""

from __future__ import annotations

from dataclasses import dataclass

import flask
from werkzeug.wrappers import Response

from content_cache import opportunities
from content_cache import page_parts as parts
from content_cache.entry import Brief
from content_cache.opportunities import Fit, Offer
from content_cache.pages import slow_down
from content_cache.words import kind_words, skill_words, tongue

OFFERS_PER_PAGE = 10
_ASKED = ("skill", "speak")


@dataclass(frozen=True)
class Row:
    """One opportunity in a list; ``fit`` is None where the reader ticked nothing, ``asks`` what it asks for besides, in words."""

    brief: Brief
    offer: Offer
    fit: Fit | None
    asks: tuple[str, ...]


def register(app: flask.Flask) -> None:
    """Add these pages to ``app``."""
    app.jinja_env.globals["SKILLS"] = opportunities.SKILLS
    for address, view in (
        ("/<lang>/services/offers", offers),
        ("/<lang>/services/offers/<kind>", offers),
        ("/<lang>/services/vouchers", vouchers),
    ):
        app.add_url_rule(address, view_func=view, methods=["GET"], strict_slashes=False)


def offers(lang: str, kind: str = "") -> Response:
    """Opportunities that are not over, those that fit first (``?skill=`` and ``?speak=``, several of each)."""
    if kind and kind not in opportunities.KINDS:
        flask.abort(404)
    day = parts.today()
    known = {position: one for position, one in parts.shelf().offers.items() if not one.over(day)}
    spoken = sorted({tag for one in known.values() for tag in one.languages})
    skills = opportunities.ticked(flask.request.args.getlist("skill"), opportunities.SKILLS)
    speaks = opportunities.ticked(flask.request.args.getlist("speak"), spoken)
    asked = any(name in flask.request.args for name in _ASKED)
    if asked:
        slow_down(flask.current_app)
    wanted = {position: one for position, one in known.items() if not kind or one.kind == kind}
    order = sorted(wanted, key=lambda position: _order(wanted[position], position, skills, speaks, asked))
    number = parts.page_number()
    shown = order[(number - 1) * OFFERS_PER_PAGE : number * OFFERS_PER_PAGE]
    if order and not shown:
        flask.abort(404)
    page = flask.render_template(
        "offers.html",
        rows=_rows(shown, wanted, skills, speaks, asked),
        kind=kind,
        total=len(order),
        spoken=spoken,
        kinds=kind_words(),
        skill_words=skill_words(),
        skills=skills,
        speaks=speaks,
        choice="".join(
            f"{name}={value}&" for name, chosen in zip(_ASKED, (skills, speaks), strict=True) for value in sorted(chosen)
        ),
        **parts.paging(number, len(order), OFFERS_PER_PAGE),
    )
    return parts.unkept(page) if asked else parts.kept(page)


def vouchers(lang: str) -> Response:
    """What vouchers are, how their codes are kept safe, and which partners have a scheme."""
    return parts.kept(flask.render_template("vouchers.html", **parts.listed(parts.shelf().vouchers)))


def _order(one: Offer, position: int, skills: frozenset[str], speaks: frozenset[str], asked: bool) -> tuple[int, str, int]:
    """What fits best first; then what is soonest over."""
    lacks = 0
    if asked:
        missing = opportunities.fit(one, skills, speaks)
        lacks = len(missing.skills) + bool(missing.languages)
    return lacks, one.last_day or "9999", position


def _rows(shown: list[int], known: dict[int, Offer], skills: frozenset[str], speaks: frozenset[str], asked: bool) -> list[Row]:
    by_place = dict(zip(sorted(shown), parts.briefs(parts.store().chosen(shown)), strict=True))
    words = skill_words()
    rows = list[Row]()
    for position in shown:
        fit = opportunities.fit(known[position], skills, speaks)
        asks = (*(words[skill] for skill in sorted(fit.skills)), *map(tongue, sorted(fit.languages)))
        rows.append(Row(by_place[position], known[position], fit if asked else None, asks))
    return rows
