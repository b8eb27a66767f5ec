"""W ``campbox flash`` with real mtools, a table made by sfdisk, and real files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner

from appliance.errors import BadInput, CampboxError, NotSo
from appliance.run import run
from provisioning.flash import reader
from provisioning.flash.card import FileCard
from provisioning.flash.commands import flash
from provisioning.flash.gpt import parse_table
from provisioning.flash.image import Image
from provisioning.flash.job import Wish, make_card
from provisioning.flash.plan import MIB
from tests.fakes.card import card_contract
from tests.provisioning.flash import making
from tests.real import card_making

pytestmark = card_making.WITH_MTOOLS
image, identity, make, SIZE = card_making.image, card_making.identity, card_making.make, card_making.SIZE
EXAMPLE = Path(__file__).resolve().parents[2] / "examples/site.toml"


@pytest.mark.lint
def test_sfdisk_and_the_tests_write_the_same_table(image: Path, tmp_path: Path) -> None:
    path = tmp_path / "by-sfdisk.img"
    with path.open("wb") as file:
        file.truncate(making.IMAGE_SIZE)
    rows = [f'start={start // 512}, size={size // 512}, name="{name}"' for name, start, size in making.PARTITIONS]
    run(["sfdisk", "--quiet", str(path)], input="label: gpt\n" + "\n".join(rows) + "\n")
    by_sfdisk, ours = parse_table(path.read_bytes()[:MIB]), parse_table(image.read_bytes()[:MIB])
    assert by_sfdisk.partitions == ours.partitions
    assert by_sfdisk.image_size == ours.image_size


@pytest.mark.lint
@pytest.mark.parametrize("site", [EXAMPLE.read_bytes(), EXAMPLE.read_bytes().replace(b"\n", b"\r\n")], ids=["lf", "crlf"])
def test_a_file_becomes_the_image_with_the_boxs_files_in_it(image: Path, identity: Path, tmp_path: Path, site: bytes) -> None:
    (tmp_path / "site.toml").write_bytes(site)
    before = hashlib.sha256(image.read_bytes()).digest()
    done = make(image, tmp_path / "card.img", identity=identity, site=tmp_path / "site.toml")
    card = (tmp_path / "card.img").read_bytes()
    assert len(card) == SIZE
    assert card[:MIB] == image.read_bytes()[:MIB]
    assert card[5 * MIB : making.IMAGE_SIZE] == image.read_bytes()[5 * MIB :]
    assert not any(card[making.IMAGE_SIZE :])
    written = Image(tmp_path / "card.img")
    assert written.get("campbox/identity.json") == identity.read_bytes()
    assert written.get("campbox/site.toml") == site
    assert json.loads(written.get("campbox/image.json") or b"") == making.MANIFEST
    written.close()
    assert hashlib.sha256(image.read_bytes()).digest() == before, "the image itself stays as it was"
    assert done.line().startswith(
        "card: box camp-north-1 for hub.example.org:443, Campbox 0.1.0 arm64, 13 MB written and read back in "
    )
    assert done.facts()["sha256"] == hashlib.sha256(card[: making.IMAGE_SIZE]).hexdigest()
    assert "A" * 43 not in json.dumps(done.facts())


@pytest.mark.lint
def test_a_compressed_image_makes_the_same_card(image: Path, identity: Path, tmp_path: Path) -> None:
    packed = tmp_path / "card.img.zst"
    packed.write_bytes(zstandard.ZstdCompressor().compress(image.read_bytes()))
    facts = [make(path, tmp_path / "card", site=EXAMPLE).facts() for path in (image, packed)]
    assert make(packed, tmp_path / "card").facts()["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert facts[0]["files"] == facts[1]["files"] == ["campbox/site.toml"]


@pytest.mark.lint
def test_the_command_says_in_one_line_what_the_card_is(image: Path, identity: Path, tmp_path: Path) -> None:
    arguments = [str(image), "--to", str(tmp_path / "card.img"), "--size", "40MiB", "--identity", str(identity)]
    done = CliRunner().invoke(flash, arguments)
    assert done.exit_code == 0, done.output
    assert done.output.count("\n") == 1 and done.output.startswith("card: box camp-north-1 for hub.example.org:443")
    facts = json.loads(CliRunner().invoke(flash, [*arguments, "--json"]).output)
    assert (facts["box"], facts["bytes"], facts["arch"]) == ("camp-north-1", making.IMAGE_SIZE, "arm64")


def _cut(data: bytes) -> bytes:
    return data[: 9 * MIB]


def _spoil(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.lint
@pytest.mark.parametrize(
    ("damage", "packed", "hashed", "why"),
    [
        (_cut, False, False, "it ends early"),
        (_cut, True, False, "it ends early"),
        (_spoil(600), False, False, "damaged: its partition table"),
        (_spoil(8 * MIB), False, True, "its SHA-256 is not the one beside it"),
        (_spoil(8 * MIB), True, True, "its SHA-256 is not the one beside it"),
        (lambda data: data + bytes(MIB), False, False, "longer than its partition table"),
        (lambda data: bytes(len(data)), False, False, "no partition table"),
        (lambda data: data[:MIB] + bytes(4 * MIB) + data[5 * MIB :], False, False, "no campbox/image.json"),
    ],
)
def test_a_damaged_image_is_told_in_one_line_and_nothing_is_left(
    image: Path, tmp_path: Path, damage: Callable[[bytes], bytes], packed: bool, hashed: bool, why: str
) -> None:
    def pack(data: bytes) -> bytes:
        return zstandard.ZstdCompressor().compress(data) if packed else data

    broken = tmp_path / "broken.img"
    broken.write_bytes(pack(damage(image.read_bytes())))
    if hashed:
        digest = hashlib.sha256(pack(image.read_bytes())).hexdigest()
        broken.with_name("broken.img.json").write_text(json.dumps({"sha256": digest}))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CampboxError, match=why) as told:
        make(broken, tmp_path / "card.img")
    assert "\n" not in str(told.value) and str(tmp_path) in str(told.value)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.lint
def test_a_compressed_image_cut_short_is_told(image: Path, tmp_path: Path) -> None:
    whole = zstandard.ZstdCompressor().compress(image.read_bytes())
    for end in (3, 100, 5000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.img.zst").write_bytes(whole[:end])
        with pytest.raises((NotSo, BadInput)):
            make(tmp_path / "cut.img.zst", tmp_path / "card.img")
    assert [path.name for path in tmp_path.iterdir()] == ["cut.img.zst"]


@pytest.mark.lint
def test_a_full_disk_or_boot_partition_leaves_nothing(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_bytes(EXAMPLE.read_bytes() + b"# " + b"x" * 200_000)
    crowded = tmp_path / "crowded.img"
    shutil.copy(image, crowded)
    (tmp_path / "big").write_bytes(bytes(4 * MIB - 200_000))
    run(["mcopy", "-i", f"{crowded}@@{MIB}", str(tmp_path / "big"), "::big"])
    with pytest.raises(NotSo, match="campbox/site.toml does not fit"):
        make(crowded, tmp_path / "card.img", site=tmp_path / "site.toml")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwritev", full)
    with pytest.raises(NotSo, match="no room left; make room"):
        make(image, tmp_path / "card.img")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big", "crowded.img", "site.toml"]


@pytest.mark.lint
def test_a_file_that_is_no_card_is_never_overwritten(image: Path, identity: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.odt").write_text("dear ...")
    for to, why in (
        (tmp_path / "letter.odt", "no card image"),
        (image, "one of the files to read from"),
        (tmp_path, "neither a device nor a file"),
        (Path("/dev/null"), "neither a device nor a file"),
        (Path("/dev/no-such-card"), "no such device"),
        (tmp_path / "no" / "card.img", "cannot write here"),
    ):
        with pytest.raises(CampboxError, match=why):
            make(image, to)
    with pytest.raises(BadInput, match="--size 512 is less"):
        make(image, tmp_path / "card.img", size=512)
    assert (tmp_path / "letter.odt").read_text() == "dear ..."
    make(image, tmp_path / "card.img")
    make(image, tmp_path / "card.img", identity=identity)


@pytest.mark.lint
def test_ctrl_c_leaves_no_file(image: Path, tmp_path: Path) -> None:
    def stop(doing: str, done: int, total: int) -> None:
        if doing == "reading back":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_card(Wish(image, tmp_path / "card.img", size=SIZE), "0.1.0", lambda _: None, lambda _: None, stop)
    assert not list(tmp_path.iterdir())


@pytest.mark.lint
def test_a_real_file_keeps_the_contract_of_cards(tmp_path: Path) -> None:
    card_contract(lambda size: FileCard(tmp_path / "card", size))


@pytest.mark.lint
def test_this_machine_is_read_and_what_holds_its_root_is_refused() -> None:
    layout = reader.look()
    assert layout.mounts
    listed = CliRunner().invoke(flash, ["--list"])
    assert listed.exit_code == 0
    facts = json.loads(CliRunner().invoke(flash, ["--list", "--json"]).output)
    root = reader.lies_on(Path("/"))
    holds_root = [node for node in layout.nodes.values() if any(one.dev == root for one in layout.below(node))]
    for row in facts["devices"]:
        if row["device"] in {node.path for node in holds_root}:
            assert not row["accepted"]
