"""What stands in every certificate and list of the authority, the bounds of what it reads, and what its desk answers at each."""

from __future__ import annotations

import datetime
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from flask import Flask

from appliance.errors import BadInput, NotSo
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.moment import Moment
from appliance.services import USERS
from appliance.values import BoxId
from provisioning.authority import blueprint, certificates, desk, limiter, renew, revocation
from provisioning.authority.store import Store
from provisioning.enrolment import CERTIFICATE_LIFE, TICKET_LIFE, token_hash

NOW = 1_800_000_000.0
DAY = datetime.timedelta(days=1)
HUB = HubConfig(host="hub.example.org", also_known_as=("hub.example.org", "192.0.2.7"), https_port=8443)
AT = datetime.datetime.fromtimestamp(NOW, datetime.UTC)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    certificates.prepare(made, HUB, Moment(NOW, 5.0, "synced"))
    metadata = made.data / "hub" / "publish" / "repository" / "metadata"
    metadata.mkdir(parents=True)
    (metadata / "root.json").write_text("a root without a number")
    return made


def read(layout: Layout, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((certificates.folder(layout) / name).read_bytes())


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def request(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "north-1")])
    made = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


REQUEST = request(key())
USAGES = (
    "digital_signature", "key_cert_sign", "crl_sign", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement",
)  # fmt: skip


def usages(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert extension.critical
    return {name for name in USAGES if getattr(extension.value, name)}


def test_the_authority_signs_certificates_and_lists_and_nothing_else_for_twenty_years(layout: Layout) -> None:
    ca = read(layout, "ca.pem")
    assert ca.subject == ca.issuer and ca.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert (ca.not_valid_before_utc, ca.not_valid_after_utc) == (AT - DAY, AT + 20 * 365 * DAY)
    assert usages(ca) == {"key_cert_sign", "crl_sign"}
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical and basic.value == x509.BasicConstraints(ca=True, path_length=0)
    assert isinstance(ca.signature_hash_algorithm, hashes.SHA256)
    ca.verify_directly_issued_by(ca)


@pytest.mark.parametrize(
    ("name", "usage"), [("server.pem", ExtendedKeyUsageOID.SERVER_AUTH), ("ingest.pem", ExtendedKeyUsageOID.CLIENT_AUTH)]
)
def test_what_the_authority_signs_signs_nothing_and_is_for_one_use(layout: Layout, name: str, usage: x509.ObjectIdentifier) -> None:
    leaf, ca = read(layout, name), read(layout, "ca.pem")
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (AT - DAY, AT + 2 * 365 * DAY)
    assert usages(leaf) == {"digital_signature"}
    assert [*leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value] == [usage]
    basic = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical and not basic.value.ca
    mine = leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert not mine.critical and mine.value == x509.SubjectKeyIdentifier.from_public_key(leaf.public_key())
    theirs = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    above = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert not theirs.critical and theirs.value.key_identifier == above.digest
    assert not leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).critical
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA256)


def test_a_server_answers_to_each_of_its_names_once_as_what_it_is(layout: Layout) -> None:
    names = read(layout, "server.pem").extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["hub.example.org"] and not names.critical
    assert [str(one) for one in names.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    with pytest.raises(x509.ExtensionNotFound):
        read(layout, "ingest.pem").extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_box_certificate_lasts_as_long_as_it_is_told_and_no_two_bear_a_number(layout: Layout) -> None:
    made = [certificates.issue(layout, "north-1", key().public_key(), NOW) for _ in range(3)]
    assert {one.not_valid_after_utc for one in made} == {AT + datetime.timedelta(seconds=CERTIFICATE_LIFE)}
    assert {one.not_valid_before_utc for one in made} == {AT - DAY} and len({one.serial_number for one in made}) == 3
    assert certificates.as_pem(made[0]).startswith("-----BEGIN CERTIFICATE-----")


def test_what_others_need_is_readable_and_the_folder_is_the_hubs_own(layout: Layout) -> None:
    place = certificates.folder(layout)
    for name in ("ca.pem", "server.pem", "ingest.pem", "crl.pem"):
        assert (place / name).stat().st_mode & 0o777 == 0o644, name
    assert {one.stat().st_mode & 0o777 for one in (place, place.parent)} == {0o750}


@pytest.mark.parametrize(("uid", "expected"), [(0, (USERS["campbox-hub"],) * 2), (1000, None)])
def test_only_root_gives_files_to_the_hub(uid: int, expected: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert certificates.owner() == expected


def test_a_torn_file_beside_is_swept_away_and_one_that_is_missing_is_made(layout: Layout) -> None:
    place = certificates.folder(layout)
    kept = {path.name: path.read_bytes() for path in place.glob("*-key.pem")}
    (place / "ingest.pem").unlink()
    certificates.prepare(layout, HUB, Moment(NOW, 5.0, "synced"))
    assert {path.name: path.read_bytes() for path in place.glob("*-key.pem")} == kept
    read(layout, "ingest.pem").verify_directly_issued_by(read(layout, "ca.pem"))


@pytest.mark.parametrize("file", ["ca-key.pem", "server-key.pem"])
def test_a_key_of_another_kind_is_told_and_not_used(layout: Layout, file: str) -> None:
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (certificates.folder(layout) / file).write_bytes(other)
    with pytest.raises(NotSo) as refused:
        certificates.prepare(layout, HUB, Moment(NOW + 600 * 86_400, 5.0, "synced"))
    assert file in refused.value.where


def test_a_list_is_not_signed_with_a_key_of_another_kind(layout: Layout) -> None:
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (certificates.folder(layout) / "ca-key.pem").write_bytes(other)
    with pytest.raises(NotSo):
        revocation.write(certificates.folder(layout), (5,), None)


@pytest.mark.parametrize(("longer", "taken"), [(0, True), (1, False)])
def test_a_request_of_the_largest_size_is_read_and_one_longer_is_not(longer: int, taken: bool) -> None:
    assert certificates.LARGEST_REQUEST == 8_192
    padded = REQUEST + "\n" * (certificates.LARGEST_REQUEST - len(REQUEST) + longer)
    if taken:
        assert certificates.read_request(padded) == certificates.read_request(REQUEST)
    else:
        with pytest.raises(BadInput):
            certificates.read_request(padded)


def listed(layout: Layout) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((certificates.folder(layout) / "crl.pem").read_bytes())


def test_each_edition_of_the_list_is_a_number_and_a_second_later_than_the_one_before(layout: Layout) -> None:
    place, ca = certificates.folder(layout), read(layout, "ca.pem")
    for number, serials in ((1, ()), (2, (7,)), (3, (7, 9)), (4, ())):
        assert revocation.write(place, serials, None) is (number > 1), "written only when it says something else"
        found = listed(layout)
        assert found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
        assert found.last_update_utc == ca.not_valid_before_utc + datetime.timedelta(seconds=number)
        assert found.next_update_utc == ca.not_valid_after_utc and found.issuer == ca.subject
        assert [(one.serial_number, one.revocation_date_utc) for one in found] == [(n, ca.not_valid_before_utc) for n in serials]
    above = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    identifier = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert identifier.value.key_identifier == above.digest and not identifier.critical
    assert not found.extensions.get_extension_for_class(x509.CRLNumber).critical
    assert isinstance(found.signature_hash_algorithm, hashes.SHA256)


# --- the desk


def body(**changes: Any) -> bytes:
    return json.dumps({"box": "north-1", "csr": REQUEST, "token": None} | changes).encode()


def answer(layout: Layout, told: bytes, now: float = NOW, hub: HubConfig = HUB) -> desk.Answer:
    return desk.answer(told, hub, layout, now)


def ticket(layout: Layout, now: float = NOW) -> dict[str, Any]:
    return desk.make_ticket(layout, box=BoxId("north-1"), site=BoxId("north"), host="hub.example.org", port=443, now=now)


def test_a_ticket_says_where_the_hub_is_and_when_it_ends(layout: Layout) -> None:
    made = ticket(layout)
    assert made["expires"] == int(NOW + TICKET_LIFE)
    [kept] = Store(layout).enrolments(NOW)
    assert (kept.box, kept.site, kept.issued, kept.expires, kept.state) == ("north-1", "north", NOW, NOW + TICKET_LIFE, "waiting")
    assert len(made["token"]) == 43 and token_hash(made["token"]), "256 random bits"
    assert ticket(layout)["token"] != made["token"]


@pytest.mark.parametrize(("late", "status"), [(-1.0, 200), (0.0, 403)])
def test_a_ticket_is_good_until_its_last_second_and_then_no_more(layout: Layout, late: float, status: int) -> None:
    token = ticket(layout)["token"]
    assert answer(layout, body(token=token), NOW + TICKET_LIFE + late).status == status


@pytest.mark.parametrize(
    "told",
    [
        body(box=1), body(box=None), body(csr=1), body(csr=None), body(token=1), body(token=[]), body(token=""),
        body(token="x" * 42), body(box="a b"), b"[]", b"7", b"{}", b"\xff", b"",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_told_what_to_mend(layout: Layout, told: bytes) -> None:
    found = answer(layout, told)
    assert found.status == 400 and found.body["error"] == "bad-request" and found.body["what"] and found.body["mend"]


@pytest.mark.parametrize(("longer", "status"), [(0, 403), (1, 400)])
def test_the_largest_body_is_read_and_one_longer_is_not(layout: Layout, longer: int, status: int) -> None:
    assert desk.LARGEST_BODY == 16_384
    told = body()
    assert answer(layout, told + b" " * (desk.LARGEST_BODY - len(told) + longer)).status == status


def test_a_plain_root_is_the_oldest_and_numbers_are_no_texts(layout: Layout) -> None:
    metadata = layout.data / "hub" / "publish" / "repository" / "metadata"

    def root() -> str:
        return str(answer(layout, body(token=ticket(layout)["token"])).body["catalogue"]["root"])

    assert root() == "a root without a number"
    (metadata / "1.root.json").write_text("one")
    assert root() == "one"
    for number in (9, 10):
        (metadata / f"{number}.root.json").write_text(str(number))
    assert root() == "10"


def test_without_a_root_nobody_is_enrolled(layout: Layout) -> None:
    token = ticket(layout)["token"]
    metadata = layout.data / "hub" / "publish" / "repository" / "metadata"
    (metadata / "root.json").unlink()
    with pytest.raises(NotSo) as refused:
        answer(layout, body(token=token))
    assert refused.value.where == str(metadata) and refused.value.mend
    assert [one.state for one in Store(layout).enrolments(NOW)] == ["waiting"]


@pytest.mark.parametrize(
    ("host", "url"), [("2001:db8::7", "https://[2001:db8::7]:8443/catalogue/"), ("192.0.2.7", "https://192.0.2.7:8443/catalogue/")]
)
def test_an_address_of_the_sixth_version_stands_in_brackets(layout: Layout, host: str, url: str) -> None:
    found = answer(layout, body(token=ticket(layout)["token"]), hub=HubConfig(host=host, https_port=8443))
    assert found.body["catalogue"]["url"] == url and found.body["mqtt"]["host"] == host


def test_what_was_given_is_remembered_with_its_key_so_that_it_can_be_refused(layout: Layout) -> None:
    answered = answer(layout, body(token=ticket(layout)["token"]))
    given = x509.load_pem_x509_certificate(answered.body["certificate"].encode())
    assert Store(layout).superseded() == set()
    replaced = answer(layout, body(csr=request(key()), token=ticket(layout, NOW + 1)["token"]), NOW + 2)
    assert replaced.status == 200 and Store(layout).superseded() == {given.serial_number}
    assert {one.serial_number for one in listed(layout)} == {given.serial_number}, "before the answer"


# --- over HTTP, and by the timer


def test_refusals_over_http_are_kept_by_no_cache_and_say_when_to_come_again(layout: Layout) -> None:
    app = Flask("hub")
    blueprint.register(app, HUB, layout)
    client = app.test_client()
    first = client.post("/enrol/v1", data=b"{}")
    assert first.headers["Cache-Control"] == "no-store" and "Retry-After" not in first.headers
    for _ in range(100):
        last = client.post("/enrol/v1", data=b"{}")
    assert last.status_code == 429 and last.headers["Retry-After"] == "60" and last.json is not None
    assert last.json["error"] == "too-often"
    long = client.post("/enrol/v1", data=b" " * (desk.LARGEST_BODY + 1), headers={"X-Real-IP": "192.0.2.9"})
    exact = client.post("/enrol/v1", data=b" " * desk.LARGEST_BODY, headers={"X-Real-IP": "192.0.2.9"})
    assert (long.status_code, exact.status_code) == (413, 400) and long.json is not None and long.json["error"] == "bad-request"


def test_the_timer_makes_anew_what_is_missing_and_ends_replaced_keys(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    layout.hub_config_file.parent.mkdir(parents=True, exist_ok=True)
    layout.hub_config_file.write_text('host = "hub.example.org"\n', "utf-8")
    monkeypatch.setattr(renew, "start_logging", lambda: None)

    def laid_out(_environ: object, code: Path) -> Layout:
        assert (code / "provisioning" / "authority" / "renew.py").exists(), "the project's own folder"
        return layout

    monkeypatch.setattr(Layout, "from_environment", laid_out)
    old = answer(layout, body(token=ticket(layout)["token"]))
    answer(layout, body(csr=request(key()), token=ticket(layout)["token"]))
    for name in ("crl.pem", "server.pem"):
        (certificates.folder(layout) / name).unlink()
    renew.main()
    gone = x509.load_pem_x509_certificate(old.body["certificate"].encode()).serial_number
    assert {one.serial_number for one in listed(layout)} == {gone} and read(layout, "server.pem")
    layout.hub_config_file.unlink()
    with pytest.raises(SystemExit) as ended:
        renew.main()
    assert ended.value.code == 1


def test_lines_of_the_log_name_their_module() -> None:
    assert [module.log.name for module in (certificates, blueprint, renew)] == [
        module.__name__ for module in (certificates, blueprint, renew)
    ]


def test_every_file_and_folder_of_the_authority_is_given_to_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = dict[str, tuple[int, tuple[int, int] | None]]()

    def write(path: Path, content: bytes | str, mode: int, owner: tuple[int, int] | None) -> None:
        given[path.name] = mode, owner
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def make(path: Path, mode: int, owner: tuple[int, int] | None) -> None:
        given[path.name] = mode, owner
        path.mkdir(parents=True)

    for module in (certificates, revocation):
        monkeypatch.setattr(module, "write_atomically", write)
    monkeypatch.setattr(certificates, "make_folder", make)
    monkeypatch.setattr(certificates, "owner", lambda: (7, 7))
    made = Layout.under(tmp_path, tmp_path)
    certificates.prepare(made, HUB, Moment(NOW, 5.0, "synced"))
    assert {owner for _, owner in given.values()} == {(7, 7)}
    assert {name: mode for name, (mode, _) in given.items()} == {
        "hub": 0o750, "authority": 0o750, "ca-key.pem": 0o600, "server-key.pem": 0o640, "ingest-key.pem": 0o640, "ca.pem": 0o644,
        "server.pem": 0o644, "ingest.pem": 0o644, "crl.pem": 0o644,
    }  # fmt: skip
    given.clear()
    assert answer_of_revoke(made, monkeypatch) and given == {"crl.pem": (0o644, (7, 7))}


def answer_of_revoke(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(Store, "superseded", lambda _: {5})
    return desk.revoke(layout)


def test_how_often_one_address_may_knock() -> None:
    assert (limiter.BURST, limiter.PER_SECOND, limiter.ASKERS) == (60, 2.0, 2_000)
    made = limiter.Limiter()
    assert (made.burst, made.per_second, made.askers) == (60, 2.0, 2_000)
    assert certificates.INGEST_NAME == "hub-ingest"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kabul", "America/New_York"])
def test_dates_of_certificates_do_not_depend_on_the_hubs_time_zone(
    layout: Layout, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        made = certificates.issue(layout, "north-1", key().public_key(), NOW)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert made.not_valid_before_utc == AT - DAY


@pytest.mark.parametrize("file", ["ca.pem", "ca-key.pem"])
def test_a_file_of_the_authority_that_cannot_be_read_is_named(layout: Layout, file: str) -> None:
    path = certificates.folder(layout) / file
    path.write_bytes(b"nonsense")
    with pytest.raises(NotSo) as refused:
        certificates.issue(layout, "north-1", key().public_key(), NOW)
    assert refused.value.where == str(path) and refused.value.mend
    if file == "ca.pem":
        path.write_bytes(b"\xff")
        with pytest.raises(NotSo) as refused:
            certificates.authority_pem(layout)
        assert refused.value.where == str(path)
