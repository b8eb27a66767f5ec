"""E What the list of an image's parts is made from: texts in the base layer's tar and in the wheels."""

from __future__ import annotations

import json
import posixpath
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.files import write_atomically
from provisioning.image.sbom import Wheel, licence_list

_STATUS = "var/lib/dpkg/status"
_COPYRIGHT = re.compile(r"usr/share/doc/([^/]+)/copyright")
_FOLDER = re.compile(r"usr/share/doc/([^/]+)")


def read_base(base: Path) -> tuple[str, dict[str, str]]:
    """dpkg's status file, and every package's copyright file by the package's name. Raises NotSo without the former."""
    status, copyrights, links = None, dict[str, str](), dict[str, str]()
    with tarfile.open(base, "r:") as tar:
        for member in tar:
            name = member.name.removeprefix("./").strip("/")
            if member.isreg() and name == _STATUS:
                status = _text(tar, member)
            elif found := _COPYRIGHT.fullmatch(name):
                if member.isreg():
                    copyrights[found[1]] = _text(tar, member)
                else:  # a link to another package's
                    target = member.linkname if member.issym() else f"/{member.linkname.removeprefix('./')}"
                    links[found[1]] = posixpath.normpath(posixpath.join("/", posixpath.dirname(name), target)).split("/")[-2]
            elif member.issym() and (found := _FOLDER.fullmatch(name)):
                links[found[1]] = posixpath.basename(member.linkname.rstrip("/"))
    if status is None:
        raise NotSo(f"Debian's tree has no /{_STATUS}", where=str(base), mend="build it anew: --fresh")
    return status, copyrights | {name: copyrights[other] for name, other in links.items() if other in copyrights}


def _text(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    data = tar.extractfile(member)
    return "" if data is None else data.read().decode("utf-8", "replace")


def read_wheels(wheels: Iterable[tuple[Path, str]]) -> list[Wheel]:
    """The METADATA of wheels; each comes with its SHA-256. Raises NotSo for a file that is no wheel."""
    return [Wheel(_metadata(path), sha256) for path, sha256 in wheels]


def _metadata(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            [name] = [one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)]
            return archive.read(name).decode("utf-8", "replace")
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise NotSo("it is no wheel", where=str(path), mend="remove it: it is fetched again") from error


def write_lists(image: Path, document: Mapping[str, Any]) -> None:
    """Put the document and the plain list beside an image."""
    write_atomically(Path(f"{image}.spdx.json"), json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    write_atomically(Path(f"{image}.licences.txt"), licence_list(document))
