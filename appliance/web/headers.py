"""P The headers every page carries, from Flask and from nginx alike."""

from __future__ import annotations

from appliance.web.languages import Language

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No script, no frame, nothing from elsewhere."""

LANGUAGE_KEPT = 30 * 86_400
"""Seconds a phone remembers the language it read last. The cookie says nothing else; the box keeps no copy of it."""


def kept_language(language: Language) -> str:
    """The value of Set-Cookie (RFC 6265 section 4.1) on a page in ``language``."""
    return f"language={language.tag}; Path=/; Max-Age={LANGUAGE_KEPT}; SameSite=Lax; HttpOnly"


SECURITY_HEADERS: dict[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": under it a browser sends "Origin: null" with its own forms, and forged ones could not be told apart
    # (Fetch standard, "append a request Origin header"). Other sites learn nothing either way.
    "Referrer-Policy": "same-origin",
}
