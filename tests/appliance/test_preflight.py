"""What stands in the way is named before anything starts, each with where and how to mend it."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import SiteConfig, parse
from appliance.gate.nearby import NEARBY_HTTP
from appliance.preflight import KERNEL_FEATURES, LEAST_SPACE, Facts, Listener, look
from appliance.preflight_facts import little_room, programs

EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "site.toml").read_text()
CONFIG = parse(EXAMPLE)
WITH_TLS = parse(EXAMPLE.replace("# api_name", "api_name"))
GOOD = Facts(
    root=True, interfaces=("eth0", "eth1"), default_routes=("eth1",), addresses=(("eth1", "192.0.2.7/24"),), data="/var/lib/campbox"
)


def said(config: SiteConfig = CONFIG, **changes: Any) -> list[tuple[int, str]]:
    found = look(config, dataclasses.replace(GOOD, **changes))
    return [(error.exit_code, str(error)) for error in found.errors]


def test_a_good_machine_has_nothing_in_its_way() -> None:
    assert said() == []
    assert look(CONFIG, GOOD).warnings == []


def test_without_root_only_that_is_said() -> None:
    [(code, line)] = said(root=False, interfaces=())
    assert code == 1 and "sudo" in line


@pytest.mark.parametrize("feature", KERNEL_FEATURES)
def test_every_missing_kernel_feature_is_named_with_its_option_and_is_exit_3(feature: str) -> None:
    [(code, line)] = said(missing_features=(feature,))
    assert code == 3 and feature in line and KERNEL_FEATURES[feature] in line


def test_a_missing_program_is_exit_3_and_said_first() -> None:
    (code, line), (other, _) = said(missing_programs=("nginx",), free=0)
    assert (code, other) == (3, 1) and "nginx" in line


def test_every_missing_interface_is_named_with_what_there_is() -> None:
    lines = said(interfaces=("eth0", "wlan0"))
    assert lines == [(1, "[[uplink]]: there is no interface eth1; here are eth0, wlan0")]


def test_the_line_this_machine_uses_itself_is_not_given_to_the_camp() -> None:
    [(code, line)] = said(default_routes=("eth0", "eth1"))
    assert code == 1 and "default route" in line


@pytest.mark.parametrize("address", ["10.44.3.9/24", "10.0.0.5/8", "fd5c:a3b0:77::99/64"])
def test_a_network_that_overlaps_the_lan_is_refused(address: str) -> None:
    [(code, line)] = said(addresses=(("eth1", address),))
    assert code == 1 and "overlaps" in line


def test_the_boxs_own_bridge_of_an_earlier_start_is_no_overlap() -> None:
    assert said(addresses=(("br-lan", "10.44.0.1/20"), ("eth0", "10.44.0.1/20"), ("br-lan", "fd5c:a3b0:77::1/64"))) == []


@pytest.mark.parametrize(
    "listener",
    [
        Listener("tcp", "0.0.0.0", 80, "apache2"),
        Listener("tcp", "127.0.0.1", 80, "apache2"),
        Listener("tcp", "::", 8081, "apache2"),
        Listener("udp", "0.0.0.0", 53, "named"),
        Listener("udp", "10.44.0.1", 53, "named"),
        Listener("tcp", "fd5c:a3b0:77::1", 5354, "named"),
        Listener("udp", "0.0.0.0", 67, "dhcpd"),
        Listener("udp", "::", 547, "dhcpd"),
    ],
)
def test_a_port_that_is_needed_and_taken_is_named_with_its_program(listener: Listener) -> None:
    [(code, line)] = said(listeners=(listener,))
    assert code == 1 and str(listener.port) in line and listener.program in line and "stop" in line


@pytest.mark.parametrize(
    "listener",
    [
        Listener("udp", "127.0.0.53", 53, "systemd-resolve"),
        Listener("tcp", "192.0.2.7", 53, "named"),
        Listener("tcp", "0.0.0.0", 22, "sshd"),
        Listener("tcp", "0.0.0.0", 443, "other"),
        Listener("udp", "0.0.0.0", 80, "other"),
    ],
)
def test_a_port_that_nobody_here_needs_is_left_alone(listener: Listener) -> None:
    assert said(listeners=(listener,)) == []


def test_port_443_is_needed_only_with_a_public_name() -> None:
    [(_, line)] = said(WITH_TLS, listeners=(Listener("tcp", "0.0.0.0", 443, "other"),))
    assert "tcp port 443" in line


def test_the_neighbours_door_is_needed_only_where_the_site_names_one_by_address() -> None:
    taken = (Listener("tcp", "0.0.0.0", NEARBY_HTTP, "other"),)
    near = dataclasses.replace(CONFIG, catalogue=dataclasses.replace(CONFIG.catalogue, neighbours=("203.0.113.12",)))
    [(_, line)] = said(near, listeners=taken)
    assert f"tcp port {NEARBY_HTTP}" in line and said(listeners=taken) == []


def test_one_program_on_one_port_is_named_once() -> None:
    taken = tuple(Listener("tcp", address, 80, "apache2") for address in ("0.0.0.0", "::", "127.0.0.1"))
    assert len(said(listeners=taken)) == 1


def test_too_little_space_says_how_much_is_needed_and_where() -> None:
    [(code, line)] = said(free=LEAST_SPACE - 1)
    assert code == 1 and "/var/lib/campbox" in line and "199 MB free" in line


def test_a_public_name_without_its_certificate_is_refused() -> None:
    [(code, line)] = said(WITH_TLS, has_tls=False, tls="/etc/campbox/tls")
    assert code == 1 and "/etc/campbox/tls" in line and "cert.pem" in line
    assert said(has_tls=False) == []


def test_a_clone_in_a_closed_home_is_refused_with_the_folder() -> None:
    [(code, line)] = said(closed="/home/lina")
    assert code == 1 and line.startswith("/home/lina: ") and "/opt" in line


def test_a_clock_before_this_program_was_made_is_a_warning_not_a_refusal() -> None:
    found = look(CONFIG, dataclasses.replace(GOOD, clock_wrong=True))
    assert found.errors == [] and "clock" in found.warnings[0]


LISTENERS = st.builds(
    Listener, st.sampled_from(["tcp", "udp"]), st.ip_addresses().map(str), st.integers(0, 65_535), st.text(max_size=5)
)
FACTS = st.builds(
    Facts, st.just(True), st.lists(st.text(max_size=5)).map(tuple), st.lists(st.text(max_size=5)).map(tuple),
    st.lists(st.tuples(st.text(max_size=5), st.ip_addresses().map(lambda a: f"{a}/{a.max_prefixlen}"))).map(tuple),
    st.lists(LISTENERS).map(tuple), st.lists(st.sampled_from(sorted(KERNEL_FEATURES))).map(tuple),
    st.lists(st.text(max_size=5)).map(tuple), st.integers(0), st.text(max_size=5), st.booleans(), st.text(max_size=5),
    st.text(max_size=5), st.booleans(),
)  # fmt: skip


@given(FACTS)
def test_facts_come_back_whole_through_json_and_every_problem_is_one_line_with_the_gravest_first(facts: Facts) -> None:
    assert Facts.from_json(json.loads(json.dumps(dataclasses.asdict(facts)))) == facts
    codes = [error.exit_code for error in look(CONFIG, facts).errors]
    assert codes == sorted(codes, reverse=True)
    assert all(error.what and error.mend for error in look(CONFIG, facts).errors)


def test_tables_too_small_for_a_thousand_phones_are_a_warning_that_says_what_to_type() -> None:
    found = look(CONFIG, dataclasses.replace(GOOD, little_room=("net/netfilter/nf_conntrack_max",)))
    assert not found.errors
    assert found.warnings == [
        "net.netfilter.nf_conntrack_max is too low for a thousand phones; on the machine itself: "
        "sysctl -w net.netfilter.nf_conntrack_max=65536"
    ]


def test_only_what_is_too_low_and_can_be_seen_is_told(tmp_path: Path) -> None:
    for name, value in (("net/ipv4/neigh/default/gc_thresh3", 1024), ("net/netfilter/nf_conntrack_max", 262_144)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f"{value}\n")
    assert list(little_room(tmp_path)) == ["net/ipv4/neigh/default/gc_thresh3"]


def test_who_holds_a_port_is_found_though_other_programs_end_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in ((7, "nginx"), (8, "ended")):
        (tmp_path / str(number) / "fd").mkdir(parents=True)
        (tmp_path / str(number) / "comm").write_text(f"{name}\n")
    for descriptor, target in (("3", "/dev/null"), ("4", "socket:[4711]")):
        (tmp_path / "7" / "fd" / descriptor).symlink_to(target)
    look, listdir = os.scandir, os.listdir

    def gone(path: Any) -> None:
        if "8" in Path(path).parts[-2:]:
            raise ProcessLookupError(3, "No such process", str(path))

    monkeypatch.setattr(os, "scandir", lambda path: gone(path) or look(path))
    monkeypatch.setattr(os, "listdir", lambda path: gone(path) or listdir(path))
    assert programs({"4711", "4712"}, tmp_path) == {"4711": "nginx"}
