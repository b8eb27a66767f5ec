"""What ``campbox demo`` refuses before it starts anything, in one line that says how to mend it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from appliance.errors import CampboxError, ConfigError, MissingComponent
from provisioning.lab.commands import DEFAULT_SITE, Octets, demo

SITE = DEFAULT_SITE.read_text(encoding="utf-8")
RADIO = '[radio]\ninterface = "wlan0"\nssid = "Camp"\nchannel = 6\ncountry = "JO"\n'


def refusal(*arguments: str) -> BaseException | None:
    """What the command raises."""
    return CliRunner().invoke(demo, arguments, standalone_mode=False).exception


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SITE.replace("external_ap = true", "") + RADIO, "cables"),
        (SITE.partition("[hub]")[0], "hub"),
        (SITE + "\nunknown = 1\n", "unknown"),
        ("", "[site]"),
    ],
)
def test_a_site_the_demo_cannot_show_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    refused = refusal("--config", str(file))
    assert isinstance(refused, ConfigError)
    assert said in str(refused)
    assert str(file) in str(refused)
    assert refused.mend


def test_a_site_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = refusal("--config", str(tmp_path / "none.toml"))
    assert isinstance(refused, ConfigError)
    assert "none.toml" in str(refused)


def test_debians_kernel_is_refused_as_a_missing_component() -> None:
    refused = refusal("--kernel", "debian")
    assert isinstance(refused, MissingComponent)
    assert isinstance(refused, CampboxError) and refused.exit_code == 3


def test_more_phones_than_there_is_room_for_are_bad_arguments() -> None:
    assert isinstance(refusal("--phones", "61"), click.BadParameter)


@pytest.mark.parametrize("size", ["2", "2GB", "0MB", "99kB", "-2MB", "2 MBit", "٢MB"])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    assert isinstance(refusal("--data-disk", size), click.BadParameter)


def test_a_size_is_read_in_bytes() -> None:
    assert [Octets().convert(size, None, None) for size in ("2MB", "2 MB", "500kB")] == [2_000_000, 2_000_000, 500_000]
