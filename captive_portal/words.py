"""W Numbers, times and refusals in the reader's words."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import flask
from babel import units
from flask_babel import format_time, format_timedelta, get_locale  # type: ignore[import-untyped]
from flask_babel import gettext as _

from appliance import clock


def register_words(app: flask.Flask) -> None:
    """Give templates the filters ``speed``, ``amount``, ``lasting`` and ``until``, and the function ``refusal``."""
    app.jinja_env.filters.update(speed=speed, amount=amount, lasting=lasting, until=until)
    app.jinja_env.globals["refusal"] = refusal


def speed(bits_per_second: int) -> str:
    """A data rate, such as "2.5 Mb/s", in the reader's numerals."""
    if bits_per_second >= 1_000_000:
        return _rate(bits_per_second / 1_000_000, "digital-megabit")
    return _rate(bits_per_second / 1_000, "digital-kilobit")


def _rate(value: float, unit: str) -> str:
    rounded = round(value, 1) if value < 10 else round(value)
    text = units.format_compound_unit(rounded, unit, denominator_unit="duration-second", length="short", locale=get_locale())
    return str(text)


def amount(count: int) -> str:
    """A number of bytes, such as "3.4 MB"."""
    for size, unit in ((1_000_000_000, "digital-gigabyte"), (1_000_000, "digital-megabyte"), (1_000, "digital-kilobyte")):
        if count >= size:
            value = count / size
            return units.format_unit(round(value, 1) if value < 10 else round(value), unit, "short", locale=get_locale())
    return units.format_unit(count, "digital-byte", "short", locale=get_locale())


def lasting(seconds: int) -> str:
    """A length of time, such as "12 hours"."""
    text: str = format_timedelta(datetime.timedelta(seconds=seconds), threshold=1.5)
    return text


def until(seconds: int) -> str:
    """The time of day ``seconds`` from now, or nothing while the box does not know the time."""
    now = clock.now()
    if now.trust == "none":
        return ""
    text: str = format_time(datetime.datetime.fromtimestamp(now.wall + seconds, datetime.UTC), "short")
    return text


def refusal(why: str) -> tuple[str, str, int]:
    """Heading, advice and HTTP status for a gate's "no"."""
    if why == "full":
        return _("Too many people are connected"), _("Wait a few minutes. Then try again."), 503
    if why == "unknown-device":
        return _("The Wi-Fi does not see your phone yet"), _("Turn Wi-Fi off and on. Then try again."), 409
    if why == "not-on-lan":
        return _("You are not on this Wi-Fi"), _("Join the Wi-Fi first. Then open this page again."), 403
    if why == "not-allowed":
        return _("Your phone cannot connect now"), _("Ask the staff of this place for help."), 403
    if why == "used-up":
        return _("You used your data for today"), _("Everyone gets the same amount a day."), 403
    if why == "wrong-code":
        return _("The code is not right"), _("Check the digits. Then try again."), 403
    if why == "wait":
        return _("Too many tries"), _("Wait a few minutes. Then try again."), 429
    if why == "not-connected":
        return _("You are not connected yet"), _("Connect first. Then you can get a code."), 409
    return _("Connecting does not work right now"), _("Wait one minute. Then try again."), 503


def refused(answer: Mapping[str, Any], back: str = "") -> tuple[str, int]:
    """The page for a gate's "no": what happened, what to do, and the way ``back``."""
    why = str(answer.get("why"))
    heading, advice, status = refusal(why)
    renews = answer.get("renews_seconds")
    return flask.render_template("refused.html", heading=heading, advice=advice, why=why, renews=renews, back=back), status
