"""What stands inside an image: whole texts in ``tests/golden/image``, and the promises that hold whatever the texts say.

After a wanted change: ``CAMPBOX_GOLDEN=write ./campbox test fast`` writes them anew; read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.layout import Layout
from appliance.services import services
from appliance.units import units
from provisioning.image import environment, recipe
from provisioning.image.system import CODE, PACKAGES, Arch, TreeFile, boot, early, late
from provisioning.uplinks import networks
from tests import golden_files

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "examples" / "site.toml").read_text()
SITE = parse(TEXT)
RADIO = """
[radio]
interface = "wlan0"
ssid = "Community Wi-Fi"
channel = 6
country = "DE"
[[uplink]]
interface = "wwan0"
down = "5mbit"
up = "1mbit"
"""
WITH_RADIO = parse(TEXT.replace("external_ap = true", "") + RADIO)
ARCHES: tuple[Arch, ...] = ("arm64", "amd64")


def shown(files: tuple[TreeFile, ...]) -> str:
    return "".join(
        f"===== {file.path} -> {file.link}\n" if file.link else f"===== {file.path} {file.mode:04o}\n{file.text}"
        for file in sorted(files, key=lambda file: file.path)
    )


def test_the_files_of_an_image_are_as_they_were_last_read() -> None:
    wanted = {
        "late.txt": shown(late(SITE, "arm64")),
        "networks-radio.txt": shown(tuple(TreeFile(*row) for row in networks(WITH_RADIO).items())),
        **{f"early-{arch}.txt": shown(early(SITE, arch)) for arch in ARCHES},
        **{f"boot-{arch}.txt": shown(boot(arch, "system_a")) for arch in ARCHES},
    }
    golden_files.all_same(golden_files.FOLDER / "image", wanted)


def file(path: str, arch: Arch = "arm64") -> TreeFile:
    return next(one for one in (*late(SITE, arch), *early(SITE, arch), *boot(arch, "system_a")) if one.path == path)


@pytest.mark.parametrize("arch", ARCHES)
def test_no_path_is_there_twice_and_every_one_is_absolute(arch: Arch) -> None:
    paths = [one.path for one in (*late(SITE, arch), *early(SITE, arch))]
    assert len(paths) == len(set(paths))
    assert all(path.startswith("/") for path in paths)
    assert not any(one.path.startswith("/") for one in boot(arch, "system_a"))


def test_the_root_is_the_same_on_every_kind_of_computer() -> None:
    assert late(SITE, "arm64") == late(SITE, "amd64")


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("slot", ["system_a", "system_b"])
def test_a_slot_starts_from_its_own_folder_and_partition(arch: Arch, slot: str) -> None:
    other = {"system_a": "system_b", "system_b": "system_a"}[slot]
    texts = [one.path + one.text for one in boot(arch, slot)]  # type: ignore[arg-type]
    assert all(slot in text for text in texts)
    assert not any(other in text for text in texts)


@pytest.mark.parametrize("arch", ARCHES)
def test_a_command_line_is_one_line_with_no_word_twice_but_console(arch: Arch) -> None:
    lines = [one.text for one in boot(arch, "system_a") if one.path.endswith("cmdline.txt")]
    entry = next(one.text for one in boot(arch, "system_a") if one.path.startswith("loader/entries/"))
    lines += [line.partition(" ")[2] + "\n" for line in entry.splitlines() if line.startswith("options ")]
    assert len(lines) == (2 if arch == "arm64" else 1)
    for line in lines:
        assert line.count("\n") == 1 and line.isascii()
        names = [word.partition("=")[0] for word in line.split() if not word.startswith("console=")]
        assert len(names) == len(set(names))


def test_nobody_can_log_in() -> None:
    links = {one.path: one.link for one in late(SITE, "arm64")}
    for unit in ("getty@.service", "getty@tty1.service", "serial-getty@.service", "autovt@.service", "ssh.service", "ssh.socket"):
        assert links[f"/etc/systemd/system/{unit}"] == "/dev/null"
    assert not any("passwd" in path or "shadow" in path or "authorized_keys" in path for path in links)


def test_neither_partition_can_stop_a_start() -> None:
    rows = [line.split() for line in file("/etc/fstab").text.splitlines() if not line.startswith("#")]
    assert [row[1] for row in rows] == ["/var/lib/campbox", "/boot/firmware"]
    assert all({"nofail", "x-systemd.before=local-fs.target"} <= set(row[3].split(",")) for row in rows)
    assert "ro" in rows[1][3].split(",") and "umask=0077" in rows[1][3].split(",")


def test_the_storage_script_never_makes_a_file_system() -> None:
    text = file("/usr/lib/campbox/storage").text
    assert not re.search(r"mkfs|mke2fs|wipefs|sfdisk|dd ", text)
    assert "--empty" not in text


def test_every_uplink_is_asked_for_addresses_and_the_peoples_side_is_left_alone() -> None:
    texts = networks(WITH_RADIO)
    assert re.search(r"^Name=br-lan eth0 wlan0$", texts["10-campbox-lan.network"], re.M)
    assert [re.search(r"^Name=(.*)$", texts[f"20-campbox-uplink-{n}.network"], re.M)[1] for n in (1, 2)] == ["eth1", "wwan0"]  # type: ignore[index]
    assert [re.search(r"^RouteMetric=(.*)$", texts[f"20-campbox-uplink-{n}.network"], re.M)[1] for n in (1, 2)] == ["100", "200"]  # type: ignore[index]


def test_the_law_of_the_radios_country_goes_before_the_sites() -> None:
    def told(config: object) -> str:
        return next(one.text for one in late(config, "arm64") if one.path == "/etc/modprobe.d/campbox.conf")  # type: ignore[arg-type]

    assert "regdom=DE" in told(WITH_RADIO) and "regdom=JO" in told(SITE)


def test_what_the_image_adds_to_a_unit_belongs_to_a_unit_that_is_there() -> None:
    made = set(units(services("box", radio=True), Layout.system(CODE), "python"))
    folders = [re.match(r"/etc/systemd/system/(campbox-[^/]+)\.d/", one.path) for one in late(SITE, "arm64")]
    added = {found[1] for found in folders if found}
    assert added and added <= made


def test_code_and_python_stand_where_the_builder_puts_them() -> None:
    assert str(CODE) == recipe.CODE
    for name in ("card", "console"):
        assert (
            f"ExecStart={recipe.HOME}/bin/python -m provisioning.{name}\n"
            in file(f"/etc/systemd/system/campbox-{name}.service").text
        )


def test_no_package_is_one_that_an_image_must_not_have() -> None:
    assert not set(PACKAGES) & recipe.NEVER


def test_what_dnsmasq_runs_can_be_run_in_the_image_too(tmp_path: Path) -> None:
    staged = environment.stage(tmp_path, environment.PROJECT)
    assert (staged / "appliance/leases_from_kernel.sh").stat().st_mode & 0o111 == 0o111
