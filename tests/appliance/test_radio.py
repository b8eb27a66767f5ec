"""hostapd's configuration as a whole text, and nothing without a radio."""

from __future__ import annotations

import dataclasses

import pytest

from appliance.config import Radio
from appliance.radio import files, second_network
from appliance.services import SERVICES
from tests import golden_files
from tests.captive_portal.site import LAYOUT, SITE

RADIO = Radio("wlan0", "Community Wi-Fi", 6, "JO")


def _text(radio: Radio) -> str:
    return files(dataclasses.replace(SITE, radio=radio), LAYOUT)["hostapd.conf"]


def test_the_whole_text() -> None:
    golden_files.same(golden_files.FOLDER / "hostapd.conf", _text(RADIO))


ENCRYPTED = dataclasses.replace(RADIO, owe=True)


def test_the_whole_text_with_an_encrypted_network_beside_the_open_one() -> None:
    golden_files.same(golden_files.FOLDER / "hostapd-owe.conf", _text(ENCRYPTED))


def _networks(radio: Radio) -> list[dict[str, str]]:
    """The settings of each network; those of the radio are with the first."""
    found: list[dict[str, str]] = [{}]
    for key, _, value in (line.partition("=") for line in _text(radio).splitlines() if "=" in line):
        if key == "bss":
            found.append({"interface": value})
        found[-1][key] = value
    return found


def test_each_of_two_networks_names_the_other_and_both_keep_phones_apart() -> None:
    plain, encrypted = _networks(ENCRYPTED)
    assert plain["owe_transition_ifname"] == encrypted["interface"] and encrypted["owe_transition_ifname"] == plain["interface"]
    assert plain["bridge"] == encrypted["bridge"] and plain["ap_isolate"] == encrypted["ap_isolate"] == "1"
    assert plain["wpa"] == "0" and (encrypted["wpa_key_mgmt"], encrypted["ieee80211w"]) == ("OWE", "2")
    assert encrypted["ignore_broadcast_ssid"] == "1" and encrypted["ssid2"] != plain["ssid2"]


@pytest.mark.parametrize("name", ["w", "wlan0", "wlx00c0cab0f00d", "123456789012345"])
def test_the_second_interface_has_a_name_the_kernel_takes_and_its_network_one_that_fits(name: str) -> None:
    interface, ssid = second_network(dataclasses.replace(ENCRYPTED, interface=name, ssid="م" * 16))
    assert len(interface) <= 15 and interface != name and len(ssid) <= 32


def test_unless_it_is_asked_for_there_is_only_the_open_one() -> None:
    assert len(_networks(RADIO)) == 1 and "owe" not in _text(RADIO)


def test_without_a_radio_there_is_no_file() -> None:
    assert files(SITE, LAYOUT) == {}


def test_phones_are_kept_apart_on_the_air() -> None:
    assert "ap_isolate=1" in _text(RADIO).splitlines()


@pytest.mark.parametrize("name", ["a", "مخيم الشمال", 'quo"te', "back\\slash", "#hash", "x=y", "32 characters long network name!"])
def test_any_name_of_the_network_comes_out_as_it_is(name: str) -> None:
    [line] = [line for line in _text(dataclasses.replace(RADIO, ssid=name)).splitlines() if line.startswith("ssid2=")]
    assert bytes.fromhex(line.removeprefix("ssid2=")).decode() == name


@pytest.mark.parametrize(("channel", "mode", "wide"), [(1, "g", "0"), (14, "g", "0"), (36, "a", "1"), (149, "a", "1")])
def test_the_channel_decides_the_band(channel: int, mode: str, wide: str) -> None:
    lines = _text(dataclasses.replace(RADIO, channel=channel)).splitlines()
    assert f"hw_mode={mode}" in lines and f"ieee80211ac={wide}" in lines and f"ieee80211h={wide}" in lines


def test_nothing_hostapd_prints_about_phones_reaches_a_log() -> None:
    [service] = [service for service in SERVICES if service.name == "hostapd"]
    assert service.command[1:3] == ("-f", "/dev/null")
    assert "logger_stdout=0" in _text(RADIO).splitlines() and "logger_syslog=0" in _text(RADIO).splitlines()
