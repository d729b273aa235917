"""The text of an episode as players of feeds show it: that of the page, without its marks."""

from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

from narrated.podcast.show import Show

_KEPT = frozenset(
    (
        *("h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
        *("pre", "code", "em", "strong", "del", "s", "sub", "sup"),
    )
)
_RENAMED = {"figure": "p", "section": "div"}
"""Elements that few players know."""
_ATTRIBUTES = {
    "th": ("scope", "colspan", "rowspan"),
    "td": ("colspan", "rowspan"),
    "ol": ("start",),
}
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")

Attributes = list[tuple[str, str | None]]


def feed_html(html: str, address: Callable[[str], str]) -> str:
    """Return the HTML of the page for players: without its title, its marks and its places.

    `address` gives the address of a copy of a picture by its outbox path; empty if it has none.
    """
    writer = _FeedText(address)
    writer.feed(html)
    writer.close()
    return "".join(writer.written).strip()


def picture_address(show: Show, path: str) -> str:
    """Return the address of a file at the outbox's root; empty if a show does not tell it."""
    below = f"{quote(show.folder, safe='/', errors='surrogateescape')}/" if show.folder else ""
    if not show.base_url.endswith(below):
        return ""
    root = show.base_url.removesuffix(below)
    return root and root + quote(path, safe="/", errors="surrogateescape")


class _FeedText(HTMLParser):
    """Writes text again, which is ours: its elements are closed, and its attributes are known."""

    def __init__(self, address: Callable[[str], str]) -> None:
        super().__init__()
        self.written: list[str] = []
        self._address = address
        self._is_title = False
        self._is_caption = False
        self._is_back = False
        """True in the link from a footnote back to the text: here it would lead nowhere."""
        self._ends: list[str] = []
        """The ends of the links that are open."""
        self._alt: list[str] | None = None
        """The words of a link that a picture takes the place of."""
        self._target = ""
        self._figure: bool | None = None
        """True if the figure shows its picture; None outside of figures."""

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "h1":
            self._is_title = True
        elif tag == "a":
            self._is_back = given.get("class") == "back"
            self._begin_link(given.get("href", ""))
        elif tag == "img":
            self._picture(self._address(given.get("src", "")), given.get("alt", ""))
        elif tag in ("br", "hr"):
            self._write(f"<{tag}/>")
        elif tag == "figcaption":
            self._begin_caption()
        elif tag in _KEPT or tag in _RENAMED:
            kept = ((key, given[key]) for key in _ATTRIBUTES.get(tag, ()) if key in given)
            told = "".join(f' {key}="{escape(value)}"' for key, value in kept)
            self._figure = False if tag == "figure" else self._figure
            self._write(f"<{_RENAMED.get(tag, tag)}{told}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1":
            self._is_title = False
        elif tag == "figcaption":
            self._is_caption = False
        elif tag == "a" and self._ends:
            self._end_alt()
            self._is_back = False
            self._write(self._ends.pop())
        elif tag in _KEPT or tag in _RENAMED:
            self._figure = None if tag == "figure" else self._figure
            self._write(f"</{_RENAMED.get(tag, tag)}>")

    def handle_data(self, data: str) -> None:
        if self._alt is not None:
            self._alt.append(data)
        elif not self._is_back:
            self._write(escape(data, quote=False))

    def _begin_link(self, target: str) -> None:
        """Write a link to the web; one to a picture that its figure lacks is that picture."""
        try:
            parts = urlsplit(target)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https", "mailto"):
            self._ends.append("")
        elif self._figure is False and parts.path.lower().endswith(_PICTURES):
            if self._is_caption:
                self._picture(target, "")
            else:
                self._alt, self._target = [], target
            self._ends.append("")
        else:
            self._write(f'<a href="{escape(target)}">')
            self._ends.append("</a>")

    def _begin_caption(self) -> None:
        self._is_caption = True
        if self.written and self.written[-1] not in ("<p>", "<br/>"):
            self._write("<br/>")

    def _end_alt(self) -> None:
        if self._alt is not None:
            alt, self._alt = "".join(self._alt), None
            self._picture(self._target, alt)

    def _picture(self, address: str, alt: str) -> None:
        if not address:
            self._write(escape(alt, quote=False))
            return
        self._write(f'<img src="{escape(address)}" alt="{escape(alt)}"/>')
        if self._figure is not None:
            self._figure = True
            self._write("<br/>")

    def _write(self, text: str) -> None:
        if text and not self._is_title:
            self.written.append(text)
