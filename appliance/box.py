"""W Puts one box together: folders, generated configuration, identity, then the service table under a supervisor.

``campbox box up``, the demo and the unit ``campbox-prepare`` all come through here; the demo only supplies ``enter``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, CampboxError, ConfigError, NotSo
from appliance.files import make_folder, read_json, write_atomically, write_json
from appliance.layout import Layout
from appliance.preflight import Facts, Found, look
from appliance.prepare import write_configuration
from appliance.run import run
from appliance.services import USERS, services
from appliance.supervisor import Supervisor

log = logging.getLogger(__name__)
CODE = Path(__file__).resolve().parent.parent
"""The project itself."""
_OPEN, _FOR_FRONT = 0o644, 0o640


def assemble(config: SiteConfig, layout: Layout, *, python: str = sys.executable, enter: Sequence[str] = ()) -> Supervisor:
    """Prepare everything a box needs and return its supervisor, not yet started. Run as root.

    The site file must stand at ``layout.config_file`` (``put_site_file``), and the identity file, where the box has a hub,
    at ``layout.identity_file``. ``enter`` goes before every command (``ip netns exec NAME``).
    """
    config = with_what_tls_there_is(config, layout)
    access, hub = config.access, has_hub(config, layout)
    table = services("box", radio=config.radio is not None, hub=hub, garden=bool(access.garden), api=access.api_name is not None)
    supervisor = Supervisor(table, layout, python=python, enter=enter)
    supervisor.prepare()
    write_configuration("campbox.files", config, layout)
    for prepare in (prepare_identity, prepare_certificate):
        try:
            prepare(layout)
        except CampboxError as error:  # it costs the hub, or HTTPS: people are online without either
            log.error("%s", error)
    return supervisor


def with_what_tls_there_is(config: SiteConfig, layout: Layout) -> SiteConfig:
    """Without the public name where its certificate cannot be served: nginx would not start, and nobody could tap."""
    if config.access.api_name is None:
        return config
    import ssl  # no other box needs it here

    folder = layout.etc / "tls"
    try:
        # As nginx reads them; a key with a password is none that a box can open.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / "cert.pem", folder / "key.pem", lambda: b"")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        mend = "put a certificate and the key that fits it there, and start the box again"
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        log.error("%s", NotSo(f"HTTPS is not served: {why}", where=str(folder), mend=mend))
        return replace(config, access=replace(config.access, api_name=None))
    return config


def has_hub(config: SiteConfig, layout: Layout) -> bool:
    """Whether this box reports to a hub: the site file names one and an identity was put beside it."""
    return config.hub is not None and layout.identity_file.exists()


def put_site_file(text: str, layout: Layout, file: str) -> SiteConfig:
    """Check a site file and put it where every service reads it; ``file`` is for messages. Raises ConfigError."""
    config = parse(text, file)
    make_folder(layout.etc)
    write_atomically(layout.config_file, text)
    return config


def refuse_sample(config: SiteConfig, file: str) -> None:
    """Only the demo shows invented content. Raises ConfigError."""
    if config.catalogue.sample:
        mend = "invented content is for the demo: remove sample = true"
        raise ConfigError("sample = true outside the demo", where=f"{file}: [catalogue]", mend=mend)


def prepare_identity(layout: Layout) -> None:
    """Hand the enrolment token to the agent and leave the rest of the identity file, which is no secret, readable.

    The agent cannot replace files in ``layout.etc``, so the token moves into its own folder, where it can delete it. The token
    is written there before it leaves the identity file: a power cut in between only repeats the move. Nothing is written
    where it is so already: a box starts on a card that has become read-only. Raises NotSo, BadInput.
    """
    identity = read_json(layout.identity_file)
    if identity is None:
        return
    if not isinstance(identity, dict):
        raise BadInput("not an identity", where=str(layout.identity_file), mend="make it anew with campbox enrol ticket")
    uid = USERS["campbox-telemetry"]
    make_folder(layout.identity_dir, 0o750, (uid, uid))
    token = identity.pop("token", None)
    if token is not None:
        write_atomically(layout.identity_dir / "token", f"{token}\n", 0o600, (uid, uid))
    if token is not None or layout.identity_file.stat().st_mode & 0o777 != _OPEN:
        write_json(layout.identity_file, identity, _OPEN)


def prepare_certificate(layout: Layout) -> None:
    """The site's own TLS key, where it has one, is for root and the front alone. Raises NotSo."""
    key = layout.etc / "tls" / "key.pem"
    try:
        if not key.exists():
            return
        is_so, owner = key.stat(), (0, USERS["campbox-front"])
        if (is_so.st_uid, is_so.st_gid) != owner:
            os.chown(key, *owner)
        if is_so.st_mode & 0o7777 != _FOR_FRONT:
            key.chmod(_FOR_FRONT)
    except OSError as error:
        mend = "make its folder writable; until then anybody's rights on it are as they were"
        raise NotSo(f"cannot be given to the front: {error.strerror}", where=str(key), mend=mend) from error


def preflight(
    config: SiteConfig, layout: Layout, site_file: Path, *, python: str = sys.executable, enter: Sequence[str] = ()
) -> Found:
    """What stands in the way of starting this box, in the place that ``enter`` leads to. Changes nothing."""
    told = run([*enter, python, "-m", "appliance.preflight_facts", str(site_file)], env=_environment(layout))
    return look(config, Facts.from_json(json.loads(told.stdout)))


def _environment(layout: Layout) -> dict[str, str]:
    """What a helper of ours that is run as root needs."""
    return {
        **layout.environment(),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(CODE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }


def main() -> int:
    """Root's part of a start under systemd (``campbox-prepare.service``): all of ``assemble``, nothing is started."""
    layout = Layout.from_environment(os.environ, CODE)
    try:
        assemble(parse(layout.config_file.read_text("utf-8"), str(layout.config_file)), layout)
    except CampboxError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
