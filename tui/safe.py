"""One door for text that was written elsewhere: names, labels, paths, messages of the engine.

A terminal obeys what it is sent, so text that came over a socket or out of a file must not hold a control character
(C0, C1 and with them every escape sequence), a bidirectional override that reorders what is read, or a zero-width
character that hides a difference. `str.isprintable` is false for exactly the Unicode classes "other" and "separator"
(except the space), which hold all of these. Markup is never parsed, so brackets need no care.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["safe_text"]

REPLACEMENT = "�"


@lru_cache(maxsize=4096)
def safe_text(text: str, limit: int = 1000) -> str:
    """`text` as something that may be shown: at most `limit` characters, composed (NFC), without marks that take no cell.

    White space becomes one space each; anything else that cannot be printed becomes U+FFFD, so that tampering is seen.
    """
    text = text[:limit]
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        if char.isspace():
            out.append(" ")
        elif not char.isprintable():
            out.append(REPLACEMENT)
        elif unicodedata.category(char) not in ("Mn", "Me", "Mc"):
            out.append(char)
    return "".join(out)
