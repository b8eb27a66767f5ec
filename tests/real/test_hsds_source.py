"""An HSDS API over real HTTP: honest pages arrive, and whoever drips, swells, leads away or breaks off is named."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from appliance.errors import BadInput, Unreachable
from content_cache.publish.importers import hsds_api_door
from content_cache.publish.importers.hsds_api import State, import_api
from content_cache.publish.importers.hsds_api_door import HttpDoor

pytestmark = [pytest.mark.net, pytest.mark.loopback]
PAGE = b'{"total_items": 1, "last_page": true, "contents": [{"id": "5", "name": "Clinic", "status": "active"}]}'


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(("/away/", "/here/")):
            host = "127.0.0.1" if path.startswith("/here/") else "localhost"
            self._send(302, b"", ("Location", f"http://{host}:{self.server.server_address[1]}/hsds/services?{self.path}"))
        elif path.startswith("/swells/"):
            self._send(200, b"x" * 5_000)
        elif path.startswith("/short/"):
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"{")
            self.close_connection = True
        elif path == "/hsds/services":
            self._send(200, PAGE)
        else:
            self._send(404, b"{}")

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_honest_api_arrives_whole(address: str) -> None:
    imported, state = import_api(HttpDoor(f"{address}/hsds/"), State(), source="acme")
    assert [one.values["name"] for one in imported.records if one.entity == "service"] == ["Clinic"] and list(state.documents) == [
        "5"
    ]


def test_a_redirect_on_the_same_host_is_followed_and_one_elsewhere_is_not(address: str) -> None:
    assert HttpDoor(f"{address}/here").get("services", {}) == PAGE
    with pytest.raises(Unreachable, match="another host"):
        HttpDoor(f"{address}/away").get("services", {})


def test_what_swells_or_breaks_off_or_is_not_there_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hsds_api_door, "LARGEST", 1_000)
    with pytest.raises(BadInput, match="larger than 1000"):
        HttpDoor(f"{address}/swells").get("services", {})
    with pytest.raises(Unreachable, match="breaks off"):
        HttpDoor(f"{address}/short").get("services", {})
    with pytest.raises(Unreachable, match="HTTP 404"):
        HttpDoor(f"{address}/hsds").get("services/5", {})


def test_who_drips_for_ever_is_left(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hsds_api_door, "DEADLINE", -1.0)
    with pytest.raises(Unreachable, match="too long"):
        HttpDoor(f"{address}/hsds").get("services", {})


def test_nobody_at_home_is_named(address: str) -> None:
    with pytest.raises(Unreachable, match="ConnectionRefused"):
        HttpDoor("http://127.0.0.1:1/hsds").get("services", {})
