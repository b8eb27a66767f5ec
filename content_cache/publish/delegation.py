"""E Organisations that sign for their own services: the hub allows a key, the organisation signs at home, the hub takes it over.

The hub cannot forge what they sign, and they cannot sign for anybody else: the box checks both again.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, TargetFile, Targets
from tuf.api.serialization.json import JSONSerializer

from appliance.errors import BadInput, Refused
from appliance.files import make_folder, write_atomically
from content_cache import layers
from content_cache.layers import Layer
from content_cache.publish.edition import pieces
from content_cache.publish.signing import SignedRepository
from content_cache.snapshot import Catalogue

LIFE = 365
"""Days until what an organisation signed expires."""
METADATA, CONTENT = "signed.json", "services.jsonl"
"""The two files that an organisation hands over."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def read_public(path: Path) -> SSlibKey:
    """An organisation's public key. Raises BadInput."""
    try:
        return SSlibKey.from_crypto(load_pem_public_key(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BadInput("not a public key", where=str(path), mend="ask the organisation for its public.pem") from error


def allow(repository: SignedRepository, organisation: str, key: SSlibKey) -> None:
    """Let an organisation sign for its own services with this key, in the place of any key before. Raises BadInput."""
    if not _UUID.match(organisation):
        raise BadInput(
            f"{organisation[:60]!r} is no id of an organisation", mend="take it from the catalogue: a UUID in small letters"
        )
    name = layers.role(organisation, key.keyid)
    _look_for_old(repository, name)
    with repository.edit_targets() as targets:
        if targets.delegations is None:
            targets.delegations = Delegations({}, {})
        assert targets.delegations.roles is not None
        _drop(targets, organisation)
        pattern = layers.target(organisation)
        targets.delegations.roles[name] = DelegatedRole(name, [], threshold=1, terminating=True, paths=[pattern])
        targets.add_key(key, name)
    repository.close_edit()


def _look_for_old(repository: SignedRepository, name: str) -> None:
    known = repository.newest(name)
    targets = repository.open(name).signed.targets.items() if known else ()
    if any(not repository.file(path, target).exists() for path, target in targets):
        raise Refused("this key was allowed before, and what it signed is gone", mend="ask the organisation for a new key")


def withdraw(repository: SignedRepository, organisation: str) -> None:
    """Take the role back: from the next look on boxes show the catalogue without its layer."""
    with repository.edit_targets() as targets:
        _drop(targets, organisation)
    repository.close_edit()


def role_of(repository: SignedRepository, organisation: str) -> str | None:
    """The name of an organisation's role, or None."""
    return next((role for role in repository.delegated if layers.organisation_of(role) == organisation), None)


def _drop(targets: Targets, organisation: str) -> None:
    roles = targets.delegations.roles if targets.delegations else None
    for name in [name for name in roles or () if layers.organisation_of(name) == organisation]:
        assert roles is not None
        for keyid in list(roles[name].keyids):
            targets.revoke_key(keyid, name)
        del roles[name]


def sign(organisation: str, content: bytes, key: CryptoSigner, now: datetime.datetime) -> bytes:
    """The signed metadata of an organisation's layer. Its version is the minute, so that no list of versions need be kept."""
    target = TargetFile.from_data(layers.target(organisation), content, ["sha256"])
    target.unrecognized_fields["custom"] = {"kind": "services", **pieces(content)}
    expires = now.replace(microsecond=0) + datetime.timedelta(days=LIFE)
    role = Targets(version=int(now.timestamp()) // 60, expires=expires, targets={layers.target(organisation): target})
    metadata = Metadata(role)
    metadata.sign(key)
    return metadata.to_bytes(JSONSerializer(compact=True))


def accept(repository: SignedRepository, organisation: str, untrusted: bytes, content: bytes, catalogue: Catalogue) -> int:
    """Take over what an organisation signed. Returns its version. Raises Refused, or BadInput when it is no layer."""
    name = role_of(repository, organisation)
    if len(untrusted) > layers.LARGEST_ROLE or len(content) > layers.LARGEST:
        raise Refused(f"what organisation {organisation} signed is too large", mend="sign fewer services")
    if name is None:
        raise Refused(f"organisation {organisation} may sign nothing", mend="campbox catalogue organisation allow")
    try:
        metadata = Metadata[Targets].from_bytes(untrusted)
        repository.targets().verify_delegate(name, metadata.signed_bytes, metadata.signatures)
        targets = metadata.signed.targets
        targets[layers.target(organisation)].verify_length_and_hashes(content)
    except (RepositoryError, KeyError) as error:
        raise Refused("not what the organisation signed", mend="ask for both files again") from error
    if set(targets) != {layers.target(organisation)}:
        raise Refused(f"organisation {organisation} signs for more than its own services", mend="ask it to sign again")
    known = repository.newest(name)
    if known is not None and metadata.signed.version <= repository.open(name).signed.version:
        raise Refused("older than what this hub already has", mend="ask for the newest")
    layers.apply(catalogue, [Layer(organisation, content)])
    file = repository.file(layers.target(organisation), targets[layers.target(organisation)])
    make_folder(file.parent)
    write_atomically(file, content)
    repository.write(name, metadata)
    repository.close_edit()
    return metadata.signed.version
