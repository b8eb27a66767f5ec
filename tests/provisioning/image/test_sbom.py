"""The list of parts: complete, the same from the same texts, and legal SPDX 2.3 by a validator that is not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.image.sbom import IMAGE_ID, Wheel, installed, licence_list, spdx

STATUS = """\
Package: nginx-light
Status: install ok installed
Maintainer: Debian Nginx Maintainers <x@lists.debian.org>
Architecture: arm64
Source: nginx (1.22.1-9)
Version: 1.22.1-9+deb12u3
Homepage: https://nginx.org
Description: small web server
 and proxy

Package: libstdc++6
Status: install ok installed
Maintainer: Matthias Somebody <doko@example.org>
Architecture: arm64
Version: 12.2.0-14
Homepage: not an address

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1

Package: dnsmasq-base
Status: install ok installed
Architecture: arm64
Version: 2:2.90-4
"""
HEAD = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
COPYRIGHTS = {
    "nginx-light": HEAD + "Files: *\nLicense: BSD-2-clause\n",
    "libstdc++6": "This is the Debian GNU/Linux prepackaged version of the GNU compiler collection.\n",
}
WHEELS = (
    Wheel("Metadata-Version: 2.4\nName: Paho_MQTT\nVersion: 2.2.0\nLicense-Expression: EPL-2.0 OR BSD-3-Clause\n", "b" * 64),
    Wheel("Name: segno\nVersion: 1.6.6\nClassifier: License :: OSI Approved :: BSD License\nAuthor: Lars\n\nText of the project\n"),
)
NGINX = "pkg:deb/debian/nginx-light@1.22.1-9%2Bdeb12u3?arch=arm64&distro=bookworm"


def document(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "campbox-camp-north-1-arm64", "created": 1_700_000_000, "recipe_hash": "0f" * 32, "dpkg_status": STATUS,
        "copyrights": COPYRIGHTS, "wheels": WHEELS, "version": "0.1.0", "deb_hashes": {NGINX: "a" * 64},
    }  # fmt: skip
    return spdx(**(values | changes))


def by_name(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in made["packages"]}


def test_every_installed_package_and_every_wheel_is_in_it_and_nothing_else() -> None:
    assert set(by_name(document())) == {
        "campbox-camp-north-1-arm64", "nginx-light", "libstdc++6", "dnsmasq-base", "Paho_MQTT", "segno",
    }  # fmt: skip


def test_a_debian_package_has_version_supplier_licence_purl_checksum_and_source() -> None:
    nginx = by_name(document())["nginx-light"]
    assert nginx["versionInfo"] == "1.22.1-9+deb12u3"
    assert nginx["supplier"] == "Organization: Debian Nginx Maintainers"
    assert nginx["licenseDeclared"] == "BSD-2-Clause"
    assert nginx["externalRefs"][0]["referenceLocator"] == NGINX
    assert nginx["checksums"] == [{"algorithm": "SHA256", "checksumValue": "a" * 64}]
    assert nginx["homepage"] == "https://nginx.org" and "nginx (1.22.1-9)" in nginx["sourceInfo"]


def test_an_unclear_licence_is_not_asserted_and_the_file_is_named() -> None:
    parts = by_name(document())
    assert parts["libstdc++6"]["licenseDeclared"] == "NOASSERTION"
    assert "/usr/share/doc/libstdc++6/copyright" in parts["libstdc++6"]["licenseComments"]
    assert "no copyright file" in parts["dnsmasq-base"]["licenseComments"]
    assert parts["segno"]["licenseComments"] == "its METADATA says only: BSD License"
    assert "homepage" not in parts["libstdc++6"]


def test_an_epoch_and_a_plus_are_written_as_a_purl_has_them() -> None:
    locators = {one["externalRefs"][0]["referenceLocator"] for one in document()["packages"] if one["SPDXID"] != IMAGE_ID}
    assert "pkg:deb/debian/dnsmasq-base@2:2.90-4?arch=arm64&distro=bookworm" in locators
    assert "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=arm64&distro=bookworm" in locators
    assert "pkg:pypi/paho-mqtt@2.2.0" in locators


def test_the_image_contains_every_part() -> None:
    made = document()
    contained = {
        r["relatedSpdxElement"]
        for r in made["relationships"]
        if (r["spdxElementId"], r["relationshipType"]) == (IMAGE_ID, "CONTAINS")
    }
    assert contained == {one["SPDXID"] for one in made["packages"]} - {IMAGE_ID}
    assert len(contained) == 5


def test_nobodys_address_is_in_it() -> None:
    assert "@lists" not in json.dumps(document()) and "doko@" not in json.dumps(document())


def test_the_same_texts_give_the_same_document_in_whatever_order_they_come() -> None:
    shuffled = "\n\n".join(reversed(STATUS.strip().split("\n\n")))
    again = document(dpkg_status=shuffled, copyrights=dict(reversed(COPYRIGHTS.items())), wheels=WHEELS[::-1])
    assert json.dumps(again) == json.dumps(document())


def test_name_space_and_date_come_from_the_recipe_alone() -> None:
    made = document()
    assert made["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert made["documentNamespace"].endswith("/campbox-camp-north-1-arm64/" + "0f" * 32)
    assert document(recipe_hash="1")["documentNamespace"] != made["documentNamespace"]


def test_the_plain_list_has_a_line_for_each_and_says_what_is_unclear() -> None:
    text = licence_list(document())
    assert "5 components" in text
    [line] = [line for line in text.split("\n") if line.startswith("nginx-light ")]
    assert "BSD-2-Clause" in line and "[Debian Nginx Maintainers]" in line
    assert "libstdc++6: see /usr/share/doc/libstdc++6/copyright in the image" in text


def complaints(made: dict[str, Any]) -> list[str]:
    """What the SPDX project's own validator finds."""
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    return [one.validation_message for one in validate_full_spdx_document(JsonLikeDictParser().parse(made))]


def test_the_document_is_legal_spdx() -> None:
    assert complaints(document()) == []


def test_the_validator_would_find_a_fault() -> None:
    made = document()
    made["packages"][1]["licenseDeclared"] = "Frog-1"
    made["relationships"][1]["relatedSpdxElement"] = "SPDXRef-nobody"
    assert len(complaints(made)) == 2


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="this machine is no Debian")
def test_a_whole_debian_with_all_its_copyright_files_is_legal_spdx() -> None:
    folders = sorted(Path("/usr/share/doc").glob("*/copyright"))
    copyrights = {path.parent.name: path.read_text("utf-8", "replace") for path in folders if path.is_file()}
    status = Path("/var/lib/dpkg/status").read_text("utf-8")
    made = document(dpkg_status=status, copyrights=copyrights)
    assert len(made["packages"]) == len(installed(status)) + 3
    assert complaints(made) == []


NAME = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,12}", fullmatch=True)


@given(st.dictionaries(NAME, st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30), max_size=5))
def test_whatever_stands_in_the_fields_the_document_is_legal(packages: dict[str, str]) -> None:
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: {text}\nHomepage: {text}\n"
        for name, text in packages.items()
    )
    made = document(dpkg_status=status, copyrights={name: f"License: {text}" for name, text in packages.items()})
    assert len(made["packages"]) == len(packages) + 3
    assert complaints(made) == []
