"""W The hub's desk as pages: notices, emergency numbers, corrections of services, vetting, releases. Login is the dashboard's."""

from __future__ import annotations

import datetime
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import flask
from flask import Blueprint, Flask, abort, g, redirect, render_template, request
from tuf.api.exceptions import RepositoryError
from werkzeug.wrappers import Response

from appliance import clock
from appliance.emergency import KINDS
from appliance.errors import BadInput, CampboxError
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.web.languages import BY_TAG, LANGUAGES
from content_cache import notices
from content_cache.publish import corrections, delegates, desk, desk_file, desk_forms, desk_signing, publisher, vetting
from content_cache.publish.desk import Desk, Item
from content_cache.publish.lost_words import lost_words
from content_cache.publish.shelf import Shelf
from content_cache.publish.signing import LIFE

log = logging.getLogger(__name__)
FOUND = 50
"""Services that a search shows."""
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_SERVICES, _ORGANISATIONS = "/catalogue-admin/services", "/catalogue-admin/organisations"
_BACK = {"notice": "/notices", "numbers": "/notices", "correction": _SERVICES, "vetting": _ORGANISATIONS}
View = Response | str | tuple[str, int]


class DeskViews:
    """The pages of one hub."""

    def __init__(self, hub_config: HubConfig, layout: Layout) -> None:
        self.config, self.layout, self.shelf = hub_config, layout, Shelf(layout)

    def register(self, pages: Blueprint) -> None:
        """Add every page."""
        for address, view in (("/notices", self.notices), (_SERVICES, self.services), (_ORGANISATIONS, self.organisations)):
            pages.add_url_rule(address, view_func=view, methods=["GET"])
        pages.add_url_rule("/catalogue-admin/services/<uuid:id>", view_func=self.service, methods=["GET"])
        for address, deed in (
            ("/notices", self.write_notice),
            ("/notices/numbers", self.write_numbers),
            ("/catalogue-admin/services/<uuid:id>", self.correct),
            (f"{_ORGANISATIONS}/<uuid:id>", self.vet),
            ("/desk/<id>/approve", self.approve),
            ("/desk/<id>/end", self.end),
            ("/catalogue-admin/release", self.release),
        ):
            pages.add_url_rule(address, endpoint=deed.__name__, view_func=deed, methods=["POST"])

    def notices(self, problem: str = "") -> str:
        """What stands, what waits, and the form for a new one."""
        standing, now = desk_file.load(self.layout), desk_file.stamp()
        return render_template(
            "desk_notices.html", problem=problem, now=now, user=_user(), zone=self._zone().key, kinds=KINDS, languages=LANGUAGES,
            by_tag=BY_TAG, waiting=standing.of("notice", "waiting"), live=desk.standing(standing, now), past=_past(standing, now),
            priorities=notices.PRIORITIES, longest=notices.LONGEST_TEXT, called=_called(standing),
            numbers_waiting=standing.of("numbers", "waiting"), form=request.form, soon=self._soon(),
        )  # fmt: skip

    def write_notice(self) -> View:
        """A new notice; it waits for a second person."""
        now = datetime.datetime.fromtimestamp(clock.now().wall, datetime.UTC)
        return self._try(
            lambda: self._propose("notice", desk_forms.notice(_form(), secrets.token_hex(6), now, self._zone())), self.notices
        )

    def write_numbers(self) -> View:
        """A new list of emergency numbers; it waits for a second person."""
        return self._try(lambda: self._propose("numbers", desk_forms.numbers(_form(), demo=self.config.demo)), self.notices)

    def services(self, problem: str = "") -> str:
        """Services to correct, and corrections that wait or stand."""
        catalogue, query = self.shelf.catalogue(), request.args.get("q", "")[:100].strip().casefold()
        found = [] if catalogue is None else [r for r in catalogue.records if r.entity == "service"]
        named = sorted((r for r in found if query in str(r.values["name"]).casefold()), key=lambda r: str(r.values["name"]))
        standing = desk_file.load(self.layout)
        return render_template(
            "desk_services.html", problem=problem, services=named[:FOUND], found=len(named), query=query, user=_user(),
            waiting=standing.of("correction", "waiting"), live=standing.of("correction", "live"), missing=catalogue is None,
            by_tag=BY_TAG, owners=corrections.owners(catalogue) if catalogue else {},
        )  # fmt: skip

    def service(self, id: Any, problem: str = "") -> str:
        """The form for one service, filled with what it says now."""
        catalogue = self.shelf.catalogue()
        found = corrections.find(catalogue, str(id)) if catalogue else None
        if catalogue is None or found is None:
            abort(404)
        written, now = catalogue.header.language, corrections.current(catalogue, found)
        owner = corrections.owners(catalogue).get(found.id, "")
        tags = [written, *(tag for tag in (one.tag for one in LANGUAGES) if tag != written)]
        return render_template(
            "desk_service.html", problem=problem, service=found, owner=owner, now=now, written=written, tags=tags, by_tag=BY_TAG,
            statuses=corrections.STATUSES, days=corrections.DAYS, longest=corrections.LONGEST_ALERT,
            lines=[*(now.hours or ()), *[None] * desk_forms.LINES][: corrections.MOST_HOURS],
            lost=lost_words(catalogue, replace(now, hours=())),
        )  # fmt: skip

    def correct(self, id: Any) -> View:
        """A correction of one service; it waits for a second person."""
        catalogue = self.shelf.catalogue()
        found = corrections.find(catalogue, str(id)) if catalogue else None
        if catalogue is None or found is None:
            abort(404)
        keep = corrections.current(catalogue, found).hours is None
        return self._try(
            lambda: self._propose("correction", self._content(desk_forms.correction(_form(), found.id, str(found.values["name"]),
                                                                                    keep_hours=keep))),
            lambda problem: self.service(id, problem),
        )  # fmt: skip

    def organisations(self, problem: str = "") -> str:
        """Who may sign for their own services, and whom the hub has vetted."""
        catalogue, standing = self.shelf.catalogue(), desk_file.load(self.layout)
        found = vetting.organisations(catalogue) if catalogue else []
        return render_template(
            "desk_organisations.html", problem=problem, user=_user(), missing=catalogue is None,
            offering=[one for one in found if one.asking or one.day],
            others=[one for one in found if not one.asking and not one.day],
            names={one.id: one for one in found}, roles=publisher.roles(self.layout), now=publisher.now(),
            waiting=standing.of("vetting", "waiting"),
            live={one.content["organisation"]: one for one in standing.of("vetting", "live")},
        )  # fmt: skip

    def vet(self, id: Any) -> View:
        """Somebody has looked at an organisation; it waits for a second person."""
        catalogue = self.shelf.catalogue()
        if catalogue is None:
            abort(404)
        day = desk_file.stamp()[:10]
        return self._try(lambda: self._propose("vetting", vetting.content(catalogue, str(id), day)), self.organisations)

    def approve(self, id: str) -> View:
        """A second person says yes: it is signed now."""
        return self._decide(id, desk.approve)

    def end(self, id: str) -> View:
        """Take it back."""
        return self._decide(id, desk.end)

    def release(self) -> View:
        """A person has looked at a catalogue that boxes hold back."""
        hash = request.form.get("hash", "")
        if not _HASH.match(hash):
            abort(400)
        self._change(lambda standing: desk.release(standing, hash, _user(), desk_file.stamp()))
        return redirect("/catalogue-admin", 303)

    def signatures_that_end(self) -> list[tuple[str, str]]:
        """What every page of the hub shows while an organisation must sign anew."""
        now = publisher.now()
        try:
            ending = [one for one in publisher.roles(self.layout) if one.ends_soon(now)]
            catalogue = self.shelf.catalogue() if ending else None
        except (CampboxError, RepositoryError, OSError) as error:  # a damaged repository must not close every page of the hub
            log.warning("cannot look for signatures that end: %s", error)
            return []
        names = {one.id: one.name for one in vetting.organisations(catalogue)} if catalogue else {}
        return [(delegates.warning(one, names.get(one.organisation, one.organisation), now), _ORGANISATIONS) for one in ending]

    def root_that_ends(self) -> list[tuple[str, str]]:
        """What every page of the hub shows from when a third of the root's life is left: only a person can fetch the drawer."""
        try:
            ends = publisher.root_ends(self.layout)
        except (CampboxError, RepositoryError, OSError) as error:
            log.warning("cannot look when the root ends: %s", error)
            return []
        if ends is None or ends - publisher.now() >= datetime.timedelta(days=LIFE["root"]) / 3:
            return []
        words = (
            f"The catalogue's root is good until {ends:%Y-%m-%d}, and boxes take nothing after that: campbox catalogue keys renew"
        )
        return [(f"{words} --drawer FOLDER", "/catalogue-admin")]

    def _decide(self, id: str, deed: Callable[[Desk, str, str, str], Desk]) -> View:
        kind = ""

        def decide() -> str:
            nonlocal kind
            kind = desk_file.load(self.layout).find(id).kind
            self._change(lambda standing: deed(standing, id, _user(), desk_file.stamp()))
            return _BACK[kind]

        pages = {"correction": self.services, "vetting": self.organisations}
        return self._try(decide, lambda problem: pages.get(kind, self.notices)(problem))

    def _propose(self, kind: desk.Kind, content: dict[str, Any]) -> str:
        item = Item(secrets.token_hex(6), kind, content, _user(), desk_file.stamp())
        self._change(lambda standing: desk.propose(standing, item))
        return _BACK[kind]

    def _content(self, one: corrections.Correction) -> dict[str, Any]:
        """A correction as the desk keeps it, with what it outdates: languages of the alert, and words that go with the hours."""
        catalogue = self.shelf.catalogue()
        if catalogue is None:
            raise BadInput("nothing is published yet", mend="import services first")
        fresh, stale = corrections.without_stale(catalogue, one)
        return {**desk_file.as_content(fresh), "stale": stale, "lost": lost_words(catalogue, fresh)}

    def _change(self, deed: Callable[[Desk], Desk]) -> None:
        desk_file.change(self.layout, deed, lambda before, after: desk_signing.sign(self.layout, before, after))

    def _try(self, deed: Callable[[], str], page: Callable[[str], str]) -> View:
        """Do it and lead to the page it returns; what is wrong stands above the page it came from, with what was filled in."""
        try:
            return redirect(deed(), 303)
        except CampboxError as error:
            return page(f"{error.what}; {error.mend}"), 400 if isinstance(error, BadInput) else 409

    def _zone(self) -> ZoneInfo:
        catalogue = self.shelf.catalogue()
        return ZoneInfo(catalogue.header.timezone if catalogue else "UTC")

    def _soon(self) -> str:
        """Tomorrow evening in the site's time: where most notices end."""
        now = datetime.datetime.fromtimestamp(clock.now().wall, self._zone())
        return (now + datetime.timedelta(days=1)).strftime("%Y-%m-%dT18:00")


def register(app: Flask, pages: Blueprint, hub_config: HubConfig, layout: Layout) -> None:
    """Add the desk to the hub."""
    views = DeskViews(hub_config, layout)
    views.register(pages)
    app.config.setdefault("CAMPBOX_ALARMS", []).extend([views.signatures_that_end, views.root_that_ends])
    app.config.setdefault("CAMPBOX_NAVIGATION", []).append(("Notices", "/notices"))


def _user() -> str:
    return str(g.get("user", "")) or "?"


def _form() -> desk_forms.Form:
    return flask.request.form.to_dict(flat=False)


def _called(standing: Desk) -> dict[str, str]:
    return {one["kind"]: one["number"] for item in standing.of("numbers", "live") for one in item.content["numbers"]}


def _past(standing: Desk, now: str) -> list[Item]:
    over = [item for item in standing.of("notice", "live") if item.content["expires"] <= now]
    return [*over, *standing.of("notice", "ended")][:20]
