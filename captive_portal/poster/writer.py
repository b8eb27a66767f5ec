"""E WeasyPrint and PDFium: HTML -> a PDF that carries its fonts -> a picture of its page."""

from __future__ import annotations

import io
import logging
from typing import Any

from appliance.errors import MissingComponent

DOTS = 200
"""Dots an inch of the picture: readable by a phone's camera from a screen, and printable."""
_NEEDS = "run it through ./campbox, which installs it (Debian: libpangoft2-1.0-0, fonts-noto-core; Python: weasyprint, pypdfium2)"


def pdf(html: str) -> bytes | None:
    """A PDF of one page, or None when the words take more; Pango shapes the letters, nothing is fetched.

    Raises MissingComponent.
    """
    try:
        import weasyprint  # type: ignore[import-untyped]  # not on a box, and slow to load
    except (ImportError, OSError) as error:
        raise MissingComponent("WeasyPrint or its Pango is not here", mend=_NEEDS) from error
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    document = weasyprint.HTML(string=html, url_fetcher=nothing).render()
    if len(document.pages) > 1:
        return None
    data: bytes = document.write_pdf()
    return data


def png(sheet: bytes, dots: int = DOTS) -> bytes:
    """The first page of a PDF as PNG. Raises MissingComponent."""
    try:
        import pypdfium2  # type: ignore[import-untyped]
    except (ImportError, OSError) as error:
        raise MissingComponent("pypdfium2 is not here", mend=_NEEDS) from error
    document: Any = pypdfium2.PdfDocument(sheet)
    try:
        picture = io.BytesIO()
        document[0].render(scale=dots / 72, grayscale=True).to_pil().save(picture, "PNG", optimize=True, dpi=(dots, dots))
        return picture.getvalue()
    finally:
        document.close()
