"""``campbox enrol``: tickets from a site file or from words, and what is refused before a ticket is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.errors import BadInput, CampboxError, ConfigError, NotSo, Refused
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from provisioning.authority import certificates
from provisioning.authority.commands import enrol

EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "site.toml").read_text()


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    layout = Layout.under(tmp_path / "hub", tmp_path)
    certificates.prepare(layout, HubConfig(host="hub.test"))
    layout.etc.mkdir(parents=True)
    layout.hub_config_file.write_text('host = "hub.test"\nhttps_port = 8443\n')
    return tmp_path / "hub"


def call(*argv: str) -> str:
    return CliRunner().invoke(enrol, argv, catch_exceptions=False, standalone_mode=False).output


def ticket(hub: Path, *argv: str) -> Any:
    output = hub.parent / "identity.json"
    call("ticket", "--hub-root", str(hub), "--output", str(output), *argv)
    assert output.stat().st_mode & 0o777 == 0o600
    return json.loads(output.read_text())


def tickets(hub: Path) -> list[Any]:
    return list(json.loads(call("list", "--hub-root", str(hub), "--json"))["enrolments"])


def test_a_site_file_gives_box_site_and_hub(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(EXAMPLE)
    made = ticket(hub, "--site", str(tmp_path / "site.toml"))
    assert (made["box"], made["site"], made["hub"]) == ("camp-north-1", "camp-north-1", {"host": "hub.example.org", "port": 8443})
    assert [(one["box"], one["state"]) for one in tickets(hub)] == [("camp-north-1", "waiting")]


def test_the_file_says_until_when_so_that_no_card_is_made_with_an_expired_ticket(hub: Path) -> None:
    made = ticket(hub, "--site", "north")
    assert made["expires"] == int(tickets(hub)[0]["expires"])


def test_words_win_over_the_site_file(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(EXAMPLE)
    made = ticket(hub, "--site", str(tmp_path / "site.toml"), "--box", "north-9", "--host", "192.0.2.1", "--port", "443")
    assert (made["box"], made["hub"]) == ("north-9", {"host": "192.0.2.1", "port": 443})


def test_without_a_site_file_the_hubs_own_name_is_used(hub: Path) -> None:
    made = ticket(hub, "--site", "north", "--box", "north-1")
    assert (made["site"], made["hub"]) == ("north", {"host": "hub.test", "port": 8443})


def test_the_token_is_never_printed(hub: Path) -> None:
    output = hub.parent / "identity.json"
    for more in ((), ("--json",)):
        told = call("ticket", "--hub-root", str(hub), "--output", str(output), "--site", "north", *more)
        assert json.loads(output.read_text())["token"] not in told and "north" in told


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["--site", "north", "--box", "North 1"], BadInput),
        (["--site", "north", "--port", "70000"], BadInput),
        (["--site", "north", "--host", "hub/x"], BadInput),
        (["--site", "nowhere.toml"], ConfigError),
    ],
)
def test_nothing_is_made_of_wrong_words(hub: Path, argv: list[str], error: type[CampboxError]) -> None:
    with pytest.raises(error):
        ticket(hub, *argv)
    assert tickets(hub) == []


def test_a_site_file_with_another_hubs_pin_gets_no_ticket(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(EXAMPLE.replace('# ca = "sha256:..."', f'ca = "sha256:{"0" * 64}"'))
    with pytest.raises(Refused, match="pin"):
        ticket(hub, "--site", str(tmp_path / "site.toml"))
    assert tickets(hub) == []


def test_a_hub_that_never_started_says_how(tmp_path: Path) -> None:
    with pytest.raises(NotSo, match="no authority") as refused:
        call("ticket", "--hub-root", str(tmp_path), "--output", str(tmp_path / "i.json"), "--site", "north", "--host", "hub.test")
    assert "campbox hub up" in refused.value.mend


def test_a_file_that_cannot_be_written_is_one_error(hub: Path) -> None:
    with pytest.raises(NotSo, match="cannot write"):
        call("ticket", "--hub-root", str(hub), "--output", str(hub / "no" / "i.json"), "--site", "north")
