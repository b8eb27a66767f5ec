"""P What people fill in at the hub's desk -> what the desk keeps. Forms are untrusted: everything is checked again as content."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from appliance.emergency import KINDS
from appliance.errors import BadInput
from appliance.values import is_fictional
from content_cache import notices
from content_cache.publish import corrections

Form = Mapping[str, Sequence[str]]
LINES = 4
"""Lines of hours that a form offers."""
LONGEST_DAYS = 60
"""A notice that stands for ever is read by nobody."""


def notice(form: Form, id: str, now: datetime.datetime, zone: ZoneInfo) -> dict[str, Any]:
    """A notice; ``until`` is written in the site's time. Raises BadInput."""
    until = _local(_one(form, "until"), zone)
    if not now < until <= now + datetime.timedelta(days=LONGEST_DAYS):
        raise BadInput("the end is not within the next 60 days", mend="name a day and time after now")
    texts = _texts(form, "text-")
    told = {
        "id": id, "source": _one(form, "source"), "date": _utc(now), "expires": _utc(until), "priority": _one(form, "priority"),
        "written": _one(form, "written"), "texts": texts,
    }  # fmt: skip
    if told["written"] not in texts:
        raise BadInput("the text is missing in the language it is written in", mend="fill in that text, or name another language")
    return asdict(notices.notice(told))


def numbers(form: Form, *, demo: bool) -> dict[str, Any]:
    """The list of emergency numbers; none gives the word back to each site's own file. Raises BadInput."""
    named = [{"kind": kind, "number": number} for kind in KINDS if (number := _one(form, f"number-{kind}"))]
    found = [asdict(notices.number(one)) for one in named]
    for one in found:
        if is_fictional(one["number"]) and not demo:
            raise BadInput(f"{one['number']} is an invented number", mend="enter the real one, and call it first")
    return {"numbers": found}


def correction(form: Form, service: str, name: str, *, keep_hours: bool) -> corrections.Correction:
    """A correction. ``keep_hours``: the form could not show the hours, and empty lines leave them. Raises BadInput."""
    lines = [
        {"days": ",".join(form.get(f"days-{n}", ())), "opens": _one(form, f"opens-{n}"), "closes": _one(form, f"closes-{n}")}
        for n in range(corrections.MOST_HOURS)
    ]
    filled = [line for line in lines if any(line.values())]
    hours = None if keep_hours and not filled else filled
    told = {"service": service, "name": name, "status": _one(form, "status"), "alerts": _texts(form, "alert-"), "hours": hours}
    return corrections.read(told)


def _texts(form: Form, prefix: str) -> dict[str, str]:
    """Language -> what was written in it; line breaks become spaces."""
    return {name.removeprefix(prefix): text for name in form if name.startswith(prefix) and (text := _one(form, name))}


def _one(form: Form, name: str) -> str:
    return " ".join(next(iter(form.get(name, ())), "").split())


def _local(text: str, zone: ZoneInfo) -> datetime.datetime:
    try:
        return datetime.datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError as error:
        raise BadInput("the end is not a day and time", mend="write it as 2026-11-30T18:00") from error


def _utc(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
