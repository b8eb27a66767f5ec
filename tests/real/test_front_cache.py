"""The front before a catalogue: pages outlive it, and what people search for is kept nowhere."""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.real.front_place import Gates, Place, front_place, get, until
from tests.real.living_files import files_below

pytestmark = [
    pytest.mark.net,
    pytest.mark.front,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces"),
]


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
        self.server = Gates(str(self.path), Handler)
        self.path.chmod(0o666)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def die(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.path.unlink()


def kept(place: Place, word: bytes) -> bool:
    """Whether the word stands in the front's cache, or anywhere else in its RAM."""
    return any(word in content for _, content in files_below(place.layout.run))


def all_kept(place: Place, addresses: list[str]) -> None:
    """The front passes a page on and keeps it; another of its processes may be asked before it has."""
    until(lambda: all(kept(place, f"page {address}".encode()) for address in addresses))


@pytest.fixture
def place() -> Iterator[Place]:
    with front_place(("pages", "nginx")) as running:
        yield running


def test_a_page_visited_once_outlives_the_catalogue(place: Place) -> None:
    catalogue = Catalogue(place)
    kept_pages = ["/ar/services", "/ar/services?need=health&page=2", "/hsds/services", "/fr/services/one"]
    for address, reply in zip(kept_pages, place.ask([get(address) for address in kept_pages]), strict=True):
        assert reply.body == f"page {address}".encode()
    all_kept(place, kept_pages)
    catalogue.die()
    for address, reply in zip(kept_pages, place.ask([get(address) for address in kept_pages]), strict=True):
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
    until(lambda: kept(place, b"need=health"))  # the scan looks where the cache is
    assert not kept(place, b"planted-search-7391")


def test_what_a_person_ticks_among_offers_is_asked_every_time_and_written_nowhere(place: Place) -> None:
    catalogue = Catalogue(place)
    ticked = get("/en/services/offers?skill=planted-skill-7391&speak=ar&page=1")
    place.ask([ticked, ticked, get("/en/services/offers/job"), get("/en/services/offers/job")])
    assert len(catalogue.asked) == 3
    until(lambda: kept(place, b"offers/job"))  # the scan looks where the cache is
    assert not kept(place, b"planted-skill-7391")


def test_the_catalogue_learns_nothing_about_the_phone_but_its_address(place: Place) -> None:
    catalogue = Catalogue(place)
    told = {"User-Agent": "planted-agent-7391", "Referer": "http://camp.internal/planted", "X-Forwarded-For": "10.44.0.66"}
    place.ask([get("/en/services", told)])
    names = {header.split(":")[0].lower() for header in catalogue.heard}
    assert names <= {"host", "x-real-ip", "x-forwarded-proto", "connection", "accept-encoding"}
    assert not [header for header in catalogue.heard if "planted" in header]
