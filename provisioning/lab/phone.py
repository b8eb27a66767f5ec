"""W One phone of the lab: joins, is held back, reads the welcome page, taps, and is online. A process in its namespace.

``python -m provisioning.lab.phone --world FILE --kind NAME DEED...`` prints one JSON line an expectation.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from appliance.errors import CampboxError, NotSo, Unreachable
from appliance.values import Ip, parse_ip
from provisioning.lab import handset, judging, kinds
from provisioning.lab.browser import KINDS_OF_RECORD, Browser
from provisioning.lab.internet import load_rows
from provisioning.lab.judging import Outcome
from provisioning.lab.pace import patient
from provisioning.lab.pages import Page, Reply
from provisioning.lab.sites import BIG_FILE, Probe, fixed_names, probes
from provisioning.lab.world import World

FAMILIES = tuple(KINDS_OF_RECORD.items())
STEADY_PINGS, STEADY_PAUSE = 200, 0.025
TAP_PATIENCE = 5.0
"""Seconds after a tap within which the internet must be there."""


class Phone:
    """A phone of one kind; every deed yields outcomes."""

    def __init__(self, name: str, kind: kinds.PhoneKind, world: World, neighbours: Iterable[Ip] = ()) -> None:
        self.name, self.kind, self.world, self.neighbours = name, kind, world, tuple(neighbours)
        self.browser = Browser(kind, world)
        self.rows = load_rows()
        self.fixed = {name: found for name, found in fixed_names(self.rows).items() if kind.system == "Windows"}
        self.probes = [probe for probe in probes(self.rows) if probe.system == kind.system]

    def join(self) -> Iterator[Outcome]:
        """Lease, make an IPv6 address, learn the name server and, where offered, the captive portal API."""
        seconds = handset.lease(kinds.host_name(self.name))
        own = handset.addresses()
        yield judging.leased(next((a for a in own if a.version == 4), None), self.world.network, seconds)
        seconds = handset.wait_for_ipv6()
        yield judging.made_ipv6(handset.addresses(), self.world.network6, seconds)
        servers = handset.name_servers()
        yield Outcome("DHCP names the box as name server", self.world.box(4) in servers, f"{len(servers)} name servers")
        yield self._option_114()

    def held(self) -> Iterator[Outcome]:
        """Before the tap: probes lead to the portal, everything else is turned down, quickly, in both families."""
        for version, kind in FAMILIES:
            yield from self._held_dns(version, kind)
            for probe in self.probes:
                yield self._try(f"probe {probe.name}", partial(self._captive_probe, probe, version))
            web = self.world.web(version)
            yield judging.refused("HTTPS", handset.knock_tcp(web, 443), "refused", version)
            yield judging.refused("QUIC", handset.knock_udp(web, 443), "unreachable", version)
            yield judging.refused(
                "DNS over TLS", handset.knock_tcp_for_icmp(self.world.outside_dns(version), 853), "unreachable", version
            )
            yield judging.turned_down("any other TCP port", handset.knock_tcp(web, 2222), version)
            yield judging.turned_down("any other UDP port", handset.knock_udp(web, 2222), version)
            yield judging.nothing_there("ping of the internet", handset.ping(web), version)
            box = self.world.box(version)
            yield judging.nothing_there("the name server of the admitted", handset.knock_tcp(box, 5354), version)
        yield from self.apart()

    def apart(self) -> Iterator[Outcome]:
        """Other phones cannot be reached, before the tap and after it."""
        for neighbour in self.neighbours:
            yield judging.nothing_there("another phone", handset.ping(neighbour), neighbour.version)

    def welcome(self) -> Iterator[Outcome]:
        """The page behind the redirect, in the owner's language; the rules behind it, and what is left to whoever refuses them."""
        _, reply, page = self.browser.browse(f"http://{self.world.portal_name}/")
        yield judging.welcome(page, reply, self.kind.language)
        url, reply, page = self.browser.browse(f"http://{self.world.portal_name}/terms")
        yield judging.page_in("the rules can be read", page, reply, self.kind.language)
        for name in ("services", "emergency"):
            way = next((link for link in page.links if link.endswith(f"/{name}")), f"no link to {name}")
            _, reply, left = self.browser.browse(urljoin(url, way))
            yield judging.page_in(f"whoever refuses them still has /{name}", left, reply, self.kind.language)

    def tap(self) -> Iterator[Outcome]:
        """Press connect, and measure until the internet is there."""
        url, _, page = self.browser.browse(f"http://{self.world.portal_name}/")
        form = page.posting("/connect")
        if form is None:
            yield judging.failed("connect button", "the welcome page has no form that posts to .../connect")
            return
        began = time.monotonic()
        _, reply, page = self.browser.browse(urljoin(url, form.action), urlencode(form.values))
        yield judging.page_in("tap on connect is answered in the same language", page, reply, self.kind.language)
        address = self.world.web(4)
        while (met := handset.knock_tcp(address, 443, 0.5))[0] != "open" and time.monotonic() - began < patient(TAP_PATIENCE):
            time.sleep(0.02)
        yield Outcome(judging.AFTER_TAP, met[0] == "open", judging.in_ms(time.monotonic() - began))

    def online(self) -> Iterator[Outcome]:
        """After the tap: genuine probe answers, web sites by HTTP and HTTPS, genuine DNS; in both families."""
        for version, kind in FAMILIES:
            for probe in self.probes:
                yield self._try(f"probe {probe.name}", partial(self._online_probe, probe, version))
            for scheme in ("http", "https"):
                what = f"web site by {scheme.upper()}, IPv{version}"
                yield self._try(what, partial(self._web_site, what, scheme, version))
            server = self.world.box(version)
            yield from self._names(kind, server)
            answer = handset.resolve(self.world.web_host, kind, server)
            yield Outcome(f"genuine DNS, IPv{version}", answer.addresses == (self.world.web(version),), f"code {answer.code}")
        yield from self.apart()

    def offline(self) -> Iterator[Outcome]:
        """Admitted with the uplink down: probes lead to the page that says so; what is local works."""
        for version, _ in FAMILIES:
            for probe in self.probes:
                yield self._try(f"probe {probe.name}", partial(self._offline_probe, probe, version))
        _, reply, page = self.browser.browse(f"http://{self.world.web_host}/")
        yield judging.page_in("the page that says the internet is down", page, reply, self.kind.language)
        yield from self.catalogue()

    def catalogue(self) -> Iterator[Outcome]:
        """Browse, list, detail, search, and the HSDS API."""
        root = f"http://{self.world.portal_name}/{self.kind.language}/services"
        url, reply, page = self.browser.browse(root)
        yield judging.page_in("catalogue opens", page, reply, self.kind.language)
        form = page.searching()
        words = form.typed[0] if form is not None else "q"
        target = urljoin(url, form.action) if form is not None and form.action else root
        yield Outcome("catalogue has a search field", form is not None, words)
        for word in (self.kind.search, kinds.planted_search(self.name)):
            query = urlencode({**(form.values if form is not None else {}), words: word})
            _, reply, page = self.browser.browse(f"{target}?{query}")
            what = "search finds services" if word == self.kind.search else "search for what is not there says so"
            found = _details(page, root)
            holds = reply.status == 200 and bool(found) == (word == self.kind.search)
            yield Outcome(f"{what}, {self.kind.language}", holds, f"{len(found)} in {judging.in_ms(reply.seconds)}")
            if word == self.kind.search and found:
                _, detail, its_page = self.browser.browse(urljoin(root, found[0]))
                yield judging.page_in("detail of a service", its_page, detail, self.kind.language)
        yield from self._hsds()

    def about_me(self) -> Iterator[Outcome]:
        """The pages on what the box knows about this phone, and on its share."""
        for name in ("you", "share"):
            _, reply, page = self.browser.browse(f"http://{self.world.portal_name}/{self.kind.language}/{name}")
            yield judging.page_in(f"page /{name}", page, reply, self.kind.language)

    def steady(self) -> Iterator[Outcome]:
        """Two hundred pings in five seconds, none of which may be lost."""
        for version, _ in FAMILIES:
            lost = 0
            for _ in range(STEADY_PINGS):
                began = time.monotonic()
                lost += handset.ping(self.world.web(version), timeout=2.0) is None
                time.sleep(max(0.0, began + STEADY_PAUSE - time.monotonic()))
            yield Outcome(f"no packet is lost, IPv{version}", lost == 0, f"{lost} of {STEADY_PINGS}")

    def live(self) -> Iterator[Outcome]:
        """Go on living until killed: now a page of the catalogue, now something from the internet."""
        yield Outcome(judging.ARRIVED, True, "")
        while True:
            time.sleep(random.uniform(3, 9))
            home = f"http://{self.world.portal_name}/{self.kind.language}/services"
            outside = f"http://{self.world.web_host}{BIG_FILE}"
            what, url = random.choice((("reads the catalogue", home), ("loads from the internet", outside)))
            yield self._try(what, partial(self._load, what, url))

    def _load(self, what: str, url: str) -> Outcome:
        return judging.fetched(what, self.browser.fetch(url))

    def _option_114(self) -> Outcome:
        offered = handset.captive_api()
        if self.world.api_name is None:
            return Outcome(
                "no captive portal API is offered without a public name", offered is None, "nothing" if not offered else "offered"
            )
        wanted = f"https://{self.world.api_name}/api/captive"
        return Outcome("DHCP option 114 names the captive portal API", offered == wanted, offered or "nothing")

    def api(self) -> Iterator[Outcome]:
        """RFC 8908 over TLS that the phone trusts: what it says of this phone."""
        if self.world.api_name is None:
            return
        reply = self.browser.fetch(f"https://{self.world.api_name}/api/captive")
        says = json.loads(reply.text)
        yield Outcome(
            "captive portal API answers over trusted TLS",
            reply.status == 200 and "captive" in says,
            f"captive {says.get('captive')}",
        )

    def _held_dns(self, version: int, kind: int) -> Iterator[Outcome]:
        for where, server in (
            ("the box's DNS", self.world.box(version)),
            ("any other DNS server", self.world.outside_dns(version)),
        ):
            answer = handset.resolve(self.world.web_host, kind, server)
            yield judging.captive_dns(answer, version, where)
        yield from self._names(kind, self.world.box(version))

    def _names(self, kind: int, server: Ip) -> Iterator[Outcome]:
        for name, addresses in self.fixed.items():
            yield judging.fixed_name(name, handset.resolve(name, kind, server), addresses)

    def _captive_probe(self, probe: Probe, version: int) -> Outcome:
        if probe.scheme == "https":
            return judging.refused(f"probe {probe.name}", self._knock(probe, version), "refused", version)
        return judging.captive_probe(probe, self._probe(probe, version), version, self.world.portal_name)

    def _online_probe(self, probe: Probe, version: int) -> Outcome:
        return judging.online_probe(probe, self._probe(probe, version), version)

    def _offline_probe(self, probe: Probe, version: int) -> Outcome:
        if probe.scheme == "https":
            return judging.nothing_there(f"probe {probe.name}", self._knock(probe, version), version)
        return judging.offline_probe(probe, self._probe(probe, version), version, self.world.portal_name)

    def _probe(self, probe: Probe, version: int) -> Reply:
        return self.browser.fetch(probe.url, version)

    def _knock(self, probe: Probe, version: int) -> tuple[str, float]:
        """At the door that the probe would go through, where its name leads now."""
        answer = handset.resolve(probe.answer.host, dict(FAMILIES)[version], self.world.box(version))
        return handset.knock_tcp(answer.addresses[0], 443)

    def _web_site(self, what: str, scheme: str, version: int) -> Outcome:
        reply = self.browser.fetch(f"{scheme}://{self.world.web_host}/", version)
        return judging.fetched(what, reply, contains="ordinary page")

    def _hsds(self) -> Iterator[Outcome]:
        base = f"http://{self.world.portal_name}/hsds/services"
        _, reply, _ = self.browser.browse(base)
        contents = json.loads(reply.text).get("contents", []) if reply.status == 200 else []
        yield Outcome("HSDS API lists services", bool(contents), f"{reply.status}, {len(contents)} on the first page")
        if contents:
            _, reply, _ = self.browser.browse(f"{base}/{contents[0]['id']}")
            holds = reply.status == 200 and json.loads(reply.text).get("id") == contents[0]["id"]
            yield Outcome("HSDS API tells one service", holds, f"{reply.status} in {judging.in_ms(reply.seconds)}")

    def _try(self, what: str, deed: Callable[[], Outcome]) -> Outcome:
        try:
            return deed()
        except (Unreachable, NotSo) as error:
            return judging.failed(what, error)


def _details(page: Page, root: str) -> list[str]:
    """Links of a list that lead to one service each."""
    found = [urlsplit(urljoin(f"{root}/", link)).path for link in page.links]
    start = f"{urlsplit(root).path}/"
    return [path for path in found if path.startswith(start) and len(path) - len(start) >= 8]


DEEDS = ("join", "held", "welcome", "tap", "online", "offline", "catalogue", "about_me", "apart", "api", "steady", "live")


def perform(phone: Phone, deeds: Iterable[str]) -> Iterator[Outcome]:
    """Do the deeds in turn; one that cannot go on becomes an outcome that does not hold."""
    for name in deeds:
        try:
            yield from getattr(phone, name)()
        except (CampboxError, OSError, ValueError, KeyError) as error:
            yield judging.failed(name, f"{type(error).__name__}: {error}")


def main(arguments: list[str] | None = None) -> int:
    """Print a line an expectation; 0 when all hold."""
    parser = argparse.ArgumentParser(prog="python -m provisioning.lab.phone")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--kind", default=kinds.PHONE_KINDS[0].name)
    parser.add_argument("--all-probes", action="store_true", help="every row of the probe table, not only its own")
    parser.add_argument("--neighbour", action="append", default=[], type=parse_ip)
    parser.add_argument("deeds", nargs="+", choices=DEEDS)
    told: Any = parser.parse_args(arguments)
    phone = Phone(told.name, kinds.kind_named(told.kind), World.from_json(told.world.read_text()), told.neighbour)
    if told.all_probes:
        phone.probes, phone.fixed = list(probes(phone.rows)), fixed_names(phone.rows)
    held = True
    for outcome in perform(phone, told.deeds):
        held = held and outcome.holds
        print(outcome.to_json(), flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
