"""Publication: what front matter says of a post that is no public one yet."""

import re
from collections.abc import Mapping
from typing import Any

DRAFT_MARKS = {
    **dict.fromkeys(("draft", "isdraft", "is_draft"), ("true", "yes", "on", "1")),
    **dict.fromkeys(("published", "publish"), ("false", "no", "off", "0")),
    **dict.fromkeys(
        ("status", "post_status"),
        ("draft", "auto-draft", "private", "pending", "scheduled", "future", "trash"),
    ),
}
"""Keys of site generators, each with the values that mark a draft.

`draft`: Hugo, Quarto, Docusaurus, MkDocs, Astro, Eleventy, Zola, Quartz; `published`: Jekyll, Hexo,
Gatsby, Bridgetown; `publish`: Obsidian; `status`: Ghost, Pelican, Nikola, WordPress.
"""
_STATUSES = ("status", "post_status")
_PUBLIC = ("published", "publish", "public", "live")
_SCHEDULED = ("scheduled", "future")
"""With a date, the date decides."""
_TRUTHS = ("true", "yes", "on", "1", "false", "no", "off", "0")
_DATES = (
    *("publishdate", "publish_date", "pubdate", "pub_date", "published", "published_at"),
    *("publishedat", "published_date", "publisheddate", "date_published", "datepublished"),
)
"""Keys with the time of publication: the first one counts, and goes before `date`, as in Hugo."""
_YEAR = re.compile(r"\d{4}")
_LONGEST = 60


def publication(entries: Mapping[str, object]) -> dict[str, Any]:
    """Return the fields of NarrationSettings on publication; an unknown value says nothing.

    The keys of `entries` are in lower case.
    """
    words = {key: _word(value) for key, value in entries.items()}
    written = [key for key in DRAFT_MARKS if words.get(key, "").lower() in DRAFT_MARKS[key]]
    dates = [words[key] for key in _DATES if is_date(words.get(key, ""))]
    dates += [words["date"]] if ":" in words.get("date", "") else []  # with a time of day
    if words.get("date") or dates:
        is_due = [key for key in written if words[key].lower() in _SCHEDULED]
        dates += [words["date"] for _ in is_due if is_date(words.get("date", ""))]
        written = [key for key in written if key not in is_due]
    marks = (f"`{key}: {words[key]}`" for key in written)
    fields = {"draft_mark": next(marks, None), "publish_at": next(iter(dates), None)}
    return {name: value for name, value in fields.items() if value}


def tells_publication(key: str, value: object) -> bool:
    """True if an entry is one that `publication` understands, and is used for nothing else."""
    word = _word(value)
    is_status = key in _STATUSES and word.lower() in (*_PUBLIC, *DRAFT_MARKS[key])
    is_truth = key in DRAFT_MARKS and key not in _STATUSES and word.lower() in _TRUTHS
    return is_status or is_truth or (key in _DATES and is_date(word))


def is_date(word: str) -> bool:
    """True if a value may be a date: it has a year."""
    return _YEAR.search(word) is not None


def _word(value: object) -> str:
    is_short = isinstance(value, str | bool) and len(str(value)) <= _LONGEST
    return " ".join(str(value).split()) if is_short else ""
