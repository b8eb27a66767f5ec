"""W The whole catalogue as one file below /hsds: catalogue.json, catalogue.zip (CSV package), catalogue.hxl.csv."""

from __future__ import annotations

import logging
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import flask
from werkzeug.wrappers import Response

from appliance.errors import NotSo
from appliance.files import make_folder, replacing, sweep
from content_cache import open_formats
from content_cache.catalogue_records import Records
from content_cache.catalogue_store import Store
from content_cache.hsds import ENTITIES

log = logging.getLogger(__name__)
FOLDER = "downloads"
TYPES = {"catalogue.json": "application/json", "catalogue.zip": "application/zip", "catalogue.hxl.csv": "text/csv; charset=utf-8"}

_Write = Callable[[IO[bytes], dict[str, Any]], None]


def register(app: flask.Flask, store: Store) -> None:
    """Add the three files to ``app``. Each is made when first asked for, once an edition, and then sent from disk."""
    records, busy = Records(store), threading.Lock()
    sweep(store.path.parent / FOLDER)
    writers: dict[str, _Write] = {
        "catalogue.json": lambda file, header: _text(file, _json(records, header)),
        "catalogue.zip": lambda file, header: _package(file, records, header),
        "catalogue.hxl.csv": lambda file, header: _text(file, open_formats.as_hxl(header, records.services())),
    }

    def download(name: str) -> Response:
        """One file; 404 while there is no catalogue, 503 when there is no room for it."""
        said = store.about()
        if said is None:
            flask.abort(404)
        folder = store.path.parent / FOLDER
        # The serial alone does not name an edition: an organisation's new layer changes what is stored under the same one.
        path = folder / f"{said.serial}-{said.sha256[:16]}.{name}"
        try:
            with busy:
                if not path.exists():
                    _make(path, dict(said.header), _whole(store, writers[name]))
        except (OSError, NotSo) as error:
            log.warning("%s is not there to be fetched: %s", name, error)
            flask.abort(503)
        answer = flask.send_file(path, mimetype=TYPES[name], download_name=name, as_attachment=True, conditional=True, max_age=300)
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    app.add_url_rule("/hsds/<any('catalogue.json', 'catalogue.zip', 'catalogue.hxl.csv'):name>", "hsds_download", download)


def _whole(store: Store, write: _Write) -> _Write:
    """The same, which raises NotSo where it came to a damaged row and ended early."""

    def checked(file: IO[bytes], header: dict[str, Any]) -> None:
        write(file, header)
        if store.generation() is None:
            raise NotSo("the catalogue is damaged", where=str(store.path), mend="it is built anew at the next look")

    return checked


def _make(path: Path, header: dict[str, Any], write: _Write) -> None:
    """Written beside, flushed and renamed; those of older editions go."""
    make_folder(path.parent)
    with replacing(path) as file:
        write(file, header)
    edition = path.name.partition(".")[0]
    for old in path.parent.iterdir():
        if not old.name.startswith((f"{edition}.", ".")):
            old.unlink(missing_ok=True)


def _text(file: IO[bytes], pieces: Iterator[str]) -> None:
    file.writelines(piece.encode() for piece in pieces)


def _json(records: Records, header: dict[str, Any]) -> Iterator[str]:
    return open_formats.as_json(header, {entity: records.every(entity) for entity in ENTITIES}, records.translations())


def _package(to: IO[bytes], records: Records, header: dict[str, Any]) -> None:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("datapackage.json", open_formats.datapackage(header, ENTITIES))
        tables = {open_formats.table_name(one): (open_formats.columns_of(one), records.every(one)) for one in ENTITIES}
        tables["translations.csv"] = (list(open_formats.TRANSLATION), records.translations())
        for name, (columns, rows) in tables.items():
            with packed.open(name, "w") as file:
                for piece in open_formats.as_csv(columns, rows):
                    file.write(piece.encode())
