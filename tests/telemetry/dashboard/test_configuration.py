"""What mosquitto and the hub's nginx are told, whole, against golden texts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from telemetry.dashboard import broker, front
from tests import golden_files

PROJECT = Path(__file__).resolve().parents[3]
LAYOUT = Layout.under(Path("/srv/hub"), Path("/opt/campbox"))
CONFIG = HubConfig(host="hub.example.org", https_port=8443, mqtt_port=18883, plain_port=18080)
TEXTS = {**broker.files(CONFIG, LAYOUT), **front.files(CONFIG, LAYOUT)}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_the_golden_one(name: str) -> None:
    golden_files.same(golden_files.FOLDER / "telemetry" / name, TEXTS[name])


def test_the_broker_logs_nothing_that_names_a_client() -> None:
    text = TEXTS["mosquitto.conf"]
    assert set(re.findall(r"^log_type (\S+)", text, re.M)) == {"error", "warning"}
    assert "connection_messages false" in text


def test_the_broker_lets_nobody_in_without_a_certificate() -> None:
    text = TEXTS["mosquitto.conf"]
    for line in ("allow_anonymous false", "require_certificate true", "use_identity_as_username true"):
        assert f"\n{line}\n" in text
    assert text.count("\nlistener ") == 1


def test_h2_a_box_may_write_only_the_leaves_of_up_and_read_only_down() -> None:
    patterns = [line for line in TEXTS["mosquitto.acl"].splitlines() if line.startswith("pattern")]
    leaves = ("t", "reported", "result", "feedback", "birth", "death")
    assert patterns == [*(f"pattern write campbox/v1/%u/up/{leaf}" for leaf in leaves), "pattern read campbox/v1/%u/down/#"]


def test_h2_everything_the_broker_keeps_is_bounded() -> None:
    for name in ("max_packet_size", "max_inflight_messages", "max_queued_messages", "max_queued_bytes", "memory_limit"):
        found = re.findall(rf"^{name} (\d+)$", TEXTS["mosquitto.conf"], re.M)
        assert len(found) == 1 and int(found[0]) > 0, name  # 0 is without a bound (mosquitto.conf(5))


def test_the_front_keeps_no_log_and_tells_addresses_only_of_who_tries_tokens_or_passwords() -> None:
    text = TEXTS["nginx.conf"]
    assert "access_log off;" in text and set(re.findall(r"error_log (.*);", text)) == {"stderr emerg"}
    told = [block.split("{")[0].strip() for block in text.split("location ")[1:] if "X-Real-IP $remote_addr" in block]
    assert set(told) == {"/enrol/", "= /login"}
    tried = [block.split("{")[0].strip() for block in text.split("location ")[1:] if "X-Real-IP $who_tries;" in block]
    assert set(tried) == {"/", "= /events"}
    assert re.search(r'map \$http_authorization \$who_tries \{\s+"" "";\s+default \$remote_addr;\s+\}', text)
    assert len(re.findall(r"X-Real-IP", text)) == len(told) + len(tried)


def test_h22_behind_a_proxy_of_this_machine_the_last_address_it_names_counts() -> None:
    plain = TEXTS["nginx.conf"].split("listen 127.0.0.1:18080;")[1]
    assert "set_real_ip_from 127.0.0.1;" in plain and "real_ip_header X-Forwarded-For;" in plain and "recursive" not in plain
    assert TEXTS["nginx.conf"].count("set_real_ip_from") == 1, "from elsewhere the header is nobody's word"


def test_plain_http_is_for_this_machine_alone() -> None:
    plain = [line for line in re.findall(r"listen (.*);", TEXTS["nginx.conf"]) if "ssl" not in line]
    assert plain == ["127.0.0.1:18080"]


def test_the_example_configuration_is_complete_and_right() -> None:
    text = (PROJECT / "examples" / "hub.toml").read_text()
    assert parse_hub(text).host == "hub.example.org"
    for name in ("also_known_as", "https_port", "mqtt_port", "plain_port", "smallest_count"):
        assert f"\n{name} = " in text
