"""The lab's internet says what the real one says."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.lab import sites
from provisioning.lab import topology as plan


@dataclass(frozen=True)
class Says:
    """A genuine answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Row:
    """A row of the probe table."""

    host: str
    system: str
    answers: dict[str, Says] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()


ROWS = (
    Row("check.example", "Android", {"/generate_204": Says(204)}, sealed=("/generate_204",)),
    Row("ok.example", "KDE", {"/": Says(200, (("Content-Type", "text/plain"),), b"OK")}),
    Row("status.example", "Ubuntu", {"/": Says(204, (("X-NetworkManager-Status", "online"),))}),
    Row("help.example", "Windows", {"/redirect": Says(302, (("Location", "http://go.example/?a=1&b=2"),))}),
    Row("name.example", "Windows", dns=("131.107.255.255", "fd3e:4f5a:5b81::1")),
)
ASKED = sites.probes(ROWS)
ANSWERS = sites.answers(ASKED)
HOSTS = plan.web_hosts(sites.host_names(ANSWERS))
CONFIG = sites.web_config(HOSTS, ANSWERS, Path("/lab"))


def test_every_path_of_every_row_becomes_a_probe() -> None:
    assert [probe.name for probe in ASKED] == [
        "Android check.example/generate_204",
        "Android https://check.example/generate_204",
        "KDE ok.example/",
        "Ubuntu status.example/",
        "Windows help.example/redirect",
    ]


def test_the_web_host_and_every_probe_host_are_served_once() -> None:
    names = [host.name for host in HOSTS]
    assert names[0] == sites.WEB_HOST
    assert sorted(names) == sorted({*names, *(probe.answer.host for probe in ASKED)})


def test_an_empty_answer_is_a_bare_status() -> None:
    assert "location = /generate_204 { return 204 ; }" in CONFIG


def test_headers_and_redirects_are_kept() -> None:
    assert 'location = / { add_header X-NetworkManager-Status "online" always; return 204 ; }' in CONFIG
    assert "location = /redirect { return 302 http://go.example/?a=1&b=2; }" in CONFIG


def test_a_body_comes_from_a_file_with_its_own_type() -> None:
    assert "location = / { types { } default_type text/plain; try_files /ok_example_ =404; }" in CONFIG


def test_every_host_listens_on_its_own_addresses_in_both_families_and_by_tls() -> None:
    for host in HOSTS:
        for address in (host.address, f"[{host.address6}]"):
            assert f"listen {address}:80;" in CONFIG
            assert f"listen {address}:443 ssl;" in CONFIG


def test_the_internet_keeps_no_log() -> None:
    assert "access_log off;" in CONFIG


def test_dns_answers_both_families_fixed_names_and_the_hub_and_nothing_else() -> None:
    text = sites.dns_config(HOSTS, sites.fixed_names(ROWS), "hub.example", Path("/lab/pid"))
    assert f"host-record={HOSTS[0].name},{HOSTS[0].address},{HOSTS[0].address6}\n" in text
    assert "host-record=name.example,131.107.255.255,fd3e:4f5a:5b81::1\n" in text
    assert f"host-record=hub.example,{plan.HUB4.ip},{plan.HUB6.ip}\n" in text
    assert "local=/#/\n" in text
    assert "server=" not in text


def test_a_debian_finds_the_time_where_the_provider_tells_it() -> None:
    assert set(sites.TIME_NAMES) == {f"{n}.debian.pool.ntp.org" for n in range(4)}
    told = sites.time_config(Path("/lab/pid"))
    assert all(f"bindaddress {address}" in told for addresses in sites.TIME_NAMES.values() for address in addresses)
    assert "local stratum" in told and "server " not in told and "pool " not in told


def test_the_provider_gives_no_address_that_somebody_has() -> None:
    told = sites.line_config(Path("/lab/pid"))
    (ranged,) = [line for line in told.splitlines() if line.startswith("dhcp-range=203")]
    first, last = (ipaddress.IPv4Address(part) for part in ranged.partition("=")[2].split(",")[:2])
    taken = (plan.GATEWAY4.ip, plan.BOX4.ip)
    assert first in plan.GATEWAY4.network and last in plan.GATEWAY4.network
    assert not any(first <= address <= last for address in taken)
    assert "quiet-dhcp\n" in told and "leasefile-ro" in told
