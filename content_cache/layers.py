"""P What an organisation says of its own services, laid over the catalogue: with its own signature, and of nobody else's.

A layer is JSON lines as in a snapshot. It carries whole services: each takes the place of all that the catalogue has below it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from appliance.errors import BadInput, Refused
from content_cache.hsds import Record, Translation, check, check_together
from content_cache.snapshot import Catalogue
from content_cache.targets import File, file, is_sha256

LARGEST, LARGEST_ROLE = 500_000, 16_384
"""Bytes of one organisation's layer, and of the metadata that signs it."""
_ROLE = re.compile(r"org-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-[0-9a-f]{8}\Z")
_ABOVE = ("link_id", "resource_id", "service_at_location_id", "service_id", "phone_id", "contact_id", "organization_id")
"""By these fields a record hangs below another. A place is shared, so ``location_id`` is not among them for a service there."""
_DEEPEST = 8
_COMMON = ("taxonomy", "taxonomy_term", "unit", "program", "organization", "meta_table_description")
"""Of these an organisation says nothing for all."""
VETTED = "vetted"
"""``link_type`` of the attribute by which the hub vets an organisation: nobody vets himself."""


@dataclass(frozen=True)
class Layer:
    """An organisation (its id) and what it signed, as bytes that are not yet checked."""

    organisation: str
    untrusted: bytes

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.untrusted).hexdigest()


@dataclass(frozen=True)
class Signed:
    """What an organisation's role signed: the file of its layer, before it is fetched."""

    role: str
    organisation: str
    file: File


def organisation_of(role: str) -> str | None:
    """The organisation's id in the name of a delegated role, or None when it is no such name."""
    match = _ROLE.match(role)
    return match[1] if match else None


def role(organisation: str, key: str) -> str:
    """The name of its delegated role: one for each key (its id), for what an old key signed may not stand in for a new one."""
    return f"org-{organisation}-{key[:8]}"


def target(organisation: str) -> str:
    """The one target its role may sign."""
    return f"orgs/{organisation}/services.jsonl"


def signed(role: str, organisation: str, length: int, sha256: str, untrusted: Any) -> Signed:
    """A layer as the metadata describes it; the hashes of its pieces, in ``untrusted``, may be missing. Raises Refused."""
    custom = untrusted if isinstance(untrusted, dict) else {}
    if length > LARGEST:
        raise Refused(f"the layer of organisation {organisation} is too large", mend="sign fewer services")
    if not is_sha256(sha256):
        raise Refused(f"the layer of organisation {organisation} has no hash", mend="sign it again")
    name = target(organisation)
    if length and "chunks" in custom:
        return Signed(role, organisation, file(name, length, sha256, custom))
    return Signed(role, organisation, File(name, length, sha256, max(1, length), ()))


def edition(snapshot: str, layers: Iterable[str]) -> str:
    """What a box holds, as one hash: the snapshot's own where no layer (by SHA-256) lies over it."""
    parts = sorted(layers)
    return hashlib.sha256(" ".join([snapshot, *parts]).encode()).hexdigest() if parts else snapshot


def apply(catalogue: Catalogue, layers: Sequence[Layer]) -> Catalogue:
    """The catalogue with every layer over it. Raises Refused when one speaks of another's services, else BadInput."""
    for layer in layers:
        catalogue = _laid(catalogue, layer)
    return catalogue


def _laid(catalogue: Catalogue, layer: Layer) -> Catalogue:
    records, texts = _read(layer)
    before = {one.id: one for one in catalogue.records}
    after = {**before, **{one.id: one for one in records}}
    for one in records:
        _judge(one, layer.organisation, before, after)
    own = {one.id for one in records}
    for text in texts:
        if text.id not in own:
            raise _foreign(layer.organisation, text.entity, text.id)
    services = {one.id for one in records if one.entity == "service"}
    gone = {one.id for one in catalogue.records if _service(one, before) in services} | own
    kept = [one for one in catalogue.records if one.id not in gone]
    spoken = [text for text in catalogue.translations if text.id not in gone]
    check_together([*kept, *records], [*spoken, *texts])
    return replace(catalogue, records=(*kept, *records), translations=(*spoken, *texts))


def _judge(one: Record, organisation: str, before: Mapping[str, Record], after: Mapping[str, Record]) -> None:
    """Everything it hangs below must be the organisation's: as it says now, and as it was before."""
    if one.entity in _COMMON or one.values.get("link_type") == VETTED:
        raise _foreign(organisation, one.entity, one.id)
    for record, among in ((one, after), (before.get(one.id), before)):
        if record is not None and _owners(record, among, 0) != {organisation}:
            raise _foreign(organisation, one.entity, one.id)
    if one.id in before and before[one.id].entity != one.entity:
        raise _foreign(organisation, one.entity, one.id)


def _owners(one: Record, among: Mapping[str, Record], depth: int) -> set[str]:
    """The organisations a record hangs below; "" stands for nobody known."""
    if one.entity == "organization" or depth > _DEEPEST:
        return {one.id if one.entity == "organization" else ""}
    names = [*_ABOVE, *(["location_id"] if one.entity != "service_at_location" else [])]
    found = set[str]()
    for name in (name for name in names if name in one.values):
        above = among.get(str(one.values[name]))
        found |= _owners(above, among, depth + 1) if above is not None else {""}
    return found or {""}


def _service(one: Record, among: Mapping[str, Record], depth: int = 0) -> str:
    """The service a record hangs below, or "" ."""
    if one.entity == "service":
        return one.id
    for name in (name for name in _ABOVE if name in one.values and name != "organization_id"):
        above = among.get(str(one.values[name]))
        found = _service(above, among, depth + 1) if above is not None and depth < _DEEPEST else ""
        if found:
            return found
    return ""


def _foreign(organisation: str, entity: str, id: str) -> Refused:
    what = f"the organisation {organisation} may not sign for the {entity} {id[:40]}"
    return Refused(what, mend="ask the organisation; take its role back at the hub if it does not mend it")


def _read(layer: Layer) -> tuple[list[Record], list[Translation]]:
    if len(layer.untrusted) > LARGEST:
        raise BadInput("an organisation's layer too large", mend="sign fewer services")
    records, texts = list[Record](), list[Translation]()
    for number, line in enumerate(layer.untrusted.split(b"\n"), 1):
        if line:
            values = _parsed(line, number)
            entity = str(values.pop("e", None))
            if entity == "translation":
                texts.append(_translation(values, number))
            else:
                records.append(Record(entity, values))
                check(records[-1])
    if len({one.id for one in records}) != len(records):
        raise BadInput("an organisation's layer names one id twice", mend="sign it again")
    return records, texts


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput("not JSON", where=f"layer:{number}", mend="sign it again") from error
    if not isinstance(value, dict):
        raise BadInput("not a JSON object", where=f"layer:{number}", mend="sign it again")
    return value


def _translation(values: dict[str, Any], number: int) -> Translation:
    texts = ("of", "id", "field", "tag", "text", "source")
    whole = set(values) == {*texts, "machine"} and all(isinstance(values[name], str) for name in texts)
    if not whole or not isinstance(values["machine"], bool):  # anything else would break the store when it is built
        raise BadInput("a bad translation", where=f"layer:{number}", mend="sign it again")
    return Translation(values.pop("of"), **values)
