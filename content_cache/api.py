"""W The read-only HSDS 3.1 API below /hsds, as the specification's OpenAPI names it, on a box and at the hub."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import flask
from werkzeug.wrappers import Response

from appliance.errors import BadInput
from content_cache import api_questions
from content_cache.api_questions import Question
from content_cache.catalogue_records import MOST, Records
from content_cache.catalogue_store import Store, TooSlow

ABOUT = {
    "version": "3.1",
    "profile": "https://docs.openreferral.org/en/latest/hsds/overview.html",
    "openapi_url": "https://raw.githubusercontent.com/openreferral/specification/3.1/schema/openapi.json",
}
_ENTITIES = {
    "services": "service", "organizations": "organization", "service_at_locations": "service_at_location",
    "taxonomies": "taxonomy", "taxonomy_terms": "taxonomy_term",
}  # fmt: skip
_KIND = f"<any({', '.join(_ENTITIES)}):kind>"


def register(app: flask.Flask, store: Store, slow_down: Callable[[flask.Flask], None] = lambda _app: None) -> None:
    """Add the API to ``app``. ``slow_down`` is called before every search, and may refuse it."""
    api, records = flask.Blueprint("hsds", __name__, url_prefix="/hsds"), Records(store)

    @api.get("/", strict_slashes=False)
    def about() -> Response:
        """What this API is."""
        return _answer(ABOUT)

    # The specification's lists may be asked for by POST as well, with the same parameters in the address: reading all the same.
    @api.route(f"/{_KIND}", methods=["GET", "POST"], strict_slashes=False)
    def listed(kind: str) -> Response:
        """One page of an entity, filtered; or all of it as lines."""
        try:
            asked = api_questions.read(_ENTITIES[kind], flask.request.args)
        except BadInput as error:
            return _error(400, error.what)
        if _ENTITIES[kind] == "service":
            return _services(records, asked, slow_down)
        return _records(records, _ENTITIES[kind], asked)

    @api.get(f"/{_KIND}/<id>")
    def one(kind: str, id: str) -> Response:
        """One record with everything that belongs to it."""
        try:
            found = _whole(records, _ENTITIES[kind], [api_questions.uuid_of(id)], full_service=_wants_services())
        except BadInput as error:
            return _error(400, error.what)
        return _answer(found[0]) if found else _error(404, "nothing has this id")

    app.register_blueprint(api)


def _wants_services() -> bool:
    return flask.request.args.get("full_service", "").lower() in ("true", "1")


def _services(records: Records, asked: Question, slow_down: Callable[[flask.Flask], None]) -> Response:
    offset, size = (0, MOST) if asked.streamed or asked.minimal else (asked.offset, asked.size)
    if asked.search:
        slow_down(flask.current_app)
        try:
            total, found = _searched(records, asked, offset, size)
        except TooSlow:
            return _error(503, "the search took too long")
    else:
        total, found = records.store.listed(asked.where, asked.values, offset, size)
    if asked.minimal:
        found = [{"id": one["id"], "modified_date": one.get("last_modified", "")} for one in found]
        return _page(found, total, asked, 1, max(1, total))
    if asked.full:
        found = _whole(records, "service", [str(one["id"]) for one in found])
    return _page(found, total, asked, asked.page, asked.size)


def _searched(records: Records, asked: Question, offset: int, size: int) -> tuple[int, list[dict[str, Any]]]:
    """The best first. With filters beside it, those of the found that pass them."""
    if not asked.values:
        return records.store.search_listed(asked.search, offset, size)
    _, every = records.store.search_listed(asked.search, 0, MOST)
    _, passing = records.store.listed(asked.where, asked.values, 0, MOST)
    allowed = {one["id"] for one in passing}
    kept = [one for one in every if one["id"] in allowed]
    return len(kept), kept[offset : offset + size]


def _records(records: Records, entity: str, asked: Question) -> Response:
    offset, size = (0, MOST) if asked.streamed else (asked.offset, asked.size)
    total, found = records.page(entity, asked.where, asked.values, offset, size)
    if asked.full or asked.full_service:
        found = _whole(records, entity, [str(one["id"]) for one in found], full_service=asked.full_service)
    return _page(found, total, asked, asked.page, asked.size)


def _whole(records: Records, entity: str, ids: list[str], *, full_service: bool = False) -> list[dict[str, Any]]:
    if entity == "service":
        stored = (records.store.service(id) for id in ids)
        return [dict(one.document) for one in stored if one]
    found = records.full(entity, ids)
    for one in found:
        if entity == "service_at_location":
            service = records.store.service(str(one.get("service_id")))
            if service:
                one["service"] = {name: part for name, part in service.document.items() if name != "service_at_locations"}
        elif entity == "organization" and full_service:
            _, few = records.store.listed("organization_id = ?", [one["id"]], 0, MOST)
            one["services"] = _whole(records, "service", [str(service["id"]) for service in few])
    return found


def _page(contents: list[Any], total: int, asked: Question, page: int, size: int) -> Response:
    if asked.streamed:
        return _lines(contents)
    pages = max(1, math.ceil(total / size))
    told = {
        "total_items": total,
        "total_pages": pages,
        "page_number": page,
        "size": len(contents),
        "first_page": page == 1,
        "last_page": page >= pages,
        "empty": not contents,
        "contents": contents,
    }
    return _answer(told, keep=not asked.search)


def _lines(contents: list[Any]) -> Response:
    """All results, one a line, without pages."""

    def lines() -> Iterator[str]:
        for one in contents:
            yield json.dumps(one, ensure_ascii=False) + "\n"

    response = flask.Response(lines(), mimetype="application/x-ndjson")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _answer(value: Any, *, keep: bool = True) -> Response:
    response = flask.jsonify(value)
    response.headers["Cache-Control"] = "public, max-age=60" if keep else "no-store"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    conditional: Response = response.make_conditional(flask.request)
    return conditional


def _error(status: int, what: str) -> Response:
    response = flask.jsonify({"error": what})
    response.status_code = status
    return response
