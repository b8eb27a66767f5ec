"""W Publishing at the hub: an import becomes a signed snapshot that boxes fetch."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance import clock
from appliance.errors import NotSo, Refused
from appliance.files import make_folder, read_json, sweep, write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.services import USERS
from content_cache import snapshot
from content_cache.lean_restore import restore
from content_cache.publish import delegates, desk_file, history, journal, keys
from content_cache.publish.delegates import Delegate
from content_cache.publish.edition import edition
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.services_advisor import import_files
from content_cache.publish.signing import Published, SignedRepository, lock
from content_cache.snapshot import Catalogue, Header

SAMPLE = Path(__file__).resolve().parent / "sample" / "services.json"


@dataclass(frozen=True)
class Place:
    """Where a hub keeps what it publishes."""

    folder: Path

    @classmethod
    def of(cls, layout: Layout) -> Place:
        """Of the hub with this layout."""
        return cls(layout.service_data("hub") / "publish")

    @property
    def keys(self) -> Path:
        """Private keys."""
        return self.folder / "keys"

    @property
    def repository(self) -> Path:
        """What nginx serves at /catalogue/: ``metadata`` and ``targets``."""
        return self.folder / "repository"

    @property
    def history(self) -> Path:
        """What patches are made from."""
        return self.folder / "history"

    @property
    def journal(self) -> Path:
        """What each version was."""
        return self.folder / "versions.json"

    @property
    def report(self) -> Path:
        """The report of the import that is published."""
        return self.folder / "report.json"


def prepare(layout: Layout, hub_config: HubConfig) -> None:
    """Make keys and an empty signed repository where there are none; renew what grows old. Called at every start of a hub."""
    ensure(layout)


def ensure(layout: Layout) -> None:
    """As ``prepare``. Run as root, files are given to the hub's user."""
    place = Place.of(layout)
    make_folder(place.folder)
    sweep(place.folder)
    with lock(place.folder / "lock"):
        repository = _repository(place)
        keys.ensure(place.keys, begun=repository.newest("root") is not None)
        repository.begin()
        current = repository.current()
        if current is not None and "snapshot" not in current.custom:
            # Published by an earlier version, in a form that boxes no longer read.
            _sign(place, snapshot.read(_canonical(repository)))
    give_to_hub(layout)


def _repository(place: Place, drawers: Sequence[Path] = ()) -> SignedRepository:
    return SignedRepository(place.repository, place.keys, now(), drawers)


def _canonical(repository: SignedRepository) -> bytes:
    return restore(snapshot.unpack(repository.read_current()))


@contextmanager
def opened(layout: Layout, drawers: Sequence[Path] = ()) -> Iterator[SignedRepository]:
    """The repository, for nobody else meanwhile; its files are the hub's afterwards. Raises NotSo where there is none."""
    place = Place.of(layout)
    if not (place.repository / "metadata" / "timestamp.json").exists():
        raise NotSo("no catalogue has been published", where=str(place.repository), mend="campbox catalogue import")
    ensure(layout)
    with lock(place.folder / "lock"):
        yield _repository(place, drawers)
    give_to_hub(layout)


def _stamp() -> str:
    return now().strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime.datetime:
    """UTC."""
    return datetime.datetime.fromtimestamp(clock.now().wall, datetime.UTC)


def give_to_hub(layout: Layout) -> None:
    """When root: the hub's user owns everything below ``publish``; folders of the repository stay readable for the front.

    Raises NotSo.
    """
    if os.geteuid() != 0:
        return
    uid = USERS["campbox-hub"]
    top = Place.of(layout).folder
    try:
        for path in [top.parent, top, *top.rglob("*")]:
            if path.lstat().st_uid != uid:  # a disk that refuses is asked for nothing it need not do
                os.chown(path, uid, uid, follow_symlinks=False)
    except OSError as error:
        raise NotSo(f"cannot give it to the hub: {error.strerror}", where=str(top), mend="mend its permissions") from error


def publish(layout: Layout, imported: Imported, *, site: str, timezone: str) -> Published:
    """Sign and publish an import; its report is kept beside. Raises Refused when its sums do not agree or it is empty."""
    if not imported.report.agrees():
        raise Refused(
            "the import report does not account for every record", mend="tell the makers: this is a fault of the importer"
        )
    if not any(record.entity == "service" for record in imported.records):
        raise Refused("the import holds no service", mend="the same import with --check says what became of each record")
    header = Header(
        site, _stamp(), imported.language, imported.languages, timezone, imported.source, imported.sample, imported.licence
    )
    ensure(layout)
    place = Place.of(layout)
    try:
        with desk_file.alone(layout), lock(place.folder / "lock"):
            done = _sign(place, desk_file.corrected(layout, Catalogue(header, imported.records, imported.translations)))
            write_json(place.report, {"serial": done.serial, "published": header.date, **imported.report.as_json()}, mode=0o640)
    finally:
        give_to_hub(layout)  # the desk's lock too, which root may have made just now
    return done


def republish(layout: Layout, change: Callable[[Catalogue], Catalogue]) -> Published:
    """Sign and publish the current catalogue once more, changed. Raises NotSo when there is none."""
    place = Place.of(layout)
    with lock(place.folder / "lock"):
        changed = change(snapshot.read(_canonical(_repository(place))))
        done = _sign(place, replace(changed, header=replace(changed.header, date=_stamp())))
    give_to_hub(layout)
    return done


def put(layout: Layout, name: str, content: bytes, custom: dict[str, Any]) -> None:
    """Sign and publish one small target beside the catalogue."""
    ensure(layout)
    place = Place.of(layout)
    with lock(place.folder / "lock"):
        _repository(place).put(name, content, custom)
    give_to_hub(layout)


def _sign(place: Place, catalogue: Catalogue) -> Published:
    repository, bases = _repository(place), history.bases(place.history)
    before = repository.current()
    serial = max(before.serial if before else 0, *bases, 0) + 1
    made = edition(catalogue, snapshot.write(catalogue), serial, bases)
    history.keep(place.history, serial, made.lean)
    published = repository.publish(made.files)
    journal.note(place.journal, made.files)
    return published


def publish_services_advisor(
    layout: Layout, files: Mapping[str, bytes], *, site: str, timezone: str, country: str
) -> tuple[Imported, Published]:
    """Publish Services Advisor files, language tag -> content."""
    imported = import_files(files, country=country)
    return imported, publish(layout, imported, site=site, timezone=timezone)


def current(layout: Layout) -> Published | None:
    """What is published now, or None."""
    place = Place.of(layout)
    return _repository(place).current() if (place.repository / "metadata" / "timestamp.json").exists() else None


def root_ends(layout: Layout) -> datetime.datetime | None:
    """When the root's signatures end; None where nothing was published yet."""
    place = Place.of(layout)
    if not (place.repository / "metadata" / "timestamp.json").exists():
        return None
    ends: datetime.datetime = _repository(place).root().expires
    return ends


def read_current(layout: Layout) -> bytes:
    """The published snapshot, unpacked. Raises NotSo when there is none."""
    return _canonical(_repository(Place.of(layout)))


def editions(layout: Layout) -> list[dict[str, Any]]:
    """What each of the last versions was, the newest first."""
    return journal.read(Place.of(layout).journal)


def roles(layout: Layout) -> list[Delegate]:
    """Which organisations may sign for their own services."""
    place = Place.of(layout)
    return delegates.standing(_repository(place)) if (place.repository / "metadata" / "timestamp.json").exists() else []


def report(layout: Layout) -> dict[str, Any]:
    """The report of the published import, or an empty one."""
    kept = read_json(Place.of(layout).report)
    return kept if isinstance(kept, dict) else {}
