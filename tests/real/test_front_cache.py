"""The front before a catalogue: pages outlive it, and what people search for is kept nowhere."""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.real.front_place import Place, front_place, get

pytestmark = [pytest.mark.net, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces")]


class Catalogue:
    """A backend that answers everything with the address it was asked for, and counts."""

    def __init__(self, place: Place) -> None:
        catalogue = self
        self.asked: list[str] = []
        self.heard: list[str] = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline().decode()
                while (header := self.rfile.readline().decode().strip()) != "":
                    catalogue.heard.append(header)
                address = line.split()[1]
                catalogue.asked.append(address)
                page = f"page {address}"
                head = f"Content-Type: text/html\r\nCache-Control: no-store\r\nContent-Length: {len(page)}"
                self.wfile.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}".encode())

        place.layout.service_run("catalogue").mkdir(parents=True, exist_ok=True)
        self.path = place.layout.socket("catalogue")
        self.server = socketserver.ThreadingUnixStreamServer(str(self.path), Handler)
        self.path.chmod(0o666)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def die(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.path.unlink()


@pytest.fixture
def place() -> Iterator[Place]:
    with front_place(("pages", "nginx")) as running:
        yield running


def test_a_page_visited_once_outlives_the_catalogue(place: Place) -> None:
    catalogue = Catalogue(place)
    kept = ["/ar/services", "/ar/services?need=health&page=2", "/hsds/services", "/fr/services/one"]
    for address, reply in zip(kept, place.ask([get(address) for address in kept]), strict=True):
        assert reply.body == f"page {address}".encode()
    catalogue.die()
    for address, reply in zip(kept, place.ask([get(address) for address in kept]), strict=True):
        assert reply.status == 200 and reply.body == f"page {address}".encode()
    assert place.ask([get("/ar/services/never-visited")])[0].status == 503


def test_a_crowd_on_one_page_costs_one_question(place: Place) -> None:
    catalogue = Catalogue(place)
    assert {reply.status for reply in place.ask([get("/en/services")] * 50)} == {200}
    assert len(catalogue.asked) <= 3


def test_a_search_is_asked_every_time_and_written_nowhere(place: Place) -> None:
    catalogue = Catalogue(place)
    place.ask([get("/en/services?q=planted-search-7391")] * 2 + [get("/en/services?page=1&q=planted-search-7391")])
    assert len(catalogue.asked) == 3
    place.ask([get("/en/services?need=health")])
    cache = place.layout.service_run("nginx")
    texts = [path.read_bytes() for path in cache.rglob("*") if path.is_file()]
    assert any(b"need=health" in text for text in texts), "the scan looks where the cache is"
    assert not any(b"planted-search-7391" in text for text in texts)


def test_what_a_person_ticks_among_offers_is_asked_every_time_and_written_nowhere(place: Place) -> None:
    catalogue = Catalogue(place)
    ticked = get("/en/services/offers?skill=planted-skill-7391&speak=ar&page=1")
    place.ask([ticked, ticked, get("/en/services/offers/job"), get("/en/services/offers/job")])
    assert len(catalogue.asked) == 3
    texts = [path.read_bytes() for path in place.layout.run.rglob("*") if path.is_file()]
    assert any(b"offers/job" in text for text in texts), "the scan looks where the cache is"
    assert not any(b"planted-skill-7391" in text for text in texts)


def test_the_catalogue_learns_nothing_about_the_phone_but_its_address(place: Place) -> None:
    catalogue = Catalogue(place)
    told = {"User-Agent": "planted-agent-7391", "Referer": "http://camp.internal/planted", "X-Forwarded-For": "10.44.0.66"}
    place.ask([get("/en/services", told)])
    names = {header.split(":")[0].lower() for header in catalogue.heard}
    assert names <= {"host", "x-real-ip", "x-forwarded-proto", "connection", "accept-encoding"}
    assert not [header for header in catalogue.heard if "planted" in header]
