"""P Corrections of single services made at the hub: opening hours, alert text and status, laid over what was imported.

A translation says what the text before it said. When the text changes, every translation that was not written anew with it is
stale: it is left out of what boxes get (they show the new text, marked as another language) and named to the editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.errors import BadInput
from content_cache.hsds import Record, Translation, Value, record
from content_cache.needs import stable_id
from content_cache.snapshot import Catalogue

STATUSES = ("active", "temporarily closed", "inactive")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST_ALERT, MOST_HOURS = 300, 8
SOURCE = "hub"
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_HANGING = ("service_id", "service_at_location_id")


@dataclass(frozen=True)
class Hours:
    """Open on these days (``MO,TU``) from and until; until at or before from means the following day."""

    days: str
    opens: str
    closes: str


@dataclass(frozen=True)
class Correction:
    """What a service shall say. ``hours`` None leaves them as imported; ``alerts`` language tag -> text, none: no alert."""

    service: str
    name: str
    status: str
    alerts: Mapping[str, str]
    hours: tuple[Hours, ...] | None


def read(untrusted: Any) -> Correction:
    """A correction as it was kept or sent. Raises BadInput naming what is wrong."""
    try:
        alerts = {str(tag): _alert(text) for tag, text in untrusted["alerts"].items()}
        hours = untrusted["hours"]
        found = None if hours is None else tuple(_hours(one) for one in hours)
        made = Correction(str(untrusted["service"]), str(untrusted["name"]), str(untrusted["status"]), alerts, found)
    except (KeyError, TypeError, AttributeError) as error:
        raise _bad("a correction has not its form") from error
    if made.status not in STATUSES:
        raise _bad(f"status is none of {', '.join(STATUSES)}")
    if found is not None and len(found) > MOST_HOURS:
        raise _bad(f"more than {MOST_HOURS} lines of hours")
    return made


def applied(catalogue: Catalogue, corrections: Iterable[Correction]) -> Catalogue:
    """The catalogue with them; one for a service that is gone does nothing."""
    for one in corrections:
        catalogue = _apply(catalogue, one)
    return catalogue


def stale(catalogue: Catalogue, one: Correction) -> list[str]:
    """Languages whose translation of the alert the correction outdates without giving a new one."""
    service = find(catalogue, one.service)
    written = catalogue.header.language
    if service is None or service.values.get("alert", "") == one.alerts.get(written, ""):
        return []
    return sorted(t.tag for t in _alert_texts(catalogue, one.service) if one.alerts.get(t.tag) in (None, t.text))


def without_stale(catalogue: Catalogue, one: Correction) -> tuple[Correction, list[str]]:
    """The correction without translations of the text before it, and their languages."""
    gone = stale(catalogue, one)
    return replace(one, alerts={tag: text for tag, text in one.alerts.items() if tag not in gone}), gone


def find(catalogue: Catalogue, service: str) -> Record | None:
    """The service of this id."""
    return next((one for one in catalogue.records if one.entity == "service" and one.id == service), None)


def owners(catalogue: Catalogue) -> dict[str, str]:
    """Service -> its organisation and its first place, in words: many services bear the same name."""
    names = {
        one.id: str(one.values["name"])
        for one in catalogue.records
        if one.entity in ("organization", "location") and "name" in one.values
    }
    places = dict[str, str]()
    for one in catalogue.records:
        if one.entity == "service_at_location":
            places.setdefault(str(one.values.get("service_id")), names.get(str(one.values.get("location_id")), ""))
    services = [one for one in catalogue.records if one.entity == "service"]
    told = {one.id: (names.get(str(one.values.get("organization_id")), ""), places.get(one.id, "")) for one in services}
    return {
        one.id: ", ".join(dict.fromkeys(text for text in told[one.id] if text not in ("", one.values["name"]))) for one in services
    }


def current(catalogue: Catalogue, service: Record) -> Correction:
    """What a service says now, as a correction that would change nothing but the form of its hours."""
    written = catalogue.header.language
    alerts = {text.tag: text.text for text in _alert_texts(catalogue, service.id)}
    if service.values.get("alert"):
        alerts[written] = str(service.values["alert"])
    simple = [_simple(one) for one in schedules(catalogue, service.id)]
    hours = tuple(one for one in simple if one is not None) if all(simple) else None
    return Correction(service.id, str(service.values["name"]), str(service.values["status"]), alerts, hours)


def _apply(catalogue: Catalogue, one: Correction) -> Catalogue:
    service = find(catalogue, one.service)
    if service is None:
        return catalogue
    gone = {old.id for old in schedules(catalogue, one.service)} if one.hours is not None else set[str]()
    gone |= {r.id for r in catalogue.records if r.entity == "attribute" and r.values.get("link_id") in gone}
    written = catalogue.header.language
    values = {**service.values, "status": one.status, "alert": one.alerts.get(written)}
    corrected = Record("service", {name: value for name, value in values.items() if value})
    kept = [corrected if r is service else r for r in catalogue.records if r.id not in gone]
    texts = [t for t in catalogue.translations if t.id not in gone and (t.id, t.field) != (one.service, "alert")]
    # A translation of no text cannot stand; one that the editor left out is stale.
    if one.alerts.get(written):
        texts += [
            Translation("service", one.service, "alert", tag, text, SOURCE, False)
            for tag, text in one.alerts.items()
            if tag != written
        ]
    return replace(catalogue, records=(*kept, *_new_schedules(one)), translations=tuple(texts))


def _new_schedules(one: Correction) -> list[Record]:
    return [
        record(
            "schedule", id=stable_id("schedule", one.service, n), service_id=one.service, freq="WEEKLY", byday=hours.days,
            opens_at=hours.opens, closes_at=hours.closes,
        )
        for n, hours in enumerate(one.hours or ())
    ]  # fmt: skip


def schedules(catalogue: Catalogue, service: str) -> list[Record]:
    """Those of the service itself, and of the service at one of its places."""
    of = {r.id for r in catalogue.records if r.entity == "service_at_location" and r.values.get("service_id") == service}
    of.add(service)
    return [r for r in catalogue.records if r.entity == "schedule" and of & {r.values.get(name) for name in _HANGING}]


def telling(schedule: Record) -> dict[str, Value]:
    """Its values without those that say nothing: every week, and (RFC 5545 section 3.3.10) then also on which day weeks begin."""
    values = dict(schedule.values)
    if values.get("freq") == "WEEKLY" and str(values.get("interval", 1)) == "1":
        values.pop("interval", None)
        values.pop("wkst", None)
    return values


def _simple(one: Record) -> Hours | None:
    """A schedule as a line of the editor, or None where it says more than such a line can."""
    values = telling(one)
    times = [str(values.pop(name, ""))[:5] for name in ("opens_at", "closes_at")]
    days = str(values.pop("byday", ""))
    if values.pop("freq", "") != "WEEKLY" or set(values) - {"id", *_HANGING} or not all(_TIME.match(time) for time in times):
        return None
    return Hours(days, *times) if days and set(days.split(",")) <= set(DAYS) else None


def _alert_texts(catalogue: Catalogue, service: str) -> list[Translation]:
    return [t for t in catalogue.translations if (t.entity, t.id, t.field) == ("service", service, "alert")]


def _alert(untrusted: Any) -> str:
    if not isinstance(untrusted, str) or not untrusted.strip() or len(untrusted) > LONGEST_ALERT or _CONTROL.search(untrusted):
        raise _bad(f"an alert is empty, longer than {LONGEST_ALERT} characters or more than one line")
    return untrusted.strip()


def _hours(untrusted: Any) -> Hours:
    days = [day for day in DAYS if day in str(untrusted["days"]).split(",")]
    opens, closes = str(untrusted["opens"]), str(untrusted["closes"])
    if not days or not _TIME.match(opens) or not _TIME.match(closes):
        raise _bad("a line of hours needs at least one day and two times as 08:00")
    return Hours(",".join(days), opens, closes)


def _bad(what: str) -> BadInput:
    return BadInput(what, mend="mend it and send it again")
