"""The authority: what it signs, what it remembers, and that no stranger's request makes it do or say anything else."""

from __future__ import annotations

import base64
import datetime
import json
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from appliance.errors import BadInput, NotSo
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.moment import Moment, Trust
from appliance.values import BoxId
from provisioning.authority import blueprint, certificates, desk
from provisioning.authority.store import Store
from provisioning.enrolment import TICKET_LIFE
from tests.overtaking import overtaken

HUB = HubConfig(host="hub.example.org", also_known_as=("hub.local", "192.0.2.7", "2001:db8::7"), https_port=8443)
NORTH = BoxId("north-1")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    certificates.prepare(made, HUB)
    metadata = made.data / "hub" / "publish" / "repository" / "metadata"
    metadata.mkdir(parents=True)
    for number in (1, 2, 10):
        (metadata / f"{number}.root.json").write_text(f'{{"version": {number}}}')
    return made


@pytest.fixture
def client(layout: Layout) -> FlaskClient:
    app = Flask("hub")
    blueprint.register(app, HUB, layout)
    return app.test_client()


def read(layout: Layout, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((certificates.folder(layout) / name).read_bytes())


def make_request(key: ec.EllipticCurvePrivateKey, name: str = "north-1", *, wants_authority: bool = False) -> str:
    builder = x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    if wants_authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("hub.example.org")]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def new_token(layout: Layout, now: float | None = None, box: BoxId = NORTH) -> str:
    moment = time.time() if now is None else now
    identity = desk.make_ticket(layout, box=box, site=BoxId("north"), host="hub.example.org", port=443, now=moment)
    return str(identity["token"])


def ask(
    client: FlaskClient, key: ec.EllipticCurvePrivateKey, token: str | None, box: str = "north-1"
) -> tuple[int, dict[str, str]]:
    body = {"box": box, "csr": make_request(key, box)} | ({} if token is None else {"token": token})
    answer = client.post("/enrol/v1", json=body)
    assert answer.json is not None
    return answer.status_code, answer.json


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_the_hub_gets_an_authority_a_server_and_an_ingest_certificate(layout: Layout) -> None:
    ca, server, ingest = (read(layout, name) for name in ("ca.pem", "server.pem", "ingest.pem"))
    server.verify_directly_issued_by(ca)
    ingest.verify_directly_issued_by(ca)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in names} == {"hub.example.org", "hub.local", "192.0.2.7", "2001:db8::7"}
    assert ingest.subject.rfc4514_string() == "CN=hub-ingest"
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_private_keys_are_not_readable_by_others(layout: Layout) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in certificates.folder(layout).glob("*-key.pem")}
    assert modes == {"ca-key.pem": 0o600, "server-key.pem": 0o640, "ingest-key.pem": 0o640}


def test_preparing_again_changes_nothing_and_a_new_name_changes_only_the_server(layout: Layout) -> None:
    before = {path.name: path.read_bytes() for path in certificates.folder(layout).iterdir()}
    certificates.prepare(layout, HUB)
    assert {path.name: path.read_bytes() for path in certificates.folder(layout).iterdir()} == before
    certificates.prepare(layout, HubConfig(host="other.example.org"))
    after = {path.name: path.read_bytes() for path in certificates.folder(layout).iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"server.pem"}


def test_the_pin_is_over_the_authority_certificate(layout: Layout) -> None:
    der = read(layout, "ca.pem").public_bytes(serialization.Encoding.DER)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    assert certificates.pin(certificates.authority_pem(layout)) == f"sha256:{digest.finalize().hex()}"
    with pytest.raises(BadInput):
        certificates.pin("no certificate")


def test_a_box_certificate_says_nothing_that_the_request_asked_for(layout: Layout) -> None:
    wish = make_request(key(), "hub-ingest", wants_authority=True)
    given_key = certificates.read_request(wish)
    made = certificates.issue(layout, "north-1", given_key, time.time())
    assert made.subject.rfc4514_string() == "CN=north-1"
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert list(made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert not usage.key_cert_sign and not usage.crl_sign
    with pytest.raises(x509.ExtensionNotFound):
        made.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert made.not_valid_after_utc - datetime.datetime.now(datetime.UTC) < datetime.timedelta(days=366)


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode("latin-1")))
def test_no_text_crashes_the_reading_of_a_request(untrusted: str) -> None:
    for text in (untrusted, f"-----BEGIN CERTIFICATE REQUEST-----\n{untrusted}\n-----END CERTIFICATE REQUEST-----\n"):
        with pytest.raises(BadInput):
            certificates.read_request(text)


GOOD_REQUEST = make_request(key())


@given(st.integers(30, len(GOOD_REQUEST) - 35), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_damaged_request_is_refused_or_unchanged(position: int, letter: str) -> None:
    damaged = GOOD_REQUEST[:position] + letter + GOOD_REQUEST[position + 1 :]
    try:
        found = certificates.read_request(damaged)
    except BadInput:
        return
    assert found == certificates.read_request(GOOD_REQUEST)


def test_a_request_of_a_version_that_does_not_exist_is_refused() -> None:
    der = x509.load_pem_x509_csr(GOOD_REQUEST.encode()).public_bytes(serialization.Encoding.DER)
    version = der.index(b"\x02\x01\x00")  # RFC 2986 section 4.1: INTEGER { v1(0) } comes first
    changed = der[: version + 2] + b"\x07" + der[version + 3 :]
    text = base64.encodebytes(changed).decode()
    with pytest.raises(BadInput):
        certificates.read_request(f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n")


def test_a_request_that_is_not_signed_by_its_own_key_is_refused() -> None:
    """Somebody else's public key, seen on a wire, put into a request of one's own."""

    def point(one: ec.EllipticCurvePrivateKey) -> bytes:
        return one.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    mine, theirs = key(), key()
    der = x509.load_pem_x509_csr(make_request(mine).encode()).public_bytes(serialization.Encoding.DER)
    for changed in (der.replace(point(mine), point(theirs)), der[:-1] + bytes([der[-1] ^ 1])):
        assert changed != der
        pem = x509.load_der_x509_csr(changed).public_bytes(serialization.Encoding.PEM).decode()
        with pytest.raises(BadInput, match="not signed by its own key"):
            certificates.read_request(pem)


def test_a_request_with_another_kind_of_key_is_refused() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "north-1")])
    for other, digest in ((ed25519.Ed25519PrivateKey.generate(), None), (ec.generate_private_key(ec.SECP384R1()), hashes.SHA256())):
        signed = x509.CertificateSigningRequestBuilder(name).sign(other, digest)
        with pytest.raises(BadInput, match="P-256"):
            certificates.read_request(signed.public_bytes(serialization.Encoding.PEM).decode())


def test_a_ticket_enrols_one_key_once_and_the_same_key_again(client: FlaskClient, layout: Layout) -> None:
    token, mine = new_token(layout), key()
    for _ in range(2):
        status, body = ask(client, mine, token)
        assert status == 200
        certificate = x509.load_pem_x509_certificate(body["certificate"].encode())
        assert certificate.public_key() == mine.public_key()
    status, body = ask(client, key(), token)
    assert (status, body["error"]) == (403, "used-token")
    assert body["what"] and body["mend"]
    [alarm] = Store(layout).alarms()
    assert (alarm.box, alarm.kind, alarm.times) == ("north-1", "used-token-another-key", 1)


def test_the_answer_carries_broker_catalogue_and_the_newest_root(client: FlaskClient, layout: Layout) -> None:
    answer = client.post("/enrol/v1", json={"box": "north-1", "csr": GOOD_REQUEST, "token": new_token(layout)}).json
    assert answer is not None
    assert answer["mqtt"] == {"host": "hub.example.org", "port": 8883}
    assert answer["catalogue"] == {"url": "https://hub.example.org:8443/catalogue/", "root": '{"version": 10}'}
    assert answer["ca"] == certificates.authority_pem(layout)


def test_an_enrolled_key_renews_without_its_token_until_a_newer_card_took_its_place(client: FlaskClient, layout: Layout) -> None:
    old, new = key(), key()
    assert ask(client, old, new_token(layout))[0] == 200
    assert ask(client, old, None)[0] == 200
    replacement = new_token(layout)
    assert ask(client, old, None)[0] == 200
    assert ask(client, new, replacement)[0] == 200
    assert ask(client, old, None)[1]["error"] == "superseded"
    assert ask(client, key(), None)[1]["error"] == "unknown-key"


def test_a_key_that_enrolled_again_with_a_newer_ticket_goes_on_renewing(client: FlaskClient, layout: Layout) -> None:
    """Its older ticket is superseded and carries the same key: the newer one counts, in whatever order they lie."""
    mine, another = key(), key()
    for _ in range(3):
        assert ask(client, mine, new_token(layout))[0] == 200
        assert ask(client, mine, None)[0] == 200
    assert ask(client, another, new_token(layout))[0] == 200
    assert ask(client, mine, None)[1]["error"] == "superseded"
    assert ask(client, mine, new_token(layout))[0] == 200, "the box came back with a card of its own"
    assert ask(client, mine, None)[0] == 200
    assert ask(client, another, None)[1]["error"] == "superseded"


def test_a_new_ticket_makes_the_unused_one_before_it_worthless(client: FlaskClient, layout: Layout) -> None:
    first, second = new_token(layout), new_token(layout)
    assert ask(client, key(), first)[1]["error"] == "superseded"
    assert ask(client, key(), second)[0] == 200


def test_an_expired_token_and_one_of_another_box_are_refused(client: FlaskClient, layout: Layout) -> None:
    assert ask(client, key(), new_token(layout, time.time() - TICKET_LIFE - 1))[1]["error"] == "expired-token"
    assert ask(client, key(), new_token(layout), box="south-1")[1]["error"] == "wrong-box"
    assert [alarm.kind for alarm in Store(layout).alarms()] == ["token-of-another-box"]


def test_the_authority_keeps_no_token(client: FlaskClient, layout: Layout) -> None:
    tokens = [new_token(layout), new_token(layout, box=BoxId("south-1"))]
    ask(client, key(), tokens[0])
    ask(client, key(), tokens[0])
    kept = b"".join(path.read_bytes() for path in certificates.folder(layout).iterdir())
    assert b"north-1" in kept
    assert not any(token.encode() in kept for token in tokens)


def test_operators_see_states_and_alarms_and_no_hash(client: FlaskClient, layout: Layout) -> None:
    token = new_token(layout)
    ask(client, key(), token)
    ask(client, key(), token)
    new_token(layout, box=BoxId("south-1"))
    answer = client.get("/api/v1/enrolments").json
    assert answer is not None
    assert {one["box"]: one["state"] for one in answer["enrolments"]} == {"north-1": "enrolled", "south-1": "waiting"}
    assert [(one["box"], one["kind"]) for one in answer["alarms"]] == [("north-1", "used-token-another-key")]
    assert "hash" not in json.dumps(answer)


@given(
    body=st.binary(max_size=300)
    | st.sampled_from([b"[" * 16_000, b"null", b'{"box":"n-1","csr":1}', b'{"box":"a b","csr":"","token":""}'])
)
def test_no_body_crashes_the_desk(body: bytes) -> None:
    nowhere = Layout.under(Path("/nonexistent"), Path("/nonexistent"))
    assert desk.answer(body, HUB, nowhere, 0.0).status == 400


def test_the_alarm_page_says_what_happened_and_what_to_do(layout: Layout) -> None:
    app = Flask("hub")
    app.jinja_loader = DictLoader({"base.html": "{% block main %}{% endblock %}"})
    blueprint.register(app, HUB, layout)
    client, token = app.test_client(), new_token(layout)
    assert "waiting" in client.get("/enrolments").text and "Alarms" not in client.get("/enrolments").text
    ask(client, key(), token)
    ask(client, key(), token)
    ask(client, key(), token, box="south-1")
    page = client.get("/enrolments").text
    assert "the card was copied" in page and "calls itself otherwise" in page and "enrolled" in page


def test_an_alarm_stands_on_every_page_until_a_new_ticket_or_two_weeks_settle_it(layout: Layout) -> None:
    app = Flask("hub")
    blueprint.register(app, HUB, layout)
    client, [tell] = app.test_client(), app.config["CAMPBOX_ALARMS"]
    token = new_token(layout)
    ask(client, key(), token)
    assert tell() == []
    ask(client, key(), token)
    assert tell() == [("north-1: A used token was shown with another key: the card was copied.", "/enrolments")]
    assert [alarm.box for alarm in Store(layout).standing(time.time() - 60)] == ["north-1"]
    assert Store(layout).standing(time.time() + 1) == []
    new_token(layout, box=BoxId("south-1"))
    assert len(tell()) == 1
    new_token(layout)
    assert tell() == []
    assert len(Store(layout).alarms()) == 1  # the list of enrolments forgets nothing


def test_a_hub_without_an_authority_has_no_alarms_and_its_pages_no_fault(tmp_path: Path) -> None:
    app = Flask("hub")
    blueprint.register(app, HUB, Layout.under(tmp_path, tmp_path))
    assert app.config["CAMPBOX_ALARMS"][0]() == []


def test_a_long_body_is_refused_and_a_flood_slowed_down(client: FlaskClient) -> None:
    assert client.post("/enrol/v1", data=b"x" * 17_000).status_code == 413
    answers = [client.post("/enrol/v1", data=b"{}", headers={"X-Real-IP": "192.0.2.1"}).status_code for _ in range(80)]
    assert answers[0] == 400 and answers[-1] == 429
    assert client.post("/enrol/v1", data=b"{}", headers={"X-Real-IP": "192.0.2.2"}).status_code == 400


def test_a_hub_that_was_never_prepared_says_so_in_one_line(tmp_path: Path) -> None:
    app = Flask("hub")
    blueprint.register(app, HUB, Layout.under(tmp_path, tmp_path))
    answer = app.test_client().post("/enrol/v1", json={"box": "north-1", "csr": GOOD_REQUEST})
    assert answer.status_code == 503 and answer.json is not None and answer.json["error"] == "not-ready"
    with pytest.raises(NotSo):
        new_token(Layout.under(tmp_path, tmp_path))


def test_what_a_box_was_told_is_on_the_disk_first(layout: Layout) -> None:
    with Store(layout)._open() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 3, "3 is EXTRA"


@pytest.mark.parametrize(
    ("days", "trust", "new"),
    [
        (0, "synced", False), (485, "synced", False), (488, "synced", True), (488, "floor", True), (3000, "synced", True),
        (-30, "synced", True), (-30, "floor", True), (3000, "none", False), (-3000, "none", False),
    ],
)  # fmt: skip
def test_r4_the_hubs_own_certificates_are_made_anew_with_a_third_of_their_life_left(
    layout: Layout, days: float, trust: Trust, new: bool
) -> None:
    before = {name: read(layout, name).serial_number for name in ("server.pem", "ingest.pem")}
    keys = {name: (certificates.folder(layout) / name).read_bytes() for name in ("server-key.pem", "ingest-key.pem", "ca.pem")}
    moment = Moment(time.time() + days * 86_400, 5.0, trust)
    certificates.prepare(layout, HUB, moment)
    for name, serial in before.items():
        assert (read(layout, name).serial_number != serial) is new
        if new:
            assert read(layout, name).not_valid_after_utc.timestamp() == pytest.approx(moment.wall + 730 * 86_400, abs=2)
    assert keys == {name: (certificates.folder(layout) / name).read_bytes() for name in keys}


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_r5_a_certificate_of_the_hub_that_cannot_be_read_is_made_anew(layout: Layout, content: bytes) -> None:
    (certificates.folder(layout) / "server.pem").write_bytes(content)
    certificates.prepare(layout, HUB)
    assert read(layout, "server.pem").issuer == read(layout, "ca.pem").subject
    read(layout, "server.pem").verify_directly_issued_by(read(layout, "ca.pem"))


def revoked(layout: Layout) -> set[int]:
    listed = x509.load_pem_x509_crl((certificates.folder(layout) / "crl.pem").read_bytes())
    ca = read(layout, "ca.pem")
    public = ca.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey) and listed.is_signature_valid(public) and listed.issuer == ca.subject
    assert listed.next_update_utc == ca.not_valid_after_utc
    assert ca.not_valid_before_utc < listed.last_update_utc < ca.not_valid_before_utc + datetime.timedelta(hours=1), (
        "no date of the hub's clock: a list that is not valid yet refuses every box"
    )
    return {one.serial_number for one in listed}


def serial_of(body: dict[str, str]) -> int:
    return x509.load_pem_x509_certificate(body["certificate"].encode()).serial_number


def test_claim_the_old_ones_key_ends_when_another_has_taken_its_place(client: FlaskClient, layout: Layout) -> None:
    assert revoked(layout) == set()
    old, new, other = key(), key(), key()
    first = {serial_of(ask(client, old, new_token(layout))[1]), serial_of(ask(client, old, None)[1])}
    ask(client, other, new_token(layout, box=BoxId("south-1")), box="south-1")
    replacement = new_token(layout)
    assert revoked(layout) == set(), "a ticket that nobody has used yet ends nothing"
    second = serial_of(ask(client, new, replacement)[1])
    assert revoked(layout) == first
    assert ask(client, old, None)[1]["error"] == "superseded" and serial_of(ask(client, new, None)[1])
    assert revoked(layout) == first and second not in first


def test_a_key_that_comes_back_with_a_ticket_of_its_own_is_good_again(client: FlaskClient, layout: Layout) -> None:
    mine, another = key(), key()
    kept = serial_of(ask(client, mine, new_token(layout))[1])
    between = serial_of(ask(client, another, new_token(layout))[1])
    assert revoked(layout) == {kept}
    ask(client, mine, new_token(layout))
    assert revoked(layout) == {between}


def test_a_second_ticket_for_the_same_key_ends_nothing(client: FlaskClient, layout: Layout) -> None:
    mine = key()
    for _ in range(3):
        assert ask(client, mine, new_token(layout))[0] == 200
    assert revoked(layout) == set()


def test_r8_a_slow_enrolment_takes_no_key_off_the_list_that_a_quicker_one_has_put_there(
    client: FlaskClient, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (serial_of(ask(client, key(), new_token(layout, box=BoxId(box)), box=box)[1]) for box in ("north-1", "south-1"))
    ask(client, key(), new_token(layout))
    with overtaken(monkeypatch, Store, "superseded", lambda: desk.revoke(layout)):
        ask(client, key(), new_token(layout, box=BoxId("south-1")), box="south-1")
    assert revoked(layout) == {first, second}


def test_the_list_of_ended_keys_is_made_anew_where_it_cannot_be_read(client: FlaskClient, layout: Layout) -> None:
    gone = serial_of(ask(client, key(), new_token(layout))[1])
    ask(client, key(), new_token(layout))
    path = certificates.folder(layout) / "crl.pem"
    path.write_text("nonsense")
    assert desk.revoke(layout) and revoked(layout) == {gone}
    before = path.read_bytes()
    assert not desk.revoke(layout) and path.read_bytes() == before, "written only when it says something else"
    path.unlink()
    certificates.prepare(layout, HUB)
    assert desk.revoke(layout) and revoked(layout) == {gone}


def test_r4_what_of_the_hubs_own_was_not_renewed_stands_on_every_page(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask("hub")
    blueprint.register(app, HUB, layout)
    [tell] = app.config["CAMPBOX_ALARMS"]
    now = time.time()

    def at(days: float, trust: Trust = "synced") -> list[str]:
        moment = Moment(now + days * 86_400, 5.0, trust)
        monkeypatch.setattr(blueprint.clock, "now", lambda: moment)
        return [words.split(" ends ")[0] for words, _ in tell()]

    assert at(0) == at(715) == at(5000, "none") == []
    assert at(717) == ["The hub's own server.pem", "The hub's own ingest.pem"]
    assert at(17 * 365 + 1)[0] == "The hub's own ca.pem", "three years before: every box must be given another by hand"
    certificates.prepare(layout, HUB, Moment(now + 717 * 86_400, 5.0, "synced"))
    assert at(717) == []
    (certificates.folder(layout) / "server.pem").write_text("nonsense")
    assert at(717) == []
