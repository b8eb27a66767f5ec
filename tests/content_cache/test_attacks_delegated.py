"""Attacks by organisations that sign for themselves, and on them: each is believed in what is its own, and in nothing else."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile

from content_cache import layers
from content_cache.catalogue_store import FILE, Store
from content_cache.publish import delegation
from tests.content_cache.signed_place import NOW, Hub, key_of, resign, with_layer
from tests.content_cache.test_layers import OWN, SCHOOL, clinic


def test_an_organisations_own_word_reaches_the_box(tmp_path: Path) -> None:
    hub, box, _ = with_layer(tmp_path)
    service = Store(box.layout.service_data("content") / FILE).service(clinic()["id"])
    assert service is not None and service.document["alert"] == "Closed today"
    assert box.look()["state"] == "current"
    delegation.withdraw(hub.at(), OWN)
    assert box.look()["state"] == "updated"


def _forge(hub: Hub, key: CryptoSigner, content: bytes, name: str = "") -> None:
    """What a dishonest hub or organisation could do: sign it past every check of the hub's."""
    repository, role = hub.at(), hub.at().delegated[0]
    later = NOW + datetime.timedelta(hours=2)
    signed: Metadata[Any] = Metadata.from_bytes(delegation.sign(OWN, content, key, later))
    target = signed.signed.targets.pop(layers.target(OWN))
    signed.signed.targets[name or layers.target(OWN)] = target
    signed.sign(key)
    path = repository.file(name or layers.target(OWN), target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    repository.write(role, signed)
    repository.close_edit()


def test_a_delegated_role_signing_anothers_services_is_refused_by_the_box(tmp_path: Path) -> None:
    hub, box, key = with_layer(tmp_path)
    _forge(hub, key, (json.dumps(clinic(id=SCHOOL, name="Closed for ever")) + "\n").encode())
    told = box.look()
    assert told["state"] == "refused" and f"organisation {OWN} may not sign for the service {SCHOOL}" in told["why"]
    school = Store(box.layout.service_data("content") / FILE).service(SCHOOL)
    assert school is not None and school.document["name"] == "School" and box.services == 2


def test_a_delegated_role_cannot_sign_a_catalogue(tmp_path: Path) -> None:
    hub, box, key = with_layer(tmp_path)
    _forge(hub, key, hub.target().read_bytes(), "catalogue-99.zst")
    told = box.look()
    assert told["version"] == 1 and box.services == 2


def test_a_delegated_role_signed_by_another_key_is_refused(tmp_path: Path) -> None:
    hub, box, _ = with_layer(tmp_path)
    _forge(hub, CryptoSigner.generate_ed25519(), b"\n")
    told = box.look()
    assert told["state"] == "refused" and "signature" in told["why"] and box.services == 2


def test_an_organisations_older_word_is_refused(tmp_path: Path) -> None:
    hub, box, _ = with_layer(tmp_path)
    role = hub.at().delegated[0]

    def back(signed: Any) -> None:
        signed.meta[f"{role}.json"] = MetaFile(1)
        signed.version += 1

    repository = hub.at()
    path = hub.folder / "metadata" / f"{repository.snapshot().version + 1}.snapshot.json"
    shutil.copy(hub.newest("snapshot"), path)
    resign(hub, path, back, key_of(hub, "snapshot"))
    hub.at().do_timestamp()
    told = box.look()
    assert told["state"] == "refused" and "rollback" in told["why"] and box.services == 2
