"""P What every Campbox page shares: base template, style, languages, security headers."""
