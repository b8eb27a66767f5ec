"""What apt says is read, nothing else is taken for it; the small archive keeps the signed hashes."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image.archive import Archive, newest, packages_index, parse_archives, parse_uris, release, spec

URIS = """\
'http://mirror.example/debian/pool/main/g/glibc/libc6_2.36-9%2bdeb12u14_arm64.deb' libc6_2.36-9+deb12u14_arm64.deb 2324660 MD5Sum:9
'http://mirror.example/debian/pool/main/n/netbase/netbase_6.4_all.deb' netbase_6.4_all.deb 12756 SHA256:29b2
'http://mirror.example/debian/pool/main/d/dbus/dbus_1%3a1.14_arm64.deb' dbus_1%3a1.14_arm64.deb 100
"""
STANZAS = f"""\
Package: libc6
Source: glibc
Version: 2.36-9+deb12u14
Architecture: arm64
Depends: libgcc-s1
Filename: pool/main/g/glibc/libc6_2.36-9+deb12u14_arm64.deb
Size: 2324660
SHA256: {"a" * 64}
Description: GNU C Library
 more: words

Package: netbase
Version: 6.4
Architecture: all
Filename: pool/main/n/netbase/netbase_6.4_all.deb
Size: 12756
SHA256: {"b" * 64}

Package: dbus
Source: dbus (1:1.13)
Version: 1:1.14
Architecture: arm64
Filename: pool/main/d/dbus/dbus_1.14_arm64.deb
Size: 100
SHA256: {"c" * 64}
"""
FILES = ("dbus_1%3a1.14_arm64.deb", "libc6_2.36-9+deb12u14_arm64.deb", "netbase_6.4_all.deb")


def test_apts_choice_is_read() -> None:
    assert parse_uris(URIS) == FILES
    assert [spec(file) for file in FILES] == ["dbus:arm64=1:1.14", "libc6:arm64=2.36-9+deb12u14", "netbase=6.4"]
    found = parse_archives(STANZAS, FILES)
    assert [(one.name, one.version, one.arch, one.file, one.size, one.source) for one in found] == [
        ("dbus", "1:1.14", "arm64", FILES[0], 100, "dbus"),
        ("libc6", "2.36-9+deb12u14", "arm64", FILES[1], 2324660, "glibc"),
        ("netbase", "6.4", "all", FILES[2], 12756, "netbase"),
    ]
    assert found[1].row() == {
        "name": "libc6", "version": "2.36-9+deb12u14", "architecture": "arm64", "source": "glibc", "sha256": "a" * 64,
    }  # fmt: skip


def test_a_package_that_apt_does_not_know_is_said() -> None:
    with pytest.raises(BadInput, match="knows nothing of nginx_1_arm64"):
        parse_archives(STANZAS, [*FILES, "nginx_1_arm64.deb"])


def test_a_paragraph_without_its_hash_is_refused() -> None:
    with pytest.raises(BadInput, match="not whole"):
        parse_archives(STANZAS.replace("SHA256: " + "b" * 64, "SHA256: short"), FILES)


@pytest.mark.parametrize("line", ["E: no", "'http://x' ../../etc/passwd 1", "'http://x' a.deb", "'http://x' a;b.deb 1 MD5Sum:1"])
def test_what_is_no_list_of_addresses_is_refused(line: str) -> None:
    with pytest.raises(BadInput):
        parse_uris(line)


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_one_line_of_error(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert all(file.endswith(".deb") and "/" not in file for file in parse_uris(text))


@given(st.text(max_size=300))
def test_any_text_is_paragraphs_or_one_line_of_error(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert parse_archives(text, []) == ()


def test_the_small_archive_points_to_the_fetched_files_and_keeps_every_hash() -> None:
    found = parse_archives(STANZAS, FILES)
    index = packages_index(found, "./archives")
    assert "Filename: ./archives/dbus_1%3a1.14_arm64.deb\n" in index and "pool/" not in index
    assert index.count("\n\n") == 2 and " more: words" in index
    assert all(digest * 64 in index for digest in "abc")
    text = release(index, "bookworm", "arm64")
    assert f" {hashlib.sha256(index.encode()).hexdigest()} {len(index.encode())} Packages\n" in text
    assert "Codename: bookworm\n" in text and "Date:" not in text


def _header(time: bytes) -> bytes:
    return b"!<arch>\ndebian-binary   " + time.ljust(12) + b"0     0     100644  4         `\n2.0\n"


@given(st.lists(st.integers(0, 99_999_999_999), min_size=1))
def test_the_date_is_the_newest_packages(times: list[int]) -> None:
    assert newest(_header(str(time).encode()) for time in times) == max(times)


@pytest.mark.parametrize("header", [b"", b"!<arch>\n", b"PK\x03\x04" * 20, _header(b"yesterday")])
def test_a_file_that_is_no_package_is_refused(header: bytes) -> None:
    with pytest.raises(BadInput, match="no package"):
        newest([header])


def test_archives_sort_by_name() -> None:
    ones = [Archive(name, "1", "all", f"{name}_1_all.deb", 1, "0" * 64) for name in "cab"]
    assert [one.name for one in sorted(ones)] == ["a", "b", "c"]
