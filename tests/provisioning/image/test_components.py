"""The texts behind the list of parts: read from a tar and from wheels as they come, links between packages followed."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from appliance.errors import NotSo
from provisioning.image.components import read_base, read_wheels, write_lists
from provisioning.image.sbom import spdx


def base(path: Path, files: dict[str, str], links: dict[str, str]) -> Path:
    with tarfile.open(path, "w:") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


def test_status_and_copyright_files_are_read_and_shared_ones_followed(tmp_path: Path) -> None:
    files = {"./var/lib/dpkg/status": "Package: a\n", "./usr/share/doc/a/copyright": "A é", "./usr/share/doc/a/README": "no"}
    links = {"./usr/share/doc/b": "a", "./usr/share/doc/c/copyright": "../a/copyright", "./usr/share/doc/d": "nobody"}
    status, copyrights = read_base(base(tmp_path / "x.tar", files, links))
    assert status == "Package: a\n"
    assert copyrights == {"a": "A é", "b": "A é", "c": "A é"}


def test_a_tree_without_dpkgs_status_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotSo, match="dpkg/status"):
        read_base(base(tmp_path / "x.tar", {"./etc/hosts": ""}, {}))


def test_a_wheels_own_metadata_is_read_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", "Name: x\n")
        archive.writestr("x/_vendor/y-2.dist-info/METADATA", "Name: y\n")
    assert [(one.metadata, one.sha256) for one in read_wheels([(path, "ab")])] == [("Name: x\n", "ab")]
    path.write_bytes(b"not a zip")
    with pytest.raises(NotSo, match="no wheel"):
        read_wheels([(path, "ab")])


def test_both_lists_are_put_beside_the_image(tmp_path: Path) -> None:
    document = spdx(name="x", created=0, recipe_hash="0", dpkg_status="", copyrights={}, wheels=())
    write_lists(tmp_path / "a.img", document)
    assert json.loads((tmp_path / "a.img.spdx.json").read_text()) == document
    assert (tmp_path / "a.img.licences.txt").read_text().startswith("x: 0 components")
