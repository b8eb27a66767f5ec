"""The kernel's own record of leases, and that it counts as long as the DHCP server does."""

from __future__ import annotations

from appliance import names
from appliance.gate import leases
from appliance.gate.ruleset import ruleset
from tests.appliance.gate.knowledge import CONFIG
from tests.captive_portal.site import LAYOUT, PROJECT, SITE

RULES = [line.strip() for line in ruleset(CONFIG).splitlines()]


def test_kernel_and_server_count_the_same_time() -> None:
    assert leases.LEASE == names.LEASE
    assert any(line.startswith("dhcp-range=10.") and line.endswith(leases.LEASE) for line in captive())
    for name in ("leased", "taken"):
        at = RULES.index(f"set {name} {{")
        assert f"timeout {leases.LEASE}" in RULES[at : at + 6]


def captive() -> list[str]:
    """The server's configuration."""
    return names.files(SITE, LAYOUT)["dnsmasq-captive.conf"].splitlines()


def test_n2_an_address_that_somebody_has_is_told_to_nobody_else() -> None:
    told = RULES[RULES.index("chain leases_told {") :]
    assert told[1].endswith("@leased goto leases_kept") and told[2].endswith("@taken drop")


def test_only_what_was_acknowledged_counts() -> None:
    kept = RULES[RULES.index("chain leases_kept {") :]
    assert kept[1] == "@th,1984,24 != 0x350105 return", "an offer is none"
    assert [line.split()[1] for line in kept[2:4]] == ["@leased", "@taken"]


def test_the_servers_script_asks_the_kernel_by_the_rules_own_names() -> None:
    script = (PROJECT / "appliance/leases_from_kernel.sh").read_text()
    assert "list set $table leased" in script and 'table="inet campbox"' in script
    assert script.count("delete element $table") == 2
