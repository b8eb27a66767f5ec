"""P Where one place (a box or a hub) keeps its files: the only module that knows directory names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {"etc": "CAMPBOX_ETC", "run": "CAMPBOX_RUN", "data": "CAMPBOX_DATA", "log": "CAMPBOX_LOG", "code": "CAMPBOX_CODE"}


@dataclass(frozen=True)
class Layout:
    """Directories of one place.

    ``etc`` configuration (read-only to services), ``run`` sockets and generated configuration (RAM, gone at reboot),
    ``data`` what must survive (one folder a service, owned by its user), ``log`` one file a service, ``code`` the project.
    """

    etc: Path
    run: Path
    data: Path
    log: Path
    code: Path

    @classmethod
    def under(cls, root: Path, code: Path) -> Layout:
        """Everything below one folder, as in the demo."""
        return cls(etc=root / "etc", run=root / "run", data=root / "data", log=root / "data" / "log", code=code)

    @classmethod
    def system(cls, code: Path) -> Layout:
        """The places of the Filesystem Hierarchy Standard 3.0, as on a Pi."""
        return cls(Path("/etc/campbox"), Path("/run/campbox"), Path("/var/lib/campbox"), Path("/var/log/campbox"), code)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], code: Path) -> Layout:
        """What the supervisor or the unit told a service through ``CAMPBOX_ETC`` and its sisters; else the system's."""
        standard = cls.system(code)
        return cls(**{field: Path(environment.get(name, getattr(standard, field))) for field, name in _ENVIRONMENT.items()})

    def environment(self) -> dict[str, str]:
        """The variables that carry this layout to a service."""
        return {name: str(getattr(self, field)) for field, name in _ENVIRONMENT.items()}

    @property
    def config_file(self) -> Path:
        """The site file of a box."""
        return self.etc / "campbox.toml"

    @property
    def hub_config_file(self) -> Path:
        """The configuration of a hub."""
        return self.etc / "hub.toml"

    @property
    def identity_file(self) -> Path:
        """Who this box is: id, site, hub address and pin, and until it is used the token."""
        return self.etc / "identity.json"

    @property
    def identity_dir(self) -> Path:
        """The box's own key, its certificate and what enrolment brought: ``key.pem cert.pem ca.pem mqtt.json root.json``."""
        return self.data / "identity"

    @property
    def boot_id_file(self) -> Path:
        """A random id made anew at every boot (``run`` is RAM): tells a restart of a daemon from a reboot."""
        return self.run / "boot-id"

    @property
    def conf(self) -> Path:
        """Generated configuration of nginx, dnsmasq, hostapd, mosquitto."""
        return self.run / "conf"

    @property
    def facts_dir(self) -> Path:
        """One JSON file a service, telling telemetry and status pages what it knows; never anything about people."""
        return self.run / "facts"

    def service_run(self, service: str) -> Path:
        """Sockets and passing files of one service."""
        return self.run / service

    def service_data(self, user_folder: str) -> Path:
        """State of one service (or of the few that share a user)."""
        return self.data / user_folder

    def socket(self, service: str) -> Path:
        """The Unix socket a service listens on."""
        return self.run / service / f"{service}.sock"

    def facts(self, service: str) -> Path:
        """Where a service puts its facts."""
        return self.facts_dir / f"{service}.json"
