"""W The demo's hub: prepared by every package's own step, filled with a catalogue, started from the service table."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from appliance.config import SiteConfig
from appliance.errors import CommandFailed
from appliance.files import read_json, write_atomically, write_json
from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from appliance.prepare import write_configuration
from appliance.run import spawn
from appliance.services import services
from appliance.supervisor import Supervisor
from provisioning.authority import desk
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient

REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "jordan"
"""The real catalogue, where it stands beside the project; else the invented sample is shown, and says so on every page."""
REAL_FILES = {"en": "services.json", "ar": "services_ar.json"}


PASSWORD_VARIABLE = "CAMPBOX_HUB_PASSWORD"


def config_text(host: str) -> str:
    """The demo's hub: reached by its name from boxes, and through loopback from this machine."""
    return f"""\
host = "{host}"
also_known_as = ["127.0.0.1", "localhost", "{plan.HUB4.ip}", "{plan.HUB6.ip}"]
demo = true
"""


class HubPlace:
    """A hub in the namespace ``campbox-hub``."""

    def __init__(self, layout: Layout, namespace: Namespace, host: str, python: str, on_change: Callable[[], None]) -> None:
        self.layout, self.namespace, self.python, self.text = layout, namespace, python, config_text(host)
        self.config: HubConfig = parse_hub(self.text, "the demo's hub")
        self.sample = not REAL_DATA.is_dir()
        self.importing: subprocess.Popen[bytes] | None = None
        self.login = ("", secrets.token_urlsafe(12))
        self.supervisor = Supervisor(services("hub"), layout, python=python, enter=namespace.enter, on_change=on_change)

    def up(self, site: SiteConfig) -> None:
        """Everything a hub needs, then its services; meanwhile a catalogue for ``site`` is imported (``finish_import``)."""
        self.supervisor.prepare()
        write_atomically(self.layout.hub_config_file, self.text)
        self._prepare()
        write_configuration("campbox.hub_files", self.config, self.layout)
        self._begin_import(site)
        self.supervisor.start()

    def write_ticket(self, site: SiteConfig, file: Path) -> None:
        """The identity file that a technician would put onto the card."""
        port = self.config.https_port
        ticket = desk.make_ticket(
            self.layout, box=site.site.id, site=site.site.id, host=self.config.host, port=port, now=time.time()
        )  # fmt: skip
        write_json(file, ticket, 0o600)

    def finish_import(self) -> None:
        """Wait until the catalogue is published. Raises CommandFailed when it cannot be."""
        assert self.importing is not None
        said, _ = self.importing.communicate(timeout=patient(120))
        if self.importing.returncode != 0:
            words = said.decode(errors="replace").strip().splitlines()
            raise CommandFailed(words[-1] if words else "it said nothing", where="campbox catalogue import")

    def publish_again(self, site: SiteConfig) -> None:
        """The same catalogue once more, as a new edition. Raises CommandFailed."""
        self._begin_import(site)
        self.finish_import()

    def stop(self) -> None:
        """End everything."""
        if self.importing is not None and self.importing.poll() is None:
            self.importing.kill()
            self.importing.wait()
        self.supervisor.stop()

    def _begin_import(self, site: SiteConfig) -> None:
        """Import and publish, as an editor does."""
        files = [f"--file={tag}={REAL_DATA}/{name}" for tag, name in REAL_FILES.items()]
        source = ["--format=sample"] if self.sample or site.catalogue.sample else ["--format=services-advisor", *files]
        place = [f"--site={site.site.id}", f"--timezone={site.site.timezone}", f"--country={site.site.country}"]
        environment = {**os.environ, **self.layout.environment(), "PYTHONPATH": str(self.layout.code)}
        place.append(f"--hub-root={self.layout.etc.parent}")
        command = [self.python, "-m", "appliance.cli", "catalogue", "import", *source, *place]
        said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.importing = spawn(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, **said)

    def _prepare(self) -> None:
        """Every package's own step; the operator's password is ours, so that the demo can show it."""
        os.environ[PASSWORD_VARIABLE] = self.login[1]
        try:
            for entry in sorted(entry_points(group="campbox.hub_prepare"), key=lambda e: e.name):
                entry.load()(self.layout, self.config)
        finally:
            del os.environ[PASSWORD_VARIABLE]
        account = read_json(self.layout.data / "hub" / "admin.json") or {}
        self.login = (str(account.get("user", "")), self.login[1])
