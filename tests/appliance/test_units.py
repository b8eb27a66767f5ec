"""The service table as systemd units: whole texts in ``tests/golden/units``, and that no unit gets more than its row says.

After a wanted change: ``CAMPBOX_GOLDEN=write ./campbox test fast`` writes the texts anew; read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.layout import Layout
from appliance.services import SERVICES, USERS, Service, services
from appliance.units import sysusers, tmpfiles, units
from tests import golden_files

PROJECT = Path(__file__).resolve().parents[2]
LAYOUT = Layout.system(Path("/opt/campbox"))
PYTHON = "/opt/campbox/.venv/bin/python"
BOX = services("box", radio=True, garden=True, api=True)
TEXTS = units(BOX, LAYOUT, PYTHON)
LONG_RUNNING = [service for service in SERVICES if service.kind == "daemon"]


def lines(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def unit(service: Service) -> str:
    return units(services(service.place, radio=True, garden=True, api=True), LAYOUT, PYTHON)[f"campbox-{service.name}.service"]


def test_the_units_of_a_box_are_as_they_were_last_read() -> None:
    wanted = {**TEXTS, "sysusers.conf": sysusers(BOX), "tmpfiles.conf": tmpfiles(LAYOUT)}
    golden_files.all_same(golden_files.FOLDER / "units", wanted)


def test_every_service_has_a_unit_and_the_target_wants_each() -> None:
    wanted = lines(TEXTS["campbox.target"], "Wants")[0].split()
    assert set(wanted) <= set(TEXTS)
    assert {name.removeprefix("campbox-").rpartition(".")[0] for name in wanted} == {s.name for s in BOX} | {"prepare"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_unit_has_its_rows_user_and_capabilities_and_no_others(service: Service) -> None:
    text = unit(service)
    assert lines(text, "User") == lines(text, "Group") == [service.user]
    assert lines(text, "AmbientCapabilities") == lines(text, "CapabilityBoundingSet") == [" ".join(service.capabilities)]
    assert lines(text, "SupplementaryGroups") == [" ".join(service.groups)]
    assert lines(text, "NoNewPrivileges") == ["yes"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_unit_starts_after_root_prepared_and_after_what_its_row_needs(service: Service) -> None:
    after = lines(unit(service), "After")[0].split()
    assert set(after) == {"campbox-prepare.service", *(f"campbox-{name}.service" for name in service.needs)}


@pytest.mark.parametrize("service", LONG_RUNNING, ids=lambda service: service.name)
def test_a_daemon_comes_back_for_ever(service: Service) -> None:
    text = unit(service)
    assert lines(text, "Restart") == ["always"]
    assert lines(text, "StartLimitIntervalSec") == ["0"]


READY = [service for service in SERVICES if service.ready is not None]


@pytest.mark.parametrize("service", READY, ids=lambda service: service.name)
def test_point_0_a_slow_start_is_no_failed_one(service: Service) -> None:
    text = unit(service)
    (waiting,) = lines(text, "ExecStartPost")
    script, ready, still = waiting.removeprefix("+/bin/sh ").split()
    assert (ready, int(still)) == (service.ready_path(LAYOUT), 60)
    assert (PROJECT / Path(script).relative_to(LAYOUT.code)).read_text().startswith("#!/bin/sh\n"), "the script goes along"
    assert "timeout" not in waiting, "no moment after which one that works is ended"
    assert lines(text, "TimeoutStartSec") == ["30min"], "the usual 90 s would be such a moment (systemd.service(5))"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_nobody_waits_for_stands_back_when_the_processor_is_short(service: Service) -> None:
    """And the access point goes first: an answer to a phone that comes after a tenth of a second is a wrong one."""
    wanted = {"enrol": ["10"], "sync": ["10"], "renew": ["10"], "hostapd": ["-10"]}
    assert lines(unit(service), "Nice") == wanted.get(service.name, [])


@pytest.mark.parametrize("name", ["portal", "catalogue", "pages", "dashboard", "events"])
def test_web_processes_have_no_network(name: str) -> None:
    text = unit(next(service for service in SERVICES if service.name == name))
    assert lines(text, "PrivateNetwork") == ["yes"]
    assert lines(text, "IPAddressDeny") == ["any"]
    assert lines(text, "RestrictAddressFamilies") == ["AF_UNIX"]


def test_services_of_one_user_may_all_write_its_state() -> None:
    content = [unit(service) for service in SERVICES if service.user == "campbox-content"]
    assert len(content) >= 2
    assert all(lines(text, "StateDirectory") == ["campbox/content"] for text in content)


def test_a_timer_repeats_as_its_row_says_and_keeps_its_memory_between_runs() -> None:
    for service in BOX:
        if service.kind == "timer":
            assert lines(TEXTS[f"campbox-{service.name}.timer"], "OnUnitActiveSec") == [f"{service.every}s"]
            assert lines(TEXTS[f"campbox-{service.name}.service"], "RuntimeDirectoryPreserve") == ["yes"]


def test_every_user_keeps_its_number() -> None:
    rows = [line.split() for line in sysusers(SERVICES).splitlines()]
    assert {row[1]: int(row[2]) for row in rows} == USERS


def test_a_percent_or_a_dollar_in_a_command_is_not_for_systemd_to_read() -> None:
    odd = Service("odd", "box", "odd", ("{python}", "100%", "$HOME", "a b"), "campbox-gate")
    assert lines(units([odd], LAYOUT, PYTHON)["campbox-odd.service"], "ExecStart") == [f'{PYTHON} 100%% $$HOME "a b"']


def test_a_timer_that_is_woken_has_a_path_unit_that_the_target_wants() -> None:
    woken = [service for service in BOX if service.wakes]
    assert [service.name for service in woken] == ["sync"]
    assert "PathChanged=/run/campbox/facts/look.json" in TEXTS["campbox-sync.path"]
    assert "campbox-sync.path" in lines(TEXTS["campbox.target"], "Wants")[0].split()
