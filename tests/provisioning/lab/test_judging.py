"""Every judgement must be able to say no."""

from __future__ import annotations

import ipaddress

import pytest

from provisioning.lab import judging
from provisioning.lab.dnswire import Answer as DnsAnswer
from provisioning.lab.judging import TEST4, TEST6, Outcome
from provisioning.lab.pages import Reply, read_page
from provisioning.lab.sites import Answer, Probe

PROBE = Probe("Android", Answer("check.example", "/generate_204", 204))
SPOKEN = Probe("Apple", Answer("captive.example", "/", 200, (("Content-Type", "text/html"),), b"Success"))
TO_PORTAL = {"location": "http://camp.internal/", "cache-control": "no-store"}
WELCOME = '<html lang="ar" dir="rtl"><form method="post" action="/ar/connect"></form>'


def reply(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
    """An answer that took a millisecond."""
    return Reply(status, headers or {}, body, 0.001)


def test_outcomes_survive_the_way_from_phone_to_demo() -> None:
    outcome = Outcome("أهلاً", True, "1.0 ms")
    assert Outcome.from_json(outcome.to_json()) == outcome


@pytest.mark.parametrize(
    ("got", "holds"),
    [
        (reply(302, TO_PORTAL), True),
        (reply(204, TO_PORTAL), False),
        (reply(302, {**TO_PORTAL, "location": "http://elsewhere.example/"}), False),
        (reply(302, {"location": TO_PORTAL["location"]}), False),
    ],
)
def test_a_captive_probe_must_lead_to_the_portal_unkept(got: Reply, holds: bool) -> None:
    assert judging.captive_probe(PROBE, got, 4, "camp.internal").holds is holds


@pytest.mark.parametrize(
    ("probe", "got", "holds"),
    [
        (PROBE, reply(204), True),
        (PROBE, reply(200), False),
        (PROBE, reply(204, body=b"x"), False),
        (SPOKEN, reply(200, {"content-type": "text/html"}, b"Success"), True),
        (SPOKEN, reply(200, {"content-type": "text/html"}, b"Success\n"), False),
        (SPOKEN, reply(200, {"content-type": "text/plain"}, b"Success"), False),
    ],
)
def test_an_online_answer_is_genuine_byte_for_byte(probe: Probe, got: Reply, holds: bool) -> None:
    assert judging.online_probe(probe, got, 6).holds is holds


@pytest.mark.parametrize(
    ("got", "holds"),
    [
        (reply(302, {"location": "http://camp.internal/offline", "cache-control": "no-store"}), True),
        (reply(302, TO_PORTAL), False),
        (reply(204), False),
        (reply(302, {"location": "http://camp.internal/offline"}), False),
    ],
)
def test_an_offline_answer_is_never_a_success(got: Reply, holds: bool) -> None:
    assert judging.offline_probe(PROBE, got, 4, "camp.internal").holds is holds


@pytest.mark.parametrize(
    ("answer", "version", "holds"),
    [
        (DnsAnswer(0, (TEST4,), 5), 4, True),
        (DnsAnswer(0, (TEST6,), 0), 6, True),
        (DnsAnswer(0, (TEST4,), 60), 4, False),
        (DnsAnswer(0, (ipaddress.ip_address("203.0.113.9"),), 1), 4, False),
        (DnsAnswer(0, (), None), 4, False),
    ],
)
def test_captive_names_lead_to_the_test_address_for_a_moment(answer: DnsAnswer, version: int, holds: bool) -> None:
    assert judging.captive_dns(answer, version, "the box's DNS").holds is holds


@pytest.mark.parametrize(
    ("met", "holds"), [(("refused", 0.01), True), (("refused", 1.5), False), (("silent", 0.1), False), (("open", 0.1), False)]
)
def test_a_refusal_must_be_of_its_kind_and_felt_at_once(met: tuple[str, float], holds: bool) -> None:
    assert judging.refused("HTTPS", met, "refused", 4).holds is holds


@pytest.mark.parametrize(("met", "holds"), [(("unreachable", 0.01), True), (("silent", 2.0), False), (("open", 0.01), False)])
def test_turned_down_is_not_silence(met: tuple[str, float], holds: bool) -> None:
    assert judging.turned_down("port", met, 6).holds is holds


@pytest.mark.parametrize(
    ("met", "holds"), [(None, True), (0.001, False), (("silent", 2.0), True), (("open", 0.1), False), (("answered", 0.1), False)]
)
def test_nothing_there_means_nothing_answers(met: tuple[str, float] | float | None, holds: bool) -> None:
    assert judging.nothing_there("another phone", met, 4).holds is holds


@pytest.mark.parametrize(
    ("html", "holds"),
    [
        (WELCOME, True),
        (WELCOME.replace("rtl", "ltr"), False),
        (WELCOME.replace('lang="ar"', 'lang="en"'), False),
        (WELCOME.replace("post", "get"), False),
    ],
)
def test_a_welcome_has_language_direction_and_button(html: str, holds: bool) -> None:
    assert judging.welcome(read_page(html), reply(200), "ar").holds is holds


def test_a_lease_outside_the_network_is_none() -> None:
    network = "10.44.0.0/20"
    assert judging.leased(ipaddress.ip_address("10.44.3.7"), network, 0.1).holds
    assert not judging.leased(ipaddress.ip_address("10.45.3.7"), network, 0.1).holds
    assert not judging.leased(None, network, 0.1).holds
