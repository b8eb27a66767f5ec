"""P Places: one layout carried to a service by its environment arrives as it was."""

from __future__ import annotations

from pathlib import Path

from appliance.layout import Layout

CODE = Path("/opt/campbox")


def test_a_service_finds_the_layout_it_was_given() -> None:
    given = Layout.under(Path("/run/somewhere"), CODE)
    assert Layout.from_environment(given.environment(), Path("/elsewhere")) == given


def test_without_being_told_it_is_the_systems() -> None:
    assert Layout.from_environment({}, CODE) == Layout.system(CODE)
    assert Layout.system(CODE).config_file == Path("/etc/campbox/campbox.toml")


def test_what_must_not_outlive_a_boot_is_in_run() -> None:
    layout = Layout.under(Path("/x"), CODE)
    for path in (layout.conf, layout.facts_dir, layout.boot_id_file, layout.socket("gate"), layout.facts("sync")):
        assert path.is_relative_to(layout.run)


def test_what_must_outlive_a_boot_is_in_data() -> None:
    layout = Layout.under(Path("/x"), CODE)
    for path in (layout.identity_dir, layout.service_data("content")):
        assert path.is_relative_to(layout.data)
