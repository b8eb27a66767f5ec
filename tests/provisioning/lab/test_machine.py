"""What of this machine's settings a fresh one is given."""

from __future__ import annotations

import pytest

from provisioning.lab.machine import paths_in


@pytest.mark.parametrize(
    "settings, paths",
    [
        ("[global]\nindex-url = https://pypi.example/simple/\ntimeout = 180\n", set()),
        ("[global]\nfind-links = /srv/wheels\n", {"/srv/wheels"}),
        ("find-links=/srv/wheels /srv/more/", {"/srv/wheels", "/srv/more"}),
        ("extra-index-url =\n    file:///srv/pypi/simple\n    https://pypi.example/simple", {"/srv/pypi"}),
        ("/etc/ssl/certs/ca-certificates.crt", {"/etc/ssl/certs/ca-certificates.crt"}),
        ("cert = '/etc/office.crt'", {"/etc/office.crt"}),
        ("a/b c//d http://host/path", set()),
    ],
)
def test_folders_and_files_that_pip_is_told_of_here_are_found(settings: str, paths: set[str]) -> None:
    assert paths_in(settings) == paths
