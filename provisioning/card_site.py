"""P What no card can bring, and therefore no site file of a card may ask for."""

from __future__ import annotations

from appliance.config import SiteConfig
from appliance.errors import ConfigError


def refuse_public_name(config: SiteConfig, file: str) -> None:
    """A certificate put to /etc of an image is gone at the next start, and without one its front does not. Raises ConfigError."""
    if config.access.api_name is not None:
        what = "a public name needs a certificate, which a card does not bring"
        raise ConfigError(what, where=f"{file}: [access]", mend="remove api_name, or use box install (docs/air.md)")
