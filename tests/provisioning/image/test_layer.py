"""What is laid over Debian's tree, and both made one tar: nothing leaks out or is lost, owners and times are the recipe's."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput, NotSo
from provisioning.image.layer import Entry, checked, dropped, entries, outline, with_parents
from provisioning.image.merge import extract, merge, names, staged, texts, write_layer
from provisioning.image.tree import TreeFile

DATE = 1_700_000_000


def test_the_systems_files_become_entries() -> None:
    found = entries([TreeFile("/etc/a", "x", 0o600), TreeFile("/etc/b", link="/dev/null"), TreeFile("/var/c/", mode=0o700)])
    assert found == {
        "etc/a": Entry("etc/a", "file", 0o600, b"x"),
        "etc/b": Entry("etc/b", "link", 0o777, "/dev/null"),
        "var/c": Entry("var/c", "dir", 0o700),
    }


def test_a_path_twice_is_a_fault() -> None:
    with pytest.raises(BadInput, match="twice"):
        entries([TreeFile("/lib/a"), TreeFile("/usr/lib/a")])


@pytest.mark.parametrize("path", ["", "/", "/..", "/etc/../../x", "//etc//x", "/etc/./x", "/a\0b"])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match="no path inside"):
        checked(path)


@given(st.text(max_size=60))
def test_any_path_is_inside_or_refused(path: str) -> None:
    try:
        found = checked(path)
    except BadInput:
        return
    assert not found.startswith("/") and ".." not in found.split("/")
    # usr-merged: nothing may stand where Debian has links to usr
    assert not found.startswith(("bin/", "sbin/", "lib/", "lib64/"))
    assert checked(found) == found


PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), unique=True)


@given(PATHS)
def test_every_folder_comes_before_what_is_in_it(paths: list[str]) -> None:
    layer = {path: Entry(path, "dir") for path in paths}
    order = list(with_parents(layer))
    assert set(paths) <= set(order)
    assert all("/" not in path or order.index(path.rpartition("/")[0]) < n for n, path in enumerate(order))


def test_a_file_cannot_be_a_folder_too() -> None:
    with pytest.raises(BadInput, match="a file and a folder"):
        with_parents({"a": Entry("a", "file"), "a/b": Entry("a/b", "file")})


@pytest.mark.parametrize(
    "path", ["etc/machine-id", "etc/ssh/ssh_host_ed25519_key", "var/lib/systemd/random-seed", "var/log/apt/term.log",
             "boot/vmlinuz-6",
             "var/lib/apt/lists/x", "var/cache/ldconfig/aux-cache", "etc/shadow-", "dev/null", "etc/apt/sources.list"]
)  # fmt: skip
def test_traces_of_the_build_and_secrets_are_left_out(path: str) -> None:
    assert dropped(path)


@pytest.mark.parametrize(
    "path", ["etc/shadow", "var/log", "boot", "var/lib/dpkg/status", "usr/share/doc/libc6/copyright", "etc/ssl/openssl.cnf", "root"]
)  # fmt: skip
def test_what_a_box_needs_stays(path: str) -> None:
    assert not dropped(path)


def test_the_outline_of_a_layer_tells_content_mode_and_kind() -> None:
    rows = [outline({"a": entry}) for entry in (Entry("a", "file"), Entry("a", "file", 0o600), Entry("a", "file", data=b"x"))]
    assert len({str(row) for row in rows}) == 3
    with pytest.raises(TypeError):
        outline({"a": Entry("a", "file", data=Path("/etc/hostname"))})


# --- merging


def _base(to: Path) -> Path:
    """A small Debian: as mmdebstrap writes it, with owners, times, a hard link, an attribute."""
    with tarfile.open(to, "w", format=tarfile.PAX_FORMAT) as tar:

        def add(name: str, data: bytes | None = b"", **more: object) -> None:
            member = tarfile.TarInfo(f"./{name}")
            member.mtime, member.uid, member.uname = DATE + 99, 7, "lp"
            for key, value in more.items():
                setattr(member, key, value)
            member.size = len(data or b"")
            tar.addfile(member, io.BytesIO(data) if data else None)

        add("", None, type=tarfile.DIRTYPE, mode=0o755)
        for folder in ("etc", "usr", "usr/bin", "var", "var/log", "boot"):
            add(folder, None, type=tarfile.DIRTYPE, mode=0o750)
        add("bin", None, type=tarfile.SYMTYPE, linkname="usr/bin")
        add("etc/machine-id", b"secret\n")
        add("etc/hosts.allow", b"old\n")
        add("usr/bin/ping", b"elf", mode=0o755, pax_headers={"SCHILY.xattr.security.capability": "cap", "mtime": "123.5"})
        add("usr/bin/ping6", None, type=tarfile.LNKTYPE, linkname="./usr/bin/ping")
        add("var/log/x", b"log")
        add("boot/vmlinuz-6.1", b"kernel")
    return to


def _merged(base: Path, layer: dict[str, Entry]) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    out = io.BytesIO()
    paths = merge(base, layer, out, DATE)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        found = {m.name: (m, (tar.extractfile(m) or io.BytesIO()).read() if m.isreg() else b"") for m in tar}
    assert len(found) == paths
    return found


LAYER = {
    "etc/hosts.allow": Entry("etc/hosts.allow", "file", 0o600, b"new\n"),
    "opt/campbox/bin/python": Entry("opt/campbox/bin/python", "link", 0o777, "/usr/bin/python3.11"),
    "etc/shadow": Entry("etc/shadow", "file", 0o640, b"root:*:1::::::\n", gid=42),
}


def test_two_layers_become_one(tmp_path: Path) -> None:
    found = _merged(_base(tmp_path / "base.tar"), LAYER)
    assert found["etc/hosts.allow"][1] == b"new\n" and found["etc/hosts.allow"][0].mode == 0o600
    assert "etc/machine-id" not in found and "var/log/x" not in found and "boot/vmlinuz-6.1" not in found
    assert found["var/log"][0].isdir() and found["boot"][0].isdir()
    assert found["opt/campbox"][0].isdir() and found["opt/campbox/bin/python"][0].linkname == "/usr/bin/python3.11"
    assert found["etc/shadow"][0].gid == 42 and found["etc/shadow"][0].uid == 0
    # a folder of Debian's keeps its own owner and mode
    assert (found["etc"][0].mode, found["etc"][0].uid) == (0o750, 7)
    assert found["usr/bin/ping"][0].pax_headers["SCHILY.xattr.security.capability"] == "cap"
    assert found["usr/bin/ping6"][0].islnk() and found["usr/bin/ping6"][0].linkname == "usr/bin/ping"
    assert all(member.mtime <= DATE and member.uname == "" for member, _ in found.values())


def test_the_same_layers_give_the_same_bytes(tmp_path: Path) -> None:
    base, one, other = _base(tmp_path / "base.tar"), io.BytesIO(), io.BytesIO()
    merge(base, LAYER, one, DATE)
    merge(base, dict(reversed(LAYER.items())), other, DATE)
    assert one.getvalue() == other.getvalue()


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Entry("etc", "file"), "a file and a folder|replace the folder"),
        (Entry("bin/x", "file"), "a folder would replace /bin"),
        (Entry("usr/bin/ping", "file", data=b"mine"), "another name of what is left out"),
    ],
    ids=["file-over-folder", "below-a-link", "hard-link-loses-its-file"],
)
def test_a_layer_that_would_break_the_tree_ends_the_build(entry: Entry, why: str, tmp_path: Path) -> None:
    with pytest.raises((NotSo, BadInput), match=why):
        merge(_base(tmp_path / "base.tar"), {entry.path: entry}, io.BytesIO(), DATE)


def test_files_of_a_tree_belong_to_root_whoever_built_it(tmp_path: Path) -> None:
    (tmp_path / "t/bin").mkdir(parents=True)
    (tmp_path / "t/bin/run").write_text("#!")
    (tmp_path / "t/bin/run").chmod(0o700)
    (tmp_path / "t/plain").write_text("x")
    (tmp_path / "t/plain").chmod(0o666)
    (tmp_path / "t/link").symlink_to("nowhere")
    found = {entry.path: (entry.kind, entry.mode) for entry in staged(tmp_path / "t")}
    assert found == {"bin": ("dir", 0o755), "bin/run": ("file", 0o755), "plain": ("file", 0o644), "link": ("link", 0o777)}
    write_layer({entry.path: entry for entry in staged(tmp_path / "t")}, tmp_path / "l.tar", DATE)
    with tarfile.open(tmp_path / "l.tar") as tar:
        assert {(m.uid, m.gid, m.mtime) for m in tar} == {(0, 0, DATE)}


def test_files_are_taken_out_of_a_base(tmp_path: Path) -> None:
    base = _base(tmp_path / "base.tar")
    assert "boot/vmlinuz-6.1" in names(base) and "usr/bin/ping6" not in names(base)
    extract(base, {"slot/vmlinuz": "boot/vmlinuz-6.1", "other": "boot/vmlinuz-6.1"}, tmp_path / "out")
    assert (tmp_path / "out/slot/vmlinuz").read_bytes() == (tmp_path / "out/other").read_bytes() == b"kernel"
    assert texts(base, ["etc/hosts.allow"]) == {"etc/hosts.allow": "old\n"}
    with pytest.raises(NotSo, match="no /etc/passwd"):
        texts(base, ["etc/hosts.allow", "etc/passwd"])
