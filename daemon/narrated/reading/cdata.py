"""`<![CDATA[…]]>`: plain text inside drawings and formulas, which the parser would drop."""

import re
from html import escape

_PLACE = re.compile(r"<!\[CDATA\[(?P<text>.*?)(?:\]\]>|\Z)|<(?P<end>/?)(?:svg|math)\b", re.S | re.I)


def opened(html: str) -> str:
    """Write each such text in a page as the text that it is; elsewhere it means nothing."""
    if "<![CDATA[" not in html:
        return html
    depth = 0

    def meant(found: re.Match[str]) -> str:
        nonlocal depth
        if found["text"] is not None:
            return escape(found["text"]) if depth else found[0]
        depth = max(0, depth - 1) if found["end"] else depth + 1
        return found[0]

    return _PLACE.sub(meant, html)
