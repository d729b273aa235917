"""Pairs script files of the inbox with their posts: `post.script.md` is what `post.md` says.

A script file belongs to the post whose narration has its name. Without such a post it is a post
like any other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from narrated.ledger.store import Ledger
from narrated.outbox.portable_names import NameRules
from narrated.outbox.unique_stems import fold, preferred
from narrated.reading.file_kinds import MARKDOWN, PAGES, PLAIN, TEXTS, suffix_of
from narrated.script.review.script_file import SCRIPT_SUFFIX

SCRIPT_BYTES = 16 * 2**20
_SUFFIXES = (*sorted(MARKDOWN, reverse=True), *sorted(PLAIN), *sorted(PAGES, reverse=True))
"""Of several posts with one name, the first of these has the script, if none has its narration."""


@dataclass(eq=False)
class ScriptPairs:
    """Finds the script file of a post, and the post of a script file, in the ledger."""

    _ledger: Ledger
    _rules: Callable[[], NameRules]
    """The rules for names in the outbox now."""

    def script_of(self, post: str, stem: str) -> str:
        """Return the inbox path of the script file that is said for a post; "" if none.

        `stem`: the post's name in the outbox.
        """
        for key in _keys(post, stem):
            for script in self._ledger.scripts.named(fold(key)):
                if self.post_of(script) == post:
                    return script
        return ""

    def post_of(self, script: str) -> str:
        """Return the post in the inbox that a script file belongs to; "" if it has none."""
        if not is_script_name(script):
            return ""
        name = without_suffix(script)
        owner = self._ledger.stems.owner(fold(name))
        others = (name + suffix for suffix in _SUFFIXES)
        found = (owner, *others, name, self._renamed(name))
        return next(filter(self._is_post, filter(None, found)), "")

    def named_as(self, post: str) -> Iterator[str]:
        """Yield the script files in the inbox that have the name of a post."""
        if suffix_of(post) in TEXTS and self._ledger.scripts.any_known:
            stem = self._ledger.stems.of_source(post) or ""
            for key in _keys(post, stem):
                yield from self._ledger.scripts.named(fold(key))

    def _renamed(self, name: str) -> str | None:
        """Return the post beside a script file that has this last name in the outbox alone."""
        stem = preferred(f"{name}.md", self._rules())
        owner = self._ledger.stems.owner(fold(stem)) if stem else None
        return owner if owner and _folder(owner) == _folder(name) else None

    def _is_post(self, path: str) -> bool:
        is_there = suffix_of(path) in TEXTS and bool(self._ledger.sources.sha256(path))
        return is_there and not self._ledger.scripts.is_known(path)


def is_script_name(path: str) -> bool:
    """True if a file is a script by its name; one whose name is nothing else is none."""
    name = path.rpartition("/")[2]
    return name.lower().endswith(SCRIPT_SUFFIX) and len(name) > len(SCRIPT_SUFFIX)


def without_suffix(script: str) -> str:
    """Return the path of a script file without its suffix."""
    return script[: -len(SCRIPT_SUFFIX)]


def possible_posts(script: str) -> list[str]:
    """Return the paths beside a script file that its post may have."""
    name = without_suffix(script)
    whole = [name] if suffix_of(name) in TEXTS else []
    return [*whole, *(name + suffix for suffix in _SUFFIXES)]


def scripts_beside(post: str) -> list[str]:
    """Return the paths beside a post that its script file may have."""
    return [post + SCRIPT_SUFFIX, _without_own_suffix(post) + SCRIPT_SUFFIX]


def _without_own_suffix(post: str) -> str:
    return post[: len(post) - len(suffix_of(post))]


def _keys(post: str, stem: str) -> list[str]:
    """The names, without suffix, that the script file of a post may have."""
    beside = _folder(post) + stem.rpartition("/")[2] if stem else ""
    return list(dict.fromkeys(filter(None, (stem, beside, _without_own_suffix(post), post))))


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]
