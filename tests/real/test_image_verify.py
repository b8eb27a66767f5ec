"""``campbox image verify`` on images made by the real tools, good ones and ones broken each in its own way. No image is booted."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner

from appliance.errors import NotSo
from appliance.run import run, spawn
from provisioning.image.disk import put
from provisioning.image.opened import opened
from provisioning.image.partitions import SECTOR, Placed, disk_size, hybrid_mbr
from provisioning.image.verify import PLACED
from provisioning.image.verify_command import verify
from tests.provisioning.image.disk import tables
from tests.provisioning.image.test_verify import BOOT, MANIFEST

PROGRAMS = ("mformat", "mcopy", "sqfstar", "unsquashfs", "mke2fs", "e2fsck", "debugfs")
pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(
        not all(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in PROGRAMS), reason="needs " + " ".join(PROGRAMS)
    ),
]
ROOT = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root:*:19000:0:99999:7:::\n",
    "etc/machine-id": "uninitialized\n", "usr/lib/ssh.py": "MARK = b'-----BEGIN OPENSSH PRIVATE KEY-----'\n",
}  # fmt: skip
KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAzf+a82b2X/jxgzE54Dw2S3z6bC0PZovoQ6mQ04dh1T\n-----END PRIVATE KEY-----\n"


class Maker:
    """Makes images in a folder; each piece can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def image(self, name: str = "a.img", root: dict[str, str] | None = None, boot: dict[str, bytes] | None = None,
              data: dict[str, str] | None = None, manifest: dict[str, Any] | None = None) -> Path:  # fmt: skip
        path = self.folder / name
        squashfs = self._squashfs(self._tree("root", ROOT if root is None else root))
        said = MANIFEST | {"system": {"size": squashfs.stat().st_size, "sha256": _sha256(squashfs)}} | (manifest or {})
        files = {**BOOT, "campbox/image.json": json.dumps(said).encode(), **(boot or {})}
        with path.open("wb") as file:
            file.truncate(disk_size(PLACED))
            front, back = tables([_row(one) for one in PLACED], disk_size(PLACED) // SECTOR)
            _put(file, 0, hybrid_mbr(PLACED[0], 5) + front)
            _put(file, disk_size(PLACED) - len(back), back)
            _put(file, PLACED[1].offset, squashfs.read_bytes())
        self._fat(path, self._tree("boot", files))
        self._ext4(path, self._tree("data", data or {}))
        return path

    def _tree(self, name: str, files: dict[str, Any]) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
        if name == "root":
            (folder / "link").symlink_to("usr/lib -> odd")
        for path in [folder, *folder.rglob("*")]:
            os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
        return folder

    def _squashfs(self, tree: Path) -> Path:
        made, archive = self.folder / "root.squashfs", self.folder / "root.tar"
        made.unlink(missing_ok=True)
        run(["tar", "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "-C", str(tree), "-cf", str(archive), "."])
        with archive.open() as source:
            argv = ["sqfstar", "-quiet", "-no-progress", "-comp", "zstd", str(made)]
            # The date of the root folder too, which -mkfs-time leaves at now.
            assert spawn(argv, stdin=source, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}).wait() == 0
        return made

    def _fat(self, image: Path, tree: Path) -> None:
        boot, environment = PLACED[0], {**os.environ, "MTOOLS_SKIP_CHECK": "1", "SOURCE_DATE_EPOCH": "1700000000"}
        place = f"{image}@@{boot.offset}"
        sectors = boot.partition.size // SECTOR
        run(["mformat", "-i", place, "-F", "-T", str(sectors), "-h", "255", "-s", "63", "-N", "1", "::"], env=environment)
        for path in sorted(tree.iterdir()):
            run(["mcopy", "-i", place, "-s", "-m", str(path), "::/"], env=environment)

    def _ext4(self, image: Path, tree: Path) -> None:
        data, made = PLACED[3], self.folder / "data.ext4"
        made.unlink(missing_ok=True)
        with made.open("wb") as file:
            file.truncate(data.partition.size)
        uuid = "6b1a0f6e-0000-4000-8000-000000000001"
        run(["mke2fs", "-q", "-t", "ext4", "-U", uuid, "-E", f"hash_seed={uuid},root_owner=0:0", "-d", str(tree), str(made)],
            env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "E2FSPROGS_FAKE_TIME": "1700000000"})  # fmt: skip
        with image.open("r+b") as file:
            put(made, file.fileno(), data.offset)


def _row(one: Placed) -> tuple[str, str, int, int]:
    first = one.offset // SECTOR
    return one.partition.name, one.partition.type, first, first + one.partition.size // SECTOR - 1


def _sha256(squashfs: Path) -> str:
    return hashlib.sha256(squashfs.read_bytes()).hexdigest()


def _put(file: Any, offset: int, content: bytes) -> None:
    file.seek(offset)
    file.write(content)


def damage(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        _put(file, offset, content)


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    yield Maker(tmp_path)
    shutil.rmtree(tmp_path, ignore_errors=True)


def looked(*arguments: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Exit status, everything it said, and what the failing checks said by name."""
    result = CliRunner().invoke(verify, [*arguments, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    facts = json.loads(result.output)
    return result.exit_code, facts, {check["name"]: check["what"] for check in facts["checks"] if not check["ok"]}


def test_a_good_image_passes_raw_and_compressed_and_nothing_is_left_behind(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    path, place = maker.image(), maker.folder / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    code, facts, bad = looked(str(path))
    assert (code, bad) == (0, {}) and facts["good"] and facts["manifest"]["site"] == "camp-north-1"
    assert [check["name"] for check in facts["checks"]] == [
        "partitions",
        "mbr",
        "manifest",
        "boot files",
        "system",
        "data",
        "secrets",
    ]
    packed = maker.folder / "a.img.zst"
    run(["zstd", "-q", "-1", str(path), "-o", str(packed)])
    assert looked(str(packed))[0] == 0
    assert list(place.iterdir()) == []


def test_it_says_in_words_what_it_found(maker: Maker) -> None:
    result = CliRunner().invoke(verify, [str(maker.image())])
    assert result.exit_code == 0
    assert result.output.splitlines()[-1].endswith("a whole image without secrets")
    assert all(line.startswith("ok ") for line in result.output.splitlines()[:-1])


def cut(path: Path) -> None:
    os.truncate(path, PLACED[3].offset)


BROKEN: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "cut short": ("partitions", "cut short", cut),
    "no partition table": ("partitions", "no first", lambda p: damage(p, SECTOR, bytes(SECTOR))),
    "a spoilt entry": ("partitions", "checksum", lambda p: damage(p, 2 * SECTOR + 33, b"\xee")),
    "a plain MBR": ("mbr", "Pi 3", lambda p: damage(p, 446, bytes(16))),
    "no FAT": ("boot", "FAT", lambda p: damage(p, PLACED[0].offset, bytes(SECTOR))),
    "no squashfs": ("system_a", "no squashfs", lambda p: damage(p, PLACED[1].offset, b"abcd")),
    "a damaged squashfs": ("system", "SHA-256", lambda p: damage(p, PLACED[1].offset + 8, b"\1")),
    "no ext4": ("data", "damaged", lambda p: damage(p, PLACED[3].offset + 1024, bytes(1024))),
    "a damaged ext4": ("data", "damaged", lambda p: damage(p, PLACED[3].offset + 4096, b"\xff" * 4096)),
}  # fmt: skip


def test_each_damage_is_told_by_the_check_that_is_for_it(maker: Maker) -> None:
    whole = maker.image()
    for name, (check, said, spoil) in BROKEN.items():
        path = maker.folder / "broken.img"
        run(["cp", "--sparse=always", str(whole), str(path)])
        spoil(path)
        code, _, bad = looked(str(path))
        assert code == 1, name
        assert said in bad.get(check, ""), (name, bad)


@pytest.mark.parametrize(
    ("place", "path", "content"),
    [
        ("root", "usr/share/hidden", KEY),
        ("root", "etc/ssh/ssh_host_ed25519_key", "x"),
        ("root", "etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("root", "etc/shadow", "root:$y$abc:19000::::::\n"),
        ("root", "var/lib/systemd/random-seed", "x"),
        ("root", "root/.netrc", "machine x password y\n"),
        ("boot", "campbox/identity.json", "{}"),
        ("boot", "loader/random-seed", "x"),
        ("data", "identity/token", "abc"),
    ],
)
def test_a_secret_anywhere_on_it_is_found_and_named(maker: Maker, place: str, path: str, content: str) -> None:
    pieces: dict[str, Any] = {place: {**ROOT, path: content} if place == "root" else {path: content}}
    if place == "boot":
        pieces["boot"] = {path: content.encode()}
    code, facts, bad = looked(str(maker.image(**pieces)))
    assert code == 1 and list(bad) == ["secrets"]
    assert [finding["path"] for finding in facts["secrets"]] == [path]


def test_two_equal_images_are_identical_and_a_changed_file_is_named(maker: Maker) -> None:
    one, same = maker.image("one.img"), maker.image("same.img")
    code, facts, _ = looked(str(one), "--compare", str(same))
    assert (code, facts["differences"], facts["identical"]) == (0, [], True)
    other = maker.image("other.img", root={**ROOT, "etc/new": "x"}, boot={"system_a/vmlinuz": b"k"}, data={"a": "b"})
    code, facts, _ = looked(str(one), "--compare", str(other))
    named = {line.split(":")[0] for line in facts["differences"]}
    assert code == 1 and not facts["identical"]
    assert {"boot/system_a/vmlinuz", "boot/campbox/image.json", "system_a/etc/new", "data/a"} <= named
    [added] = [line for line in facts["differences"] if line.startswith("system_a/etc/new")]
    assert added == "system_a/etc/new: only in the second"
    assert "system_a/etc/shadow" not in named and "partition table" not in named


def test_a_link_is_listed_by_its_own_name(maker: Maker) -> None:
    with opened(maker.image()) as image:
        rows = image.list_squashfs(PLACED[1].offset)
    assert rows["link"] == "lrwxrwxrwx 0/0 14 2023-11-14 22:13 -> usr/lib -> odd"
    assert rows["etc/shadow"].startswith("-rw-") and "etc" in rows and "." in rows


def test_a_file_that_is_not_there_cut_short_or_no_image_is_one_line(maker: Maker) -> None:
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(os.urandom(5000))
    (maker.folder / "short.zst").write_bytes(packed[:-9])
    (maker.folder / "spoilt.zst").write_bytes(packed[:10] + b"\xff" * 90 + packed[100:])
    for name, said in (("none.img", "cannot read"), ("short.zst", "cut short"), ("spoilt.zst", "damaged")):
        result = CliRunner().invoke(verify, [str(maker.folder / name)])
        assert isinstance(result.exception, NotSo), (name, result.output)
        assert said in str(result.exception) and "\n" not in str(result.exception)
    (maker.folder / "text").write_text("hello\n")
    assert "cut short" in looked(str(maker.folder / "text"))[2]["partitions"]
