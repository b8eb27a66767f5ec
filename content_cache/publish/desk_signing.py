"""W What the desk has decided is signed and published: the notices at once, a corrected catalogue as a new version."""

from __future__ import annotations

from appliance.layout import Layout
from content_cache import notices
from content_cache.notices import Board
from content_cache.publish import desk_file, publisher
from content_cache.publish.desk import Desk
from content_cache.snapshot import Catalogue

CUSTOM = {"kind": "notices"}


def sign(layout: Layout, before: Desk, after: Desk) -> None:
    """Publish what is new. Raises NotSo or BadInput; then nothing of it may be kept."""
    content = desk_file.board_file(layout, after)
    if content != (desk_file.published_board(layout) or notices.write(Board())):
        _put(layout, content)
    if (desk_file.live(after), desk_file.vetted(after)) != (desk_file.live(before), desk_file.vetted(before)):
        publisher.republish(layout, lambda current: desk_file.laid_over(_imported(layout, current), after))


def refresh(layout: Layout) -> bool:
    """Take what is over out of the published notices; whether anything was. Called by a timer at the hub."""
    with desk_file.alone(layout):
        content = desk_file.board_file(layout, desk_file.load(layout))
        if desk_file.published_board(layout) in (content, None):
            return False
        _put(layout, content)
    return True


def _put(layout: Layout, content: bytes) -> None:
    publisher.put(layout, notices.NAME, content, CUSTOM)
    desk_file.keep_board(layout, content)


def _imported(layout: Layout, current: Catalogue) -> Catalogue:
    """The catalogue without corrections. A hub that published before there were any holds it as the current one."""
    kept = desk_file.imported(layout)
    if kept is None:
        desk_file.keep_import(layout, current)
    return kept or current
