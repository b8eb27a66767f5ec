"""A camp whose site file says ``after_reboot = "ask"``: after a power cut everyone is captive again, and the page says why.

It says ``identity = "code"`` as well: a code taken before brings its owner back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import Unreachable
from appliance.services import SERVICES
from provisioning.lab import kinds
from provisioning.lab.commands import DEFAULT_SITE
from tests.real.running_camp import UP, RunningCamp, until
from tests.real.test_camp_table import every_probe_in_both_families

pytestmark = [pytest.mark.net]
PROTECTED = "https://portal.example.org/ar"
WHY = {
    "ar": "بعد انقطاع الكهرباء يضغط الجميع مرة أخرى",
    "en": "After a power cut everyone taps once more",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = DEFAULT_SITE.read_text("utf-8").replace("[access]\n", '[access]\nafter_reboot = "ask"\nidentity = "code"\n')
    path = tmp_path_factory.mktemp("ask") / "site.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def asking(the_camp: RunningCamp, site: Path) -> Iterator[RunningCamp]:
    """The camp of the other tests, ended and begun anew with this site file, for the tests of this module."""
    the_camp.ensure("--config", str(site))
    yield the_camp
    the_camp.send_away()
    the_camp.restore()


def read(camp: RunningCamp, guest: str, address: str, *form: str) -> str:
    """A page as the named guest gets it, redirects followed; ``form`` are curl's options for one that is sent."""
    (phone,) = (one for one in camp.guests if one.namespace.name.endswith(f"-{guest}"))
    language = ["-H", f"Accept-Language: {phone.kind.language}"]
    return phone.namespace.run("curl", "-s", "-k", "-m", "30", "-L", *language, *form, address).stdout


def told(camp: RunningCamp) -> str:
    """What the gate says of the uplink, or nothing while it is away."""
    try:
        return camp.uplink()
    except Unreachable:
        return ""


def taken_code(camp: RunningCamp, guest: str) -> str:
    """The code that the named guest is shown, once."""
    page = read(camp, guest, f"{PROTECTED}/code/take", "--data", "")
    found = re.search(r'<bdi dir="ltr">([0-9 ]{14})</bdi>', page)
    assert found is not None, page
    return found[1]


def test_rebooted_with_uplink_up_whoever_had_tapped_is_captive_again_and_told_why(asking: RunningCamp) -> None:
    before = asking.guest("k1", next(kind for kind in kinds.PHONE_KINDS if kind.language == "ar"))
    before.must("join", "tap", "online")
    code = taken_code(asking, "k1")
    asking.reboot()
    assert every_probe_in_both_families(before.must("held", "welcome"))
    for address in ("http://connectivitycheck.gstatic.com/generate_204", "http://camp.internal/ar/you"):
        assert WHY["ar"] in read(asking, "k1", address)
    assert read(asking, "k1", f"{PROTECTED}/code", "--data", f"code={code[:-1]}x").count("<h1") == 1
    assert every_probe_in_both_families(before.must("held"))
    # The box has a certificate: what was sent in the open is not taken, the form is to be had over HTTPS.
    read(asking, "k1", "http://camp.internal/ar/code", "--data", f"code={code}")
    assert every_probe_in_both_families(before.must("held"))
    read(asking, "k1", f"{PROTECTED}/code", "--data", f"code={code}")
    assert every_probe_in_both_families(before.must("online"))


def test_a_restart_of_any_daemon_keeps_everyone_online(asking: RunningCamp) -> None:
    phone = asking.guest("k3", next(kind for kind in kinds.PHONE_KINDS if kind.language == "ar"))
    phone.must("join", "tap", "online")
    daemons = [service.name for service in SERVICES if service.place == "box" and service.kind == "daemon"]
    before = {name: pid for name in daemons if (pid := asking.pid(name)) is not None}
    assert {"gate", "portal", "nginx", "dnsmasq-captive", "dnsmasq-admitted", "catalogue"} <= before.keys()
    asking.kill(*before)
    until(lambda: all(asking.serves(name, but=pid) for name, pid in before.items()), UP, "all of them are back")
    until(lambda: told(asking) == "up", UP, "the gate answers again")
    assert every_probe_in_both_families(phone.must("online"))


def test_rebooted_with_uplink_down_everyone_is_captive_and_a_tap_counts_when_it_returns(asking: RunningCamp) -> None:
    before = asking.guest("k2", next(kind for kind in kinds.PHONE_KINDS if kind.language == "en"))
    before.must("join", "tap")
    asking.cut()
    asking.reboot()
    assert every_probe_in_both_families(before.must("held", "welcome", "catalogue"))
    assert WHY["en"] in read(asking, "k2", "http://camp.internal/")
    until(lambda: asking.uplink() == "down", UP, "the box that was rebooted notices that the uplink is down")
    asking.restore()
    assert every_probe_in_both_families(before.must("held"))  # the uplink's return admits nobody
    assert every_probe_in_both_families(before.must("tap", "online"))
