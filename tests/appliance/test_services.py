"""P THE service table: golden facts that nobody changes by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.layout import Layout
from appliance.services import SERVICES, USERS, Place, Service, services

LAYOUT = Layout.under(Path("/x"), Path("/code"))
NEEDED = {
    "gate": {"CAP_NET_ADMIN"},
    "hostapd": {"CAP_NET_ADMIN", "CAP_NET_RAW"},
    "dnsmasq-captive": {"CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW"},
    "dnsmasq-garden": {"CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW"},
    "dnsmasq-admitted": {"CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW"},
    "announce": {"CAP_NET_RAW"},
    "selftest": {"CAP_NET_ADMIN", "CAP_NET_RAW"},
    "nginx": {"CAP_NET_BIND_SERVICE"},
    "hub-nginx": {"CAP_NET_BIND_SERVICE"},
}
"""Service -> every capability it may have; what is not named here may have none."""


def test_every_user_has_an_id_of_its_own_out_of_the_way_of_the_hosts() -> None:
    assert len(set(USERS.values())) == len(USERS)
    assert all(70_000 <= uid < 100_000 for uid in USERS.values()), (
        "Debian: 0-59999 and 60000-64999 are its own, 100000 up subordinate"
    )


def test_names_are_unique() -> None:
    assert len({service.name for service in SERVICES}) == len(SERVICES)


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_a_service_has_no_capability_it_does_not_need(service: Service) -> None:
    assert set(service.capabilities) == NEEDED.get(service.name, set())


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_a_row_is_sound(service: Service) -> None:
    here = {other.name for other in SERVICES if other.place == service.place}
    assert service.user in USERS
    assert set(service.groups) <= set(USERS)
    assert set(service.needs) <= here - {service.name}
    assert service.purpose
    assert (service.every > 0) == (service.kind == "timer")
    assert not any("{" in part for part in service.argv(LAYOUT, "/venv/bin/python"))
    if (ready := service.ready_path(LAYOUT)) is not None:
        assert Path(ready).is_relative_to(LAYOUT.service_run(service.name)), "only its own folder is writable for it"


def test_what_serves_people_on_a_box_is_no_user_of_another_duty() -> None:
    """A fault in one of them opens nothing of the others."""
    users = {
        name: next(s.user for s in SERVICES if s.name == name) for name in ("gate", "portal", "catalogue", "telemetry", "nginx")
    }
    assert len(set(users.values())) == len(users)


def test_no_folder_has_two_owners() -> None:
    owners: dict[tuple[Place, str], set[str]] = {}
    for service in SERVICES:
        for folder in service.owns:
            owners.setdefault((service.place, folder), set()).add(service.user)
    assert all(len(users) == 1 for users in owners.values())


def test_no_web_process_writes_an_access_log_or_takes_an_address() -> None:
    for service in SERVICES:
        if "gunicorn" in service.command:
            words = service.argv(LAYOUT, "python")
            assert "--access-logfile" not in words
            assert words[words.index("--bind") + 1] == f"unix:{LAYOUT.socket(service.name)}"


PLACES: list[Place] = ["box", "hub"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("radio", [True, False])
@pytest.mark.parametrize("hub", [True, False])
def test_nothing_starts_before_what_it_needs(place: Place, radio: bool, hub: bool) -> None:
    rows = services(place, radio=radio, hub=hub)
    names = [service.name for service in rows]
    assert names
    for position, service in enumerate(rows):
        assert {need for need in service.needs if need in names} <= set(names[:position])


def test_a_box_without_radio_or_hub_runs_what_is_left() -> None:
    everything = {s.name for s in services("box", radio=True, hub=True)}
    assert {s.name for s in services("box", radio=True, garden=True)} - everything == {"dnsmasq-garden"}
    assert {s.name for s in services("box", radio=True, api=True)} - everything == {"announce"}
    assert everything - {s.name for s in services("box", radio=False, hub=True)} == {"hostapd"}
    assert everything - {s.name for s in services("box", radio=True, hub=False)} == {"enrol", "sync", "telemetry"}


def test_what_a_box_serves_by_itself_needs_no_hub() -> None:
    assert {"gate", "nginx", "portal", "catalogue", "dnsmasq-captive"} <= {s.name for s in services("box", hub=False)}
