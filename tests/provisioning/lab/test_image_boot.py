"""What ``campbox image boot`` refuses before it starts anything; and the lab's own card fits the computer it is put into."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.config import parse
from appliance.errors import BadInput, ConfigError
from provisioning.lab import boot_show
from provisioning.lab.image_boot import CARD_SITE, boot, check_site

SITE = CARD_SITE.read_text(encoding="utf-8")
RADIO = '[radio]\ninterface = "wlan0"\nssid = "Camp"\nchannel = 6\ncountry = "JO"\n'


def test_the_labs_own_card_fits() -> None:
    check_site(parse(SITE), "card.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SITE.replace("external_ap = true", "") + RADIO, "radio"),
        (SITE.replace('"eth0"', '"eth9"'), "eth0"),
        (SITE.partition("[hub]")[0], "hub"),
        (SITE.replace("[access]", '[access]\napi_name = "portal.example.org"'), "certificate"),
    ],
)
def test_a_site_that_the_computer_cannot_show_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    refused = CliRunner().invoke(boot, ["some.img", "--site", str(file)], standalone_mode=False).exception
    assert isinstance(refused, ConfigError)
    assert said in str(refused) and str(file) in str(refused) and refused.mend


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "no.img"
    file.write_bytes(bytes(4_000_000))
    with pytest.raises(BadInput, match="not a card image"):
        boot_show.arch_of(file)


@pytest.mark.parametrize("text", ["", "[]", '{"hub_url": "http://127.0.0.1"}'])
def test_what_is_no_state_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(BadInput, match="state file"):
        boot_show._read_state(file)
