"""W Writes every anonymous page in every language once, for the front to serve by itself: ``python -m captive_portal.prerender``.

A dead portal still welcomes everybody, in any language, also when nobody has come by before it died.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import flask.testing

from appliance import config as site_file
from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.files import write_atomically
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.web.languages import offered
from captive_portal import aloud
from captive_portal.app import PROJECT, create_app
from captive_portal.front_site import PRERENDERED

RESTING = "resting"


def pages(config: SiteConfig, layout: Layout, app: flask.Flask | None = None) -> Iterator[tuple[Path, bytes]]:
    """Each file below the folder of pages, with its content. Raises NotSo when a page cannot be made."""
    client = (app or create_app(config, layout, gate=lambda request: {"ok": False, "why": "bad-request"})).test_client()
    yield Path("index.html"), _body(client, "/", 200)
    for language in offered(config):
        for page in PRERENDERED:
            yield Path(language.tag, f"{page or 'index'}.html"), _body(client, f"/{language.tag}/{page}", 200)
        yield Path(language.tag, f"{RESTING}.html"), _body(client, f"/{language.tag}/{RESTING}", 503)


def write(config: SiteConfig, layout: Layout, app: flask.Flask | None = None) -> int:
    """Write those that are new or have changed, each also compressed, and return how many. ``app`` is a portal that runs already.

    Raises NotSo.
    """
    count = 0
    for relative, content in pages(config, layout, app):
        path = layout.service_run("pages") / relative
        path.parent.mkdir(mode=0o755, exist_ok=True)
        if path.exists() and path.read_bytes() == content:
            continue
        # The compressed one first: a kill between the two is mended, as the plain one still differs.
        write_atomically(path.with_name(f"{path.name}.gz"), gzip.compress(content, 9, mtime=0))
        write_atomically(path, content)
        count += 1
    link_voices(config, layout)
    return count


def link_voices(config: SiteConfig, layout: Layout) -> None:
    """Let the front find what is read aloud; the files stay where they are, not in RAM a second time."""
    for language in offered(config):
        for page in aloud.PAGES:
            recording = aloud.find(layout.code, language, page)
            for ending in aloud.FORMATS:
                link = layout.service_run("pages") / "voice" / language.tag / f"{page}.{ending}"
                link.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                if recording is not None:
                    link.symlink_to(recording.file(ending))


def _body(client: flask.testing.FlaskClient, address: str, expected: int) -> bytes:
    answer = client.get(address, headers={"Host": "localhost"})
    if answer.status_code != expected:
        raise NotSo(f"the page gives {answer.status_code}", where=address, mend="run campbox test fast to see why")
    content: bytes = answer.data
    return content


def main() -> None:
    """Read the site file of this place and write its pages."""
    start_logging()
    layout = Layout.from_environment(os.environ, PROJECT)
    write(site_file.parse(layout.config_file.read_text(), str(layout.config_file)), layout)


if __name__ == "__main__":
    main()
