"""P Judging what a phone met: each judgement is one expectation with the figure it was judged by."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from appliance.values import Ip
from provisioning.lab.dnswire import Answer
from provisioning.lab.pages import Page, Reply
from provisioning.lab.sites import Probe

# PLAN of the box's name server for the captive: a public-looking address (RFC 5737, RFC 3849) that leads to the portal.
TEST4, TEST6 = ipaddress.ip_address("198.51.100.1"), ipaddress.ip_address("2001:db8:c0de::1")
RIGHT_TO_LEFT = {"ar", "fa", "ps", "ur", "he", "ckb"}
QUICK = 1.0
"""Seconds within which a refusal must be felt, or phones sit and wait."""


ARRIVED = "is at home here"
"""What a phone says when its journey is over and its life begins."""


@dataclass(frozen=True)
class Outcome:
    """One expectation, whether it holds, and the figure."""

    expect: str
    holds: bool
    figure: str

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """Back again. Raises ValueError or TypeError for anything else."""
        return cls(**json.loads(line))


def in_ms(seconds: float) -> str:
    """A time as people read it."""
    return f"{seconds * 1000:.1f} ms"


def leased(address: Ip | None, network: str, seconds: float) -> Outcome:
    """DHCP gave an address of the box's network."""
    holds = address is not None and address in ipaddress.ip_network(network)
    return Outcome("gets an IPv4 address by DHCP", holds, f"in {seconds:.2f} s" if holds else "none of the box's network")


def made_ipv6(found: Iterable[Ip], network6: str, seconds: float) -> Outcome:
    """Router advertisements gave an address of the box's prefix."""
    holds = any(a in ipaddress.ip_network(network6) for a in found if a.version == 6)
    return Outcome("gets an IPv6 address by SLAAC", holds, f"in {seconds:.2f} s" if holds else "none of the box's prefix")


def captive_dns(answer: Answer, version: int, where: str) -> Outcome:
    """While captive every name leads to the test address, never to the genuine one, and is soon forgotten (TTL <= 5)."""
    wanted = TEST4 if version == 4 else TEST6
    holds = answer.addresses == (wanted,) and answer.ttl is not None and answer.ttl <= 5
    figure = f"{'test address' if answer.addresses == (wanted,) else 'another answer'}, TTL {answer.ttl}"
    return Outcome(f"{where} answers with the test address, {_family(version)}", holds, figure)


def captive_probe(probe: Probe, reply: Reply, version: int, portal_name: str) -> Outcome:
    """While captive a probe gets a redirect to the portal that no cache keeps."""
    holds = (
        reply.status == 302
        and (urlsplit(reply.location).hostname == portal_name)
        and "no-store" in reply.headers.get("cache-control", "")
    )
    return Outcome(
        f"probe {probe.name} leads to the portal, {_family(version)}", holds, f"{reply.status} in {in_ms(reply.seconds)}"
    )


def online_probe(probe: Probe, reply: Reply, version: int) -> Outcome:
    """Once admitted a probe gets its genuine answer, byte for byte."""
    holds = _genuine(probe, reply)
    figure = f"{reply.status}, {len(reply.body)} bytes, in {in_ms(reply.seconds)}"
    return Outcome(f"probe {probe.name} gets the genuine answer, {_family(version)}", holds, figure)


def offline_probe(probe: Probe, reply: Reply, version: int, portal_name: str) -> Outcome:
    """With the uplink down an admitted phone's probe leads to the page that says so; never a false success."""
    where = urlsplit(reply.location)
    led = reply.status == 302 and where.hostname == portal_name and where.path.startswith("/offline")
    holds = led and not _genuine(probe, reply) and "no-store" in reply.headers.get("cache-control", "")
    figure = f"{reply.status} to {where.path or 'nowhere'} in {in_ms(reply.seconds)}"
    return Outcome(f"probe {probe.name} leads to the page that says the internet is down, {_family(version)}", holds, figure)


def refused(what: str, met: tuple[str, float], wanted: str, version: int) -> Outcome:
    """A connection attempt was turned down as it should, and soon."""
    outcome, seconds = met
    holds = outcome == wanted and seconds <= QUICK
    return Outcome(f"{what} is {wanted}, {_family(version)}", holds, f"{outcome} after {in_ms(seconds)}")


def turned_down(what: str, met: tuple[str, float], version: int) -> Outcome:
    """A connection attempt was turned down soon, by reset or by ICMP."""
    outcome, seconds = met
    holds = outcome in ("refused", "unreachable") and seconds <= QUICK
    return Outcome(f"{what} is turned down, {_family(version)}", holds, f"{outcome} after {in_ms(seconds)}")


def nothing_there(what: str, met: tuple[str, float] | float | None, version: int) -> Outcome:
    """Nothing answered: not at all, or with a refusal."""
    if isinstance(met, tuple):
        holds, figure = met[0] not in ("open", "answered"), f"{met[0]} after {in_ms(met[1])}"
    else:
        holds, figure = met is None, "no answer" if met is None else f"answered in {in_ms(met)}"
    return Outcome(f"{what} cannot be reached, {_family(version)}", holds, figure)


def welcome(page: Page, reply: Reply, language: str) -> Outcome:
    """The welcome page stands in the reader's language and direction, works without scripts, and has the button."""
    direction = "rtl" if language.partition("-")[0] in RIGHT_TO_LEFT else "ltr"
    holds = (
        reply.status == 200
        and page.language == language
        and (page.direction or "ltr") == direction
        and page.posting("/connect") is not None
    )
    figure = f"{reply.status}, lang {page.language or 'none'}, {len(reply.body)} bytes in {in_ms(reply.seconds)}"
    return Outcome(f"welcome page in {language}", holds, figure)


def fetched(what: str, reply: Reply, *, contains: str = "", status: int = 200) -> Outcome:
    """A page came, with the text it should hold."""
    holds = reply.status == status and contains in reply.text
    return Outcome(what, holds, f"{reply.status}, {len(reply.body)} bytes in {in_ms(reply.seconds)}")


def page_in(what: str, page: Page, reply: Reply, language: str) -> Outcome:
    """A page came in the right language."""
    holds = reply.status == 200 and page.language == language
    return Outcome(what, holds, f"{reply.status}, lang {page.language or 'none'}, {in_ms(reply.seconds)}")


AFTER_TAP = "internet after the tap"


def taps_and_pages(met: Mapping[str, Sequence[Outcome]]) -> Iterator[Outcome]:
    """Phone -> what it met, of those that tapped while the box's disk was full."""
    taps = [outcome for outcomes in met.values() for outcome in outcomes if outcome.expect == AFTER_TAP]
    others = [outcome for outcomes in met.values() for outcome in outcomes if outcome.expect != AFTER_TAP]
    for what, some in (("taps succeed on a full disk", taps), ("pages come on a full disk", others)):
        wrong = [outcome for outcome in some if not outcome.holds]
        figure = f"{len(some) - len(wrong)} of {len(some)}, phones: {len(met)}"
        yield Outcome(what, bool(some) and not wrong, "; not so: ".join([figure, *(one.expect for one in wrong[:3])]))


def failed(what: str, why: object) -> Outcome:
    """Something that should have been possible was not."""
    return Outcome(what, False, str(why))


def _genuine(probe: Probe, reply: Reply) -> bool:
    says = {name.lower(): value for name, value in probe.answer.headers}
    same_body = reply.body == probe.answer.body or probe.answer.status in (301, 302)
    return reply.status == probe.answer.status and same_body and all(reply.headers.get(n) == v for n, v in says.items())


def fixed_name(name: str, answer: Answer, addresses: tuple[str, ...]) -> Outcome:
    """A name that is itself a probe has the address it must have."""
    holds = bool(answer.addresses) and all(str(address) in addresses for address in answer.addresses)
    return Outcome(f"probe by name {name}", holds, f"{len(answer.addresses)} addresses, code {answer.code}")


def _family(version: int) -> str:
    return f"IPv{version}"
