"""W The read-only HSDS 3.1 API: GET /hsds/, /hsds/services, /hsds/services/{id}, /hsds/taxonomies, /hsds/taxonomy_terms."""

from __future__ import annotations

import math
import uuid
from typing import Any

import flask
from werkzeug.wrappers import Response

from content_cache import pages
from content_cache.catalogue_store import Store, TooSlow
from content_cache.search_text import LONGEST_QUERY

PER_PAGE, MOST_PER_PAGE = 50, 100
ABOUT = {
    "version": "3.1",
    "profile": "https://docs.openreferral.org/en/latest/hsds/overview.html",
    "openapi_url": "https://raw.githubusercontent.com/openreferral/specification/3.1/schema/openapi.json",
}


def register(app: flask.Flask, store: Store) -> None:
    """Add the API to ``app``."""
    api = flask.Blueprint("hsds", __name__, url_prefix="/hsds")

    @api.get("/", strict_slashes=False)
    def about() -> Response:
        """What this API is."""
        return _answer(ABOUT)

    @api.get("/services", strict_slashes=False)
    def services() -> Response:
        """Services, one page of them, filtered."""
        return _services(store)

    @api.get("/services/<id>")
    def service(id: str) -> Response:
        """One service with everything that belongs to it."""
        found = store.service(_uuid(id))
        return _answer(found.document) if found else _error(404, "no service has this id")

    @api.get("/<any(taxonomies, taxonomy_terms):kind>", strict_slashes=False)
    def vocabulary(kind: str) -> Response:
        """Taxonomies and their terms."""
        page, size = _paging()
        total, found = store.records({"taxonomies": "taxonomy", "taxonomy_terms": "taxonomy_term"}[kind], (page - 1) * size, size)
        return _answer(_page(found, total, page, size))

    app.register_blueprint(api)


def _services(store: Store) -> Response:
    arguments = flask.request.args
    page, size = _paging()
    query = arguments.get("search", "")[:LONGEST_QUERY]
    if query:
        pages.slow_down(flask.current_app)
        try:
            total, found = store.search_listed(query, (page - 1) * size, size)
        except TooSlow:
            flask.abort(_error(503, "the search took too long"))
        return _answer(_page(found, total, page, size), keep=False)
    conditions, values = _conditions()
    if arguments.get("minimal") == "true":
        total, found = store.listed(conditions, values, 0, 100_000)
        few = [{"id": one["id"], "modified_date": one.get("last_modified", "")} for one in found]
        return _answer(_page(few, total, 1, max(1, total)))
    total, found = store.listed(conditions, values, (page - 1) * size, size)
    if arguments.get("full") == "true":
        whole = [store.service(str(one["id"])) for one in found]
        return _answer(_page([one.document for one in whole if one], total, page, size))
    return _answer(_page(found, total, page, size))


def _conditions() -> tuple[str, list[str]]:
    """The filters of the specification's OpenAPI as conditions of our own; what is asked for goes in as values only."""
    known = {
        "taxonomy_term_id": "position in (select position from service_term where term_id = ?)",
        "taxonomy_id": "position in (select position from service_term t join record r"
        " on r.entity = 'taxonomy_term' and r.id = t.term_id where json_extract(r.body, '$.taxonomy_id') = ?)",
        "organization_id": "organization_id = ?",
        "modified_after": "modified >= ?",
    }
    asked = {name: flask.request.args[name] for name in known if flask.request.args.get(name)}
    for name in asked:
        if name.endswith("_id"):
            asked[name] = _uuid(asked[name])
    return " and ".join(known[name] for name in asked) or "1", list(asked.values())


def _uuid(untrusted: str) -> str:
    try:
        return str(uuid.UUID(untrusted))
    except ValueError:
        flask.abort(_error(400, "an id must be a UUID"))


def _paging() -> tuple[int, int]:
    found = []
    for name, default, most in (("page", 1, 1_000_000), ("per_page", PER_PAGE, MOST_PER_PAGE)):
        text = flask.request.args.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 7 or int(text) < 1:
            flask.abort(_error(400, f"{name} must be a whole number from 1"))
        found.append(min(int(text), most))
    return found[0], found[1]


def _page(contents: list[Any], total: int, page: int, size: int) -> dict[str, Any]:
    pages = max(1, math.ceil(total / size))
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": page,
        "size": len(contents),
        "first_page": page == 1,
        "last_page": page >= pages,
        "empty": not contents,
        "contents": contents,
    }


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
