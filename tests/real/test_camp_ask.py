"""A camp whose site file says ``after_reboot = "ask"``: after a power cut everyone is captive again, and the page says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.lab import kinds
from provisioning.lab.commands import DEFAULT_SITE
from tests.real.running_camp import RunningCamp, until
from tests.real.test_camp_table import every_probe_in_both_families

pytestmark = [pytest.mark.net]
WHY = {
    "ar": "بعد انقطاع الكهرباء يضغط الجميع مرة أخرى",
    "en": "After a power cut everyone taps once more",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = DEFAULT_SITE.read_text("utf-8").replace("[access]\n", '[access]\nafter_reboot = "ask"\n')
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


def read(camp: RunningCamp, guest: str, address: str) -> str:
    """A page as the named guest gets it, redirects followed."""
    (phone,) = (one for one in camp.guests if one.namespace.name.endswith(f"-{guest}"))
    language = ["-H", f"Accept-Language: {phone.kind.language}"]
    return phone.namespace.run("curl", "-s", "-m", "10", "-L", *language, address).stdout


def test_rebooted_with_uplink_up_whoever_had_tapped_is_captive_again_and_told_why(asking: RunningCamp) -> None:
    before = asking.guest("k1", next(kind for kind in kinds.PHONE_KINDS if kind.language == "ar"))
    before.must("join", "tap", "online")
    asking.reboot()
    assert every_probe_in_both_families(before.must("held", "welcome"))
    for address in ("http://connectivitycheck.gstatic.com/generate_204", "http://camp.internal/ar/you"):
        assert WHY["ar"] in read(asking, "k1", address)
    assert every_probe_in_both_families(before.must("tap", "online"))


def test_rebooted_with_uplink_down_everyone_is_captive_and_a_tap_counts_when_it_returns(asking: RunningCamp) -> None:
    before = asking.guest("k2", next(kind for kind in kinds.PHONE_KINDS if kind.language == "en"))
    before.must("join", "tap")
    asking.cut()
    asking.reboot()
    assert every_probe_in_both_families(before.must("held", "welcome", "catalogue"))
    assert WHY["en"] in read(asking, "k2", "http://camp.internal/")
    until(lambda: asking.uplink() == "down", 60, "the box that was rebooted notices that the uplink is down")
    asking.restore()
    assert every_probe_in_both_families(before.must("held"))  # the uplink's return admits nobody
    assert every_probe_in_both_families(before.must("tap", "online"))
