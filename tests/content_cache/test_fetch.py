"""What a card does not give back of the metadata it has just taken."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import NotSo
from content_cache.fetch import Source
from tests.content_cache.signed_place import Hub, Wire


@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE])
def test_r7_stored_metadata_that_cannot_be_read_back_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    hub = Hub(tmp_path)
    hub.publish(2)
    root = (hub.folder / "metadata" / "1.root.json").read_bytes()
    source, opened = Source(Wire(hub.folder), root, tmp_path / "kept"), io.open

    def refuse(path: Any, *more: Any, **named: Any) -> Any:
        if Path(str(path)).name == "targets.json" and (tmp_path / "kept").as_posix() in str(path):
            raise OSError(code, os.strerror(code))
        return opened(path, *more, **named)

    source.updater.refresh()
    monkeypatch.setattr(source.updater, "refresh", lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(io, "open", refuse)
        patch.setattr("builtins.open", refuse)
        with pytest.raises(NotSo, match=os.strerror(code)):
            source.offer()
        with pytest.raises(NotSo, match=os.strerror(code)):
            source.layers()
    assert source.offer() is not None
