"""The API against the specification's own OpenAPI, by schemathesis: a small, bounded and repeatable run, without a socket."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import flask
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache.app import create_app
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE
from content_cache.needs import BY_SLUG
from content_cache.publish import open_api, publisher
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import PROJECT, header, real
from tests.content_cache.site import place, site

EXAMPLES = 10
_HERE = "#/components/schemas/"


@cache
def specification() -> dict[str, Any]:
    """The OpenAPI with all it points to inside. Two addresses in it name files that the specification publishes elsewhere."""
    whole = json.loads(real("hsds", "schema", "openapi.json").read_text())
    for path in real("hsds", "schema").glob("*.json"):
        if path.name != "openapi.json":
            whole["components"]["schemas"][path.stem] = _inward(json.loads(path.read_text()))
    for path in real("hsds", "schema", "compiled").glob("*_list.json"):
        whole["components"]["schemas"][path.stem] = _inward(json.loads(path.read_text()))
    inside = _inward(whole)
    # A service at a location is not a service, whatever the specification points to.
    one = inside["paths"]["/service_at_locations/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
    one["schema"] = {"$ref": f"{_HERE}service_at_location"}
    for operations in inside["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                # What it does not name: how a wrong parameter or an unknown id is answered, and lists as lines.
                operation["responses"] |= {code: {"description": "refused"} for code in ("400", "404")}
    return inside


def _inward(value: Any) -> Any:
    if isinstance(value, list):
        return [_inward(one) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str) and not value["$ref"].startswith("#"):
        return {"$ref": _HERE + value["$ref"].rpartition("/")[2].removesuffix(".json")}
    # Names that only the specification's tables use; one of them is an "example" that JSON Schema would read as its own.
    return {name: _inward(one) for name, one in value.items() if name not in ("example", "examples", "datapackage_metadata")}


@pytest.fixture(scope="module", params=["box", "hub"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> flask.Flask:
    """The box's application, and the hub's own with the same catalogue published."""
    made = import_sample(SAMPLE.read_bytes())
    if request.param == "hub":
        layout = Layout.under(tmp_path_factory.mktemp("hub"), PROJECT)
        publisher.publish(layout, made, site="c-1", timezone="Asia/Amman")
        hub = flask.Flask("hub")
        open_api.register(hub, HubConfig("hub.test"), layout)
        return hub
    layout = place(tmp_path_factory.mktemp("box"))
    build(layout.service_data("content") / FILE, Catalogue(header(sample=True), made.records, made.translations), 1, "aa")
    app = create_app(site(), layout)
    app.extensions["search_limiter"].allows = lambda *_: True
    return app


OPERATIONS = [
    (method, f"/{kind}{one}") for kind in ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms")
    for method, one in (("GET", ""), ("POST", ""), ("GET", "/{id}"))
] + [("GET", "/")]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_answers_as_the_specification_says(app: flask.Flask, method: str, path: str) -> None:
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    config = schemathesis.Config()
    # All of Latin-1 is enough to be hostile with; counting through all of Unicode takes seconds.
    config.projects.default.generation.codec = "latin-1"
    schema = schemathesis.openapi.from_dict(specification(), config=config)
    schema.app = app
    operation = schema[path][method]
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    known = [one["id"] for one in app.test_client().get(f"/hsds/{path.split('/')[1]}?per_page=5").get_json().get("contents", [])]

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), honest=st.booleans(), which=st.integers(0, 4))
    def asked(case: Any, honest: bool, which: int) -> None:
        if "{id}" in path and honest:
            case.path_parameters["id"] = known[which % len(known)]
        if case.query and honest:
            case.query = _sensible(case.query)
        for name in ("format", "minimal"):
            # Other shapes on purpose, of which the specification's schemas do not know.
            (case.query or {}).pop(name, None)
        response = case.call(base_url="http://localhost/hsds")
        case.validate_response(response, checks=checks)
        seen.add(response.status_code)

    seen = set[int]()
    asked()
    assert 200 in seen, seen


def _sensible(query: dict[str, Any]) -> dict[str, Any]:
    """The same question with values that mean something."""
    sense = {"page": 1, "per_page": 3, "modified_after": "2020-01-01", "search": "clinic"}
    sense |= {"taxonomy_term_id": BY_SLUG["health"].term_id, "full": True, "full_service": True, "top_only": True}
    return {name: sense[name] for name in query if name in sense}
