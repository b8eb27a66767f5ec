"""P The hub's configuration: read whole, or refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ConfigError
from appliance.hub_config import HubConfig, parse_hub


def test_a_host_is_enough() -> None:
    assert parse_hub('host = "hub.example.org"\n') == HubConfig(host="hub.example.org")


def test_everything_can_be_said() -> None:
    text = """
host = "hub.example.org"
also_known_as = ["127.0.0.1", "hub.local", "2001:db8::1"]
https_port = 8443
mqtt_port = 18883
plain_port = 18080
smallest_count = 20
demo = true
"""
    names = ("127.0.0.1", "hub.local", "2001:db8::1")
    assert parse_hub(text) == HubConfig("hub.example.org", names, 8443, 18883, 18080, 20, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "host is missing"),
        ('host = "h"\nhots = "x"', "hub.toml:2: unknown key 'hots'"),
        ('host = "Not A Host"', "hub.toml:1: host: "),
        ('host = "h"\nmqtt_port = 70000', "hub.toml:2: mqtt_port: "),
        ('host = "h"\nmqtt_port = true', "hub.toml:2: mqtt_port: "),
        ('host = "h"\nmqtt_port = 443', "two services on one port"),
        ('host = "h"\nsmallest_count = 1', "from 10"),
        ('host = "h"\nalso_known_as = "x"', "list"),
        ('host = "h"\ndemo = 1', "true or false"),
        ("host", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_hub(line)
    assert said in str(caught.value)
    assert caught.value.mend


@given(st.text())
def test_any_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_hub(text)
    assert "\n" not in str(caught.value)
