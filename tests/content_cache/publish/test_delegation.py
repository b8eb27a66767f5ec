"""An organisation signs at home, the hub takes over only what its key signed, of its own services, and newer than before."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import CryptoSigner

from appliance.errors import BadInput, Refused
from content_cache import layers
from content_cache.publish import delegation, keys
from content_cache.publish.signing import SignedRepository
from tests.content_cache.test_layers import CATALOGUE, OTHER, OWN, SCHOOL, clinic

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(hours=1)
CONTENT = (json.dumps(clinic(alert="Closed")) + "\n").encode()


@pytest.fixture
def hub(tmp_path: Path) -> SignedRepository:
    keys.ensure(tmp_path / "keys")
    made = SignedRepository(tmp_path / "repository", tmp_path / "keys", NOW)
    made.begin()
    return made


@pytest.fixture
def key() -> CryptoSigner:
    return CryptoSigner.generate_ed25519()


def test_what_an_organisation_signed_stands_in_the_repository(hub: SignedRepository, key: CryptoSigner) -> None:
    delegation.allow(hub, OWN, key.public_key)
    version = delegation.accept(hub, OWN, delegation.sign(OWN, CONTENT, key, NOW), CONTENT, CATALOGUE)
    (role,) = hub.delegated
    assert layers.organisation_of(role) == OWN and hub.snapshot().meta[f"{role}.json"].version == version
    (file,) = (hub.target_folder / "orgs" / OWN).iterdir()
    assert file.name.endswith(".services.jsonl") and file.read_bytes() == CONTENT


def test_it_signs_only_with_its_key_only_its_content_and_only_if_allowed(hub: SignedRepository, key: CryptoSigner) -> None:
    signed = delegation.sign(OWN, CONTENT, key, NOW)
    with pytest.raises(Refused, match="may sign nothing"):
        delegation.accept(hub, OWN, signed, CONTENT, CATALOGUE)
    delegation.allow(hub, OWN, key.public_key)
    for untrusted, content in (
        (delegation.sign(OWN, CONTENT, CryptoSigner.generate_ed25519(), NOW), CONTENT),
        (signed, CONTENT + b"\n"),
        (b"{}", b""),
    ):
        with pytest.raises(Refused, match="not what the organisation signed"):
            delegation.accept(hub, OWN, untrusted, content, CATALOGUE)
    assert not (hub.target_folder / "orgs").exists()


def test_a_delegated_role_that_signs_anothers_services_is_not_taken_over(hub: SignedRepository, key: CryptoSigner) -> None:
    delegation.allow(hub, OWN, key.public_key)
    content = (json.dumps(clinic(id=SCHOOL)) + "\n").encode()
    with pytest.raises(Refused, match="may not sign for the service"):
        delegation.accept(hub, OWN, delegation.sign(OWN, content, key, NOW), content, CATALOGUE)
    with pytest.raises(Refused, match="may sign nothing"):
        delegation.accept(hub, OTHER, delegation.sign(OTHER, CONTENT, key, NOW), CONTENT, CATALOGUE)


def test_what_is_older_is_not_taken_over(hub: SignedRepository, key: CryptoSigner) -> None:
    delegation.allow(hub, OWN, key.public_key)
    delegation.accept(hub, OWN, delegation.sign(OWN, CONTENT, key, LATER), CONTENT, CATALOGUE)
    with pytest.raises(Refused, match="older"):
        delegation.accept(hub, OWN, delegation.sign(OWN, CONTENT, key, NOW), CONTENT, CATALOGUE)


def test_a_new_key_is_a_new_role_and_a_role_can_be_taken_back(hub: SignedRepository, key: CryptoSigner) -> None:
    delegation.allow(hub, OWN, key.public_key)
    delegation.accept(hub, OWN, delegation.sign(OWN, CONTENT, key, NOW), CONTENT, CATALOGUE)
    other = CryptoSigner.generate_ed25519()
    delegation.allow(hub, OWN, other.public_key)
    assert hub.delegated == [layers.role(OWN, other.public_key.keyid)]
    delegation.accept(hub, OWN, delegation.sign(OWN, CONTENT, other, NOW), CONTENT, CATALOGUE)
    delegation.withdraw(hub, OWN)
    assert hub.delegated == [] and delegation.role_of(hub, OWN) is None


def test_a_public_key_is_read_from_its_file(tmp_path: Path, key: CryptoSigner) -> None:
    path = tmp_path / "public.pem"
    path.write_bytes(keys.public(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert delegation.read_public(path).keyid == key.public_key.keyid
    path.write_bytes(b"junk")
    with pytest.raises(BadInput):
        delegation.read_public(path)


@pytest.mark.parametrize("organisation", ["", "../../x", OWN.upper(), "*", f"{OWN}/*"])
def test_a_name_that_is_no_id_gets_no_role(hub: SignedRepository, key: CryptoSigner, organisation: str) -> None:
    with pytest.raises(BadInput):
        delegation.allow(hub, organisation, key.public_key)
