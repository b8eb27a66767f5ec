"""W The catalogue's page at the hub: what is published, and what became of every imported record. Login is the dashboard's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, jsonify, render_template, request

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache import open_formats
from content_cache.publish import carried, desk_file, desk_views, disagreements, publisher
from content_cache.publish.shelf import Shelf

SHOWN = 50
"""Records, and disagreements, shown of a report; the whole one is at /api/v1/catalogue/report."""
_ORDER = ("refused", "mended", "merged", "kept")
"""Outcomes: what an editor must look at stands first."""


def register(app: Flask, hub_config: HubConfig, layout: Layout) -> None:
    """Add the page and its data to the hub."""
    pages, shelf = Blueprint("publish", __name__, template_folder="templates"), Shelf(layout)

    @pages.get("/catalogue-admin")
    def catalogue_admin() -> str:
        report, current = publisher.report(layout), publisher.current(layout)
        wanted = request.args.get("show", "")
        entries = [
            one for one in report.get("entries", ()) if wanted in (one["outcome"], "") and (wanted or one["notes"] or one["why"])
        ]
        entries.sort(key=lambda one: _ORDER.index(one["outcome"]))
        conflicts = report.get("conflicts", ())[:SHOWN]
        boxes = app.config["CAMPBOX_BOXES"]() if "CAMPBOX_BOXES" in app.config else []
        return render_template(
            "catalogue_admin.html", published=current, report=report, entries=entries[:SHOWN], found=len(entries), wanted=wanted,
            about=open_formats.about(current.custom) if current else {},
            licensed=bool(current and open_formats.licence(current.custom)),
            totals={kind: sum(sums[kind] for sums in report.get("sums", {}).values()) for kind in _ORDER},
            disagreements=disagreements.told(conflicts, shelf.catalogue() if conflicts else None),
            editions=publisher.editions(layout), versions=carried.versions(boxes), held=carried.held(boxes),
            released={one.hash: one for one in desk_file.load(layout).released},
        )  # fmt: skip

    @pages.get("/api/v1/catalogue")
    def published() -> Response:
        current = publisher.current(layout)
        told: dict[str, Any] = {"name": current.name, **current.custom} if current else {}
        return jsonify(published=told or None)

    @pages.get("/api/v1/catalogue/report")
    def report() -> Response:
        return jsonify(publisher.report(layout))

    desk_views.register(app, pages, hub_config, layout)
    app.register_blueprint(pages)
    app.config.setdefault("CAMPBOX_NAVIGATION", []).append(("Catalogue", "/catalogue-admin"))
