"""The state file is read by programs outside this repository: its form is a contract (DESIGN section 6)."""

from __future__ import annotations

from pathlib import Path

from appliance.config import parse
from appliance.layout import Layout
from provisioning.lab import state
from provisioning.lab import topology as plan
from provisioning.lab.commands import DEFAULT_SITE

CODE = Path("/code")


def test_the_state_file_has_exactly_the_keys_of_the_contract() -> None:
    config = parse(DEFAULT_SITE.read_text(), str(DEFAULT_SITE))
    described = state.describe(
        config,
        box=Layout.under(Path("/box"), CODE),
        hub=Layout.under(Path("/hub"), CODE),
        web=plan.web_hosts(("www.example.org",))[0],
        ports={"portal": 1, "hub": 2, "mqtt": 3},
        login=("admin", "secret"),
        pids={"nginx": 12, "gate": 11},
    )
    assert described == {
        "portal_url": "http://127.0.0.1:1/",
        "hub_url": "http://127.0.0.1:2/",
        "hub_user": "admin",
        "hub_password": "secret",
        "box": {
            "id": "demo-camp",
            "netns": "campbox-box",
            "lan_bridge": "br-lan",
            "lan_gateway": "10.44.0.1",
            "lan_gateway6": "fd5c:a3b0:77::1",
            "data_dir": "/box/data",
        },
        "internet": {
            "netns": "campbox-net",
            "web_host": "www.example.org",
            "web_address": "203.0.113.100",
            "web_address6": "2001:db8:113:80::1",
        },
        "mqtt": {
            "host": "127.0.0.1",
            "port": 3,
            "ca": "/box/data/identity/ca.pem",
            "cert": "/box/data/identity/cert.pem",
            "key": "/box/data/identity/key.pem",
        },
        "hub": {"data_dir": "/hub/data"},
        "services": {"gate": 11, "nginx": 12},
    }


def test_the_demo_site_offers_what_its_phones_read() -> None:
    from provisioning.lab.kinds import PHONE_KINDS

    config = parse(DEFAULT_SITE.read_text(), str(DEFAULT_SITE))
    assert {kind.language for kind in PHONE_KINDS} == set(config.site.languages)
    assert config.access.api_name is not None
