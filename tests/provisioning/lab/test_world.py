"""What a phone is told survives the way into its process."""

from __future__ import annotations

from provisioning.lab.world import World

WORLD = World(
    "camp.internal", None, "10.44.0.1", "fd00::1", "10.44.0.0/20", "fd00::/64", "203.0.113.53", "2001:db8::53",
    "www.example.org", "203.0.113.100", "2001:db8::1", ("ar", "en"), "/trust.pem",
)  # fmt: skip


def test_a_world_survives_json() -> None:
    assert World.from_json(WORLD.to_json()) == WORLD


def test_addresses_are_chosen_by_family() -> None:
    assert [str(WORLD.box(v)) for v in (4, 6)] == ["10.44.0.1", "fd00::1"]
    assert [str(WORLD.web(v)) for v in (4, 6)] == ["203.0.113.100", "2001:db8::1"]
    assert [str(WORLD.outside_dns(v)) for v in (4, 6)] == ["203.0.113.53", "2001:db8::53"]
