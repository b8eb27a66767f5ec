"""W A plain nginx beside the box's own, with nothing but what is compared: what anybody would use instead."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.run import find_program
from provisioning.bench.camp import Camp

PORT = 8098
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextlib.contextmanager
def plain_nginx(running: Camp, html: str = "") -> Iterator[str]:
    """nginx as Debian ships it, two workers, no log; gives the address of ``/page.html``, which is ``html``.

    ``/generate_204`` beside it leads to the portal with a 302, as a captive probe is answered.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "page.html").write_text(html, encoding="utf-8")
        (folder / "nginx.conf").write_text(_configuration(folder))
        nginx = running.box.spawn([find_program("nginx"), "-c", f"{folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"])
        try:
            running.await_port(PORT)
            # The gate refuses what is no port of the box; it writes its rules anew when it starts.
            running.box.run("nft", "insert", "rule", "inet", "campbox", "box_from_lan", "tcp", "dport", str(PORT), "accept")
            yield f"http://{running.gateway}:{PORT}"
        finally:
            nginx.terminate()
            nginx.wait(10)


def _configuration(folder: Path) -> str:
    temporary = "".join(f'{kind}_temp_path "{folder}/{kind}"; ' for kind in _TEMPORARY)
    return f"""\
pid "{folder}/pid"; worker_processes 2; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    {temporary}
    access_log off; default_type text/html; sendfile on; open_file_cache max=10;
    server {{
        listen {PORT} backlog=4096;
        root "{folder}";
        location = /generate_204 {{ add_header Cache-Control no-store always; return 302 http://camp.internal/; }}
    }}
}}
"""
