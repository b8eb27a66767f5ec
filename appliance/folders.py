"""E The folders of one place, each with its owner, made at a start by root; what was half written is cleared away."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from appliance import boot
from appliance.errors import NotSo
from appliance.files import make_folder, sweep
from appliance.layout import Layout
from appliance.services import Service

log = logging.getLogger(__name__)
_PLAIN, _KEPT, _OPEN = 0o755, 0o750, 0o1777


def prepare(layout: Layout, table: Iterable[Service]) -> None:
    """Everything that the services of ``table`` find there.

    What a disk refuses costs the service whose folder it is, which says so itself; ``run`` is RAM, and without it there is no place
    at all. Raises NotSo.
    """
    for folder in (layout.run, layout.conf):
        make_folder(folder, _PLAIN)
    make_folder(layout.facts_dir, _OPEN)
    for folder in (layout.etc, layout.data, layout.log):
        if not os.path.isdir(folder):  # one that is there may have been given another mode on purpose
            _tried(folder, _PLAIN)
    boot.make(layout)
    for service in table:
        make_folder(layout.service_run(service.name), _PLAIN, (service.uid, service.uid))
        for name in service.owns:
            _tried(layout.service_data(name), _KEPT, (service.uid, service.uid))
            sweep(layout.service_data(name))


def _tried(folder: Path, mode: int, owner: tuple[int, int] | None = None) -> None:
    try:
        make_folder(folder, mode, owner)
    except NotSo as error:
        log.error("%s", error)
