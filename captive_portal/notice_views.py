"""W Camp notices and emergency numbers for the templates: ``notices()``, ``numbers()`` and ``clock_unsure()``, as they are now."""

from __future__ import annotations

import datetime
from typing import Any

import flask
from flask_babel import format_date, format_time  # type: ignore[import-untyped]

from appliance import clock, facts
from appliance.config import SiteConfig
from appliance.emergency import Number
from appliance.layout import Layout
from appliance.moment import Moment
from appliance.values import dial
from appliance.web.dress import reader_language
from captive_portal import board

FACTS = "notices"


def register(app: flask.Flask, config: SiteConfig) -> None:
    """Give them to every template; they are looked up where a page shows them."""
    app.jinja_env.filters.update(dial=dial, day=_day, day_and_time=_day_and_time)
    layout: Layout = app.extensions["campbox"]["layout"]

    def notices() -> list[board.Shown]:
        return board.shown(facts.read(layout, FACTS), reader_language(), clock.now())

    def numbers() -> list[Number]:
        return board.numbers(facts.read(layout, FACTS), config.emergency, sample=config.catalogue.sample)

    app.jinja_env.globals.update(notices=notices, numbers=numbers, clock_unsure=lambda: clock.now().trust != "synced")


def state(layout: Layout, moment: Moment) -> tuple[object, ...]:
    """Changes exactly when the pages that stand ready have to say something else."""
    told = facts.read(layout, FACTS)
    listed = told.get("notices")
    holding = [
        one.get("id") for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict) and _holds(one, moment)
    ]
    return (str(told), tuple(map(str, holding)), moment.trust == "synced")


def _holds(told: dict[str, Any], moment: Moment) -> bool:
    try:
        return moment.trust != "synced" or datetime.datetime.fromisoformat(str(told["expires"])).timestamp() > moment.wall
    except (KeyError, ValueError, OverflowError):
        return False


def _day(moment: datetime.datetime) -> str:
    text: str = format_date(moment, "medium")
    return text


def _day_and_time(moment: datetime.datetime) -> str:
    return f"{_day(moment)}, {format_time(moment, 'short')}"
