"""P What is in an image and under which licences: SPDX 2.3 as JSON (https://spdx.github.io/spdx-spec/v2.3/) and a plain list.

Made from texts alone (dpkg's status file, the copyright files, the METADATA of Python distributions), and from nothing else:
the same texts give the same document.
"""

from __future__ import annotations

import email.parser
import re
import time
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any

from provisioning.image.debian_control import Paragraph, first_line, names, paragraphs
from provisioning.image.licences import NOASSERTION, Licence, from_copyright, from_metadata, licence_classifiers
from provisioning.image.recipe import SUITE

IMAGE_ID = "SPDXRef-image"
_NAMESPACE = "https://campbox.invalid/spdx/"
"""A name, not an address: SPDX wants a URI that is unique, and .invalid (RFC 2606) never resolves."""


@dataclass(frozen=True)
class Wheel:
    """One Python distribution: its METADATA, and the SHA-256 (hex) of the wheel it came from, where known."""

    metadata: str
    sha256: str | None = None


@dataclass(frozen=True)
class DebianPackage:
    """What dpkg knows of one installed package. ``source`` is the source package, ``version`` with its epoch."""

    name: str
    version: str
    architecture: str
    maintainer: str = ""
    homepage: str = ""
    source: str = ""

    @property
    def purl(self) -> str:
        """https://github.com/package-url/purl-spec, type deb; the suite tells a scanner which of Debian's fixes count."""
        return f"pkg:deb/debian/{_quoted(self.name)}@{_quoted(self.version)}?arch={_quoted(self.architecture)}&distro={SUITE}"


def installed(dpkg_status: str) -> list[DebianPackage]:
    """Every installed package of a dpkg status file, by name."""
    found = [
        _package(one)
        for one in paragraphs(dpkg_status)
        if first_line(one, "status").endswith(" installed") and first_line(one, "package") and first_line(one, "version")
    ]
    return sorted(found, key=lambda package: (package.name, package.architecture))


def spdx(
    *,
    name: str,
    created: int,
    recipe_hash: str,
    dpkg_status: str,
    copyrights: Mapping[str, str],
    wheels: Sequence[Wheel],
    version: str = "",
    deb_hashes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The document.

    ``name`` is the image's, ``version`` the project's; ``created`` in seconds since 1970 (SOURCE_DATE_EPOCH); ``copyrights``
    maps a Debian package's name to its copyright file's text; ``deb_hashes`` its purl to its SHA-256.
    """
    texts: dict[str, str] = {}
    entries = [_debian_entry(one, copyrights.get(one.name), deb_hashes or {}, texts) for one in installed(dpkg_status)]
    entries += sorted((_wheel_entry(one, texts) for one in wheels), key=lambda entry: str(entry["SPDXID"]))
    image = _image_entry(name, version)
    relationships = [_relation("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE_ID)]
    relationships += [_relation(IMAGE_ID, "CONTAINS", str(entry["SPDXID"])) for entry in entries]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"{_NAMESPACE}{_quoted(name)}/{_quoted(recipe_hash)}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created)), "creators": ["Tool: campbox"]},
        "packages": [image, *entries],
        "relationships": relationships,
    }
    if texts:
        document["hasExtractedLicensingInfos"] = [
            {"licenseId": identifier, "extractedText": text} for identifier, text in sorted(texts.items())
        ]
    return document


def licence_list(document: Mapping[str, Any]) -> str:
    """The same for people: one line a component (name, version, licence, supplier), then where the unclear ones say it."""
    packages = [package for package in document["packages"] if package["SPDXID"] != IMAGE_ID]
    rows = [(p["name"], p["versionInfo"], p["licenseDeclared"], _supplier_words(p["supplier"])) for p in packages]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"{n:{widths[0]}}  {v:{widths[1]}}  {licence}  [{supplier}]" for n, v, licence, supplier in rows]
    unclear = [f"{p['name']}: {p['licenseComments']}" for p in packages if p["licenseDeclared"] == NOASSERTION]
    head = [f"{document['name']}: {len(rows)} components", "name, version, licence (SPDX), supplier", ""]
    tail = ["", "NOASSERTION: no licence is named in a form a program can read.", *unclear] if unclear else []
    own = [f"\n--- {one['licenseId']}\n{one['extractedText']}" for one in document.get("hasExtractedLicensingInfos", ())]
    texts = ["", "Texts of the licences called LicenseRef:", *own] if own else []
    return "\n".join([*head, *lines, *tail, *texts]) + "\n"


def _package(one: Paragraph) -> DebianPackage:
    fields = (first_line(one, name) for name in ("package", "version", "architecture", "maintainer", "homepage", "source"))
    return DebianPackage(*fields)


def _debian_entry(
    package: DebianPackage, untrusted_copyright: str | None, hashes: Mapping[str, str], texts: dict[str, str]
) -> dict[str, Any]:
    licence = from_copyright(untrusted_copyright) if untrusted_copyright is not None else None
    place = f"/usr/share/doc/{package.name}/copyright"
    if licence is not None:
        comment = f"from {place}"
    elif untrusted_copyright is not None:
        comment = f"see {place} in the image"
    else:
        comment = "no copyright file is in the image"
    texts.update(licence.texts if licence else {})
    entry = _entry(
        f"SPDXRef-deb-{_id(package.name)}-{_id(package.architecture)}",
        package.name,
        package.version,
        _supplier(package.maintainer),
        licence or Licence(),
        package.purl,
        hashes.get(package.purl),
    )
    entry["licenseComments"] = comment
    if re.fullmatch(r"https?://[!-~]+", package.homepage):
        entry["homepage"] = package.homepage
    if package.source:
        entry["sourceInfo"] = f"built from Debian's source package {package.source}"
    return entry


def _wheel_entry(wheel: Wheel, texts: dict[str, str]) -> dict[str, Any]:
    message: Message = email.parser.HeaderParser().parsestr(wheel.metadata)
    name, version = str(message.get("Name") or "unnamed").strip(), str(message.get("Version") or "0").strip()
    canonical = re.sub(r"[-_.]+", "-", name).lower()  # PEP 503
    licence = from_metadata(message)
    texts.update(licence.texts)
    author = next(
        (str(message[field]) for field in ("Author", "Maintainer", "Author-email", "Maintainer-email") if message[field]), ""
    )
    purl = f"pkg:pypi/{_quoted(canonical)}@{_quoted(version)}"
    entry = _entry(f"SPDXRef-pypi-{_id(canonical)}", name, version, _supplier(author), licence, purl, wheel.sha256)
    said = ", ".join(licence_classifiers(message)) if licence.expression == NOASSERTION else ""
    entry["licenseComments"] = f"its METADATA says only: {said}" if said else "from the distribution's METADATA"
    return entry


def _entry(
    identifier: str, name: str, version: str, supplier: str, licence: Licence, purl: str, sha256: str | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "SPDXID": identifier,
        "name": name,
        "versionInfo": version,
        "supplier": supplier,
        "downloadLocation": NOASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": NOASSERTION,
        "licenseDeclared": licence.expression,
        "copyrightText": NOASSERTION,
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl},
        ],
    }
    if sha256 is not None and re.fullmatch(r"[0-9a-f]{64}", sha256):
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": sha256}]
    return entry


def _image_entry(name: str, version: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "SPDXID": IMAGE_ID,
        "name": name,
        "downloadLocation": NOASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": NOASSERTION,
        "licenseDeclared": NOASSERTION,
        "licenseComments": "an image of many components: see each",
        "copyrightText": NOASSERTION,
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "supplier": NOASSERTION,
    }
    return {**entry, "versionInfo": version} if version else entry


def _relation(left: str, kind: str, right: str) -> dict[str, str]:
    return {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}


def _supplier(untrusted_maintainer: str) -> str:
    """``Organization: ...`` or ``Person: ...``, without the address: a list of parts needs nobody's e-mail."""
    people: Iterable[str] = names(" ".join(untrusted_maintainer.split()))
    name = next(iter(people), "")
    if not name or "@" in name:
        return NOASSERTION
    group = re.search(r"debian|maintainers?\b|team|group|project|developers|foundation|authors|contributors", name, re.I)
    return f"{'Organization' if group else 'Person'}: {name}"


def _supplier_words(supplier: str) -> str:
    return supplier.partition(": ")[2] or "unknown"


def _id(untrusted: str) -> str:
    """The letters an SPDX identifier may have; ``+`` told apart from what else is replaced."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", untrusted.replace("+", ".plus."))


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="-._~:")
