"""Whether it is the internet that answers: the gate's real check against every line that only looks like one (N1)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSRR

from appliance import facts
from appliance.gate.uplink import Asker, UplinkCheck
from captive_portal.probes import PROBES
from provisioning.selftest import facts_net
from tests.real import providers
from tests.real.attendants import Attendants
from tests.real.gate_camp import NET4, NET6, Camp, inside, phone4, tcp, until
from tests.real.gate_place import Place, see, start_names
from tests.real.providers import EMPTY_HOST, FOREIGN, MISSING, TELLING_HOST, Provider, Talk

pytestmark = [pytest.mark.net]
TARGETS = (f"{EMPTY_HOST}:80", f"{TELLING_HOST}:80")
CHECKED = 'check = ["' + '", "'.join(TARGETS) + '"]'


@pytest.fixture(scope="module")
def camp() -> Iterator[Camp]:
    with ExitStack() as stack:
        made = Camp("gline", access="")
        stack.callback(made.close)
        made.text = made.text.replace(f'check = ["{NET4}:80"]', CHECKED)
        made.plug_in_first()
        yield made


@pytest.fixture(scope="module")
def line(camp: Camp) -> Iterator[Provider]:
    made = Provider(camp.net)
    yield made
    made.close()


@pytest.fixture
def named(camp: Camp, line: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Both names lead to the provider's line."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (NET4, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: found)
    line.talk = providers.genuine
    return line


def look(camp: Camp, check: UplinkCheck, times: int) -> list[bool]:
    with inside(camp.box.name):
        return [check.look() for _ in range(times)]


def test_n1_the_genuine_hosts_are_the_internet(camp: Camp, named: Provider) -> None:
    check = UplinkCheck(TARGETS, PROBES)
    assert look(camp, check, 4) == [True] * 4
    assert check.heard.foreign is None and check.heard.refuted is None and named.asked == 4, "one question a check"


@pytest.mark.parametrize("what", FOREIGN)
def test_n1_somebody_elses_answer_is_not_the_internet(camp: Camp, named: Provider, what: str) -> None:
    """Whatever was known before, two checks refute it, and the genuine answer is believed again at once."""
    check = UplinkCheck(TARGETS, PROBES)
    assert look(camp, check, 1) == [True]
    named.talk = FOREIGN[what]
    said = look(camp, check, 4)
    assert said[-2:] == [False, False] and said.count(True) <= 1, "at most one 204 is believed before the other host contradicts"
    heard = check.heard
    assert heard.foreign is not None and heard.refuted is not None and heard.refuted > (heard.reached or 0)
    named.talk = providers.genuine
    assert look(camp, check, 1) == [True]


@pytest.mark.parametrize("what", MISSING)
def test_n1_what_never_ends_or_never_begins_is_missing(camp: Camp, named: Provider, what: str) -> None:
    check = UplinkCheck(TARGETS, PROBES)
    named.talk = MISSING[what]
    assert look(camp, check, 2) == [False, False]
    assert check.heard.refuted is None


@pytest.mark.parametrize("host", [EMPTY_HOST, TELLING_HOST])
def test_n1_one_blocked_host_is_no_broken_line(camp: Camp, named: Provider, host: str) -> None:
    check = UplinkCheck(TARGETS, PROBES)
    named.talk = providers.blocked(host)
    assert look(camp, check, 4) == [True] * 4
    assert check.heard.refuted is None


def test_n1_a_line_by_satellite_is_the_internet(camp: Camp, named: Provider) -> None:
    check = UplinkCheck(TARGETS, PROBES)
    named.talk = providers.far_away
    assert look(camp, check, 2) == [True, True]


def test_n1_a_single_host_that_says_nothing_is_asked_for_what_it_cannot_have(camp: Camp, named: Provider) -> None:
    alone = (f"{EMPTY_HOST}:80",)
    check = UplinkCheck(alone, PROBES)
    assert look(camp, check, 1) == [True]
    named.talk = FOREIGN["an empty answer to everything"]
    assert look(camp, check, 2) == [False, False] and check.heard.refuted is not None


def test_a_host_that_no_table_knows_counts_when_it_connects(camp: Camp, named: Provider) -> None:
    """The site's own choice, as before; config check says what it is worth."""
    named.talk = FOREIGN["that page itself"]
    with inside(camp.box.name):
        assert Asker([f"{NET4}:80"], PROBES).look() == "genuine"


@pytest.mark.parametrize("talk", [FOREIGN["a redirect to a page where one pays"], providers.silent, providers.genuine])
def test_n1_the_self_test_says_the_same(camp: Camp, named: Provider, talk: Talk) -> None:
    named.talk = talk
    with inside(camp.box.name):
        resolved, said = facts_net._reach(TARGETS)
    assert resolved and said == {providers.silent: "silent", providers.genuine: "genuine"}.get(talk, "foreign")


def _names(camp: Camp, stack: ExitStack) -> None:
    """A name server that answers every name with the provider's line."""
    with inside(camp.net.name):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((NET4, 53))
    attendants = Attendants()
    stack.callback(attendants.end)

    def serve(server: socket.socket) -> None:
        while True:
            try:
                raw, caller = server.recvfrom(2000)
                if not raw:
                    return
                asked = DNS(raw)
                kind, address = ("AAAA", NET6) if asked.qd[0].qtype == 28 else ("A", NET4)
                said = DNSRR(rrname=asked.qd[0].qname, type=kind, ttl=60, rdata=address)
                server.sendto(bytes(DNS(id=asked.id, qr=1, rd=1, ra=1, qd=asked.qd, an=said)), caller)
            except OSError:
                return

    attendants.begin(serve, server)


def test_n1_the_gate_tells_everybody_that_the_provider_wants_a_login_or_money(camp: Camp, line: Provider) -> None:
    """Before the mend it said "up" for ever, and the page that tells people never came."""
    line.talk = providers.genuine
    with ExitStack() as stack:
        place = Place(camp, "campbox-test-line")
        stack.callback(place.close)
        _names(camp, stack)
        folder = Path("/etc/netns") / camp.box.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {NET4}\n")  # before the gate enters its namespace
        before = line.asked
        place.start()
        camp.plug_in()
        start_names(place, stack)
        camp.listen(camp.box, socket.SOCK_STREAM, 8081, "offline")
        see(place)
        assert place.ask("admit", phone4(1))["ok"]
        phone = camp.phones[0]
        assert until(lambda: line.asked > before) and facts.read(place.layout, "gate") == {"uplink": "up", "why": ""}
        assert tcp(phone, NET4, 80) != "offline"
        for what in ("a redirect to a page where one pays", "an empty answer to everything"):
            line.talk = FOREIGN[what]
            assert until(lambda: place.ask("facts")["uplink"] == "down"), what
            assert facts.read(place.layout, "gate") == {"uplink": "down", "why": "portal"}
            assert until(lambda: tcp(phone, NET4, 80) == "offline"), "and the phone is led to the page that says so"
            line.talk = providers.genuine
            assert until(lambda: place.ask("facts")["uplink"] == "up")
            assert facts.read(place.layout, "gate") == {"uplink": "up", "why": ""}


def test_n1_a_check_is_cheap_enough_for_a_line_that_is_paid_by_volume(camp: Camp, named: Provider) -> None:
    """Both ways, with the frames' own octets; 17,280 checks a day."""
    counted = ("rx_bytes", "tx_bytes")

    def carried() -> int:
        paths = [f"/sys/class/net/wan/statistics/{name}" for name in counted]
        return sum(map(int, camp.box.run("cat", *paths).stdout.split()))

    check = UplinkCheck(TARGETS, PROBES)
    assert look(camp, check, 2) == [True, True], "each host's address is known by now"
    before = carried()
    assert look(camp, check, 10) == [True] * 10
    each = (carried() - before) / 10
    assert each < 1_000, f"{each:.0f} octets"
