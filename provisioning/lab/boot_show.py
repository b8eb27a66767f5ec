"""W The rehearsal of an image as people see it: a demo brought up for its hub (or joined), a line a step, all taken down."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from appliance.config import SiteConfig
from appliance.errors import BadInput, CampboxError, NotSo
from provisioning.flash import personal
from provisioning.flash.image import Image
from provisioning.lab import card_place, fitness, keys, pace, places, qemu, vmbox
from provisioning.lab.camp import PROJECT, Camp
from provisioning.lab.commands import DEFAULT_SITE
from provisioning.lab.demo import TELEMETRY_PACE
from provisioning.lab.rehearsal import Rehearsal, Wanted


@dataclass(frozen=True)
class Asked:
    """What the command line asked for."""

    image: Path
    arch: str | None
    site: SiteConfig
    site_file: Path
    phones: int
    cuts: tuple[float, ...]
    state: Path | None
    patience: float
    log: Path | None
    as_json: bool


def run(asked: Asked) -> int:
    """The whole rehearsal; 0 when every step holds. Raises CampboxError when it cannot begin."""
    fitness.check_root()
    arch = asked.arch or arch_of(asked.image)
    if arch not in qemu.KINDS:
        raise BadInput(f"there is no computer of the kind {arch}", where="--arch", mend=f"choose {' or '.join(qemu.KINDS)}")
    vmbox.check(qemu.KINDS[arch])
    console = Console(stderr=asked.as_json, highlight=False, soft_wrap=True)

    def say(words: str) -> None:
        console.print(words, markup=False)

    with places.only_one(card_place.LOCK, "a rehearsal"), keys.listening():
        try:
            for left in card_place.sweep():
                say(f"cleared away what an earlier rehearsal left: {left}")
            with _hub(asked.state, say) as (state, tend):
                return _rehearse(asked, arch, state, tend, say)
        except (keys.Quit, KeyboardInterrupt):
            return 130


def _rehearse(asked: Asked, arch: str, state: dict[str, Any], tend: Callable[[], None], say: Callable[[str], None]) -> int:
    wanted = Wanted(asked.image, arch, asked.site, asked.site_file, asked.phones, asked.cuts, asked.patience)
    rehearsal = Rehearsal(wanted, state, _environment(), tend, lambda step: say(step.line()))
    try:
        holds = rehearsal.run()
        if asked.as_json:
            print(json.dumps(rehearsal.report(), ensure_ascii=False))
        return 0 if holds else 1
    finally:
        with keys.undisturbed():
            _keep(card_place.FOLDER / "console.log", asked.log)
            rehearsal.down()


@contextmanager
def _hub(state: Path | None, say: Callable[[str], None]) -> Iterator[tuple[dict[str, Any], Callable[[], None]]]:
    """A demo's state and what looks after it: the one that wrote ``state``, else one of our own without phones."""
    if state is not None:
        yield _read_state(state), lambda: None
        return
    os.environ.setdefault(TELEMETRY_PACE, "5")
    with places.only_one():
        for left in places.sweep():
            say(f"cleared away what an earlier demo left: {left}")
        camp = Camp(DEFAULT_SITE.read_text("utf-8"), str(DEFAULT_SITE), 0, say=say)
        try:
            fitness.check()
            camp.up()
            yield camp.describe(), camp.tick
        finally:
            with keys.undisturbed():
                say("taking everything down")
                camp.down()


def _read_state(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        mend = "start ./campbox demo --state FILE and wait until everybody is here"
        raise BadInput("no demo's state file", where=str(file), mend=mend) from error
    if not isinstance(found, dict) or not {"hub", "hub_url", "hub_user", "hub_password", "internet"} <= found.keys():
        raise BadInput("no demo's state file", where=str(file), mend="name what ./campbox demo --state wrote")
    return found


def arch_of(image: Path) -> str:
    """Which computer an image says it is for. Raises BadInput."""
    opened = Image(image)
    try:
        return personal.parse_manifest(opened.get(personal.MANIFEST)).arch
    except CampboxError as error:
        error.where = error.where or str(image)
        raise
    finally:
        opened.close()


def _keep(log: Path, to: Path | None) -> None:
    if to is not None and log.exists():
        try:
            shutil.copyfile(log, to)
        except OSError as error:
            raise NotSo(
                f"cannot keep the console: {error.strerror}", where=str(to), mend="name a file in a folder of yours"
            ) from error


def _environment() -> dict[str, str]:
    """For the lab's own processes."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", **pace.told()}
