"""The ignore rules that hold in a folder, from its own place up to the inbox's root."""

import os
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import islice
from typing import NamedTuple

from narrated.inbox import ignore_defaults
from narrated.inbox.file_signature import fingerprint
from narrated.inbox.handled_versions import join
from narrated.inbox.ignore_file import MOST_BYTES as FILE_BYTES
from narrated.inbox.ignore_file import IgnoreFile, read_ignore_file
from narrated.inbox.ignore_patterns import IgnoreRule, PatternSet, RuleOrigin, matchable
from narrated.inbox.name_rules import IGNORE_FILE, NameKind, ignored, judge_path
from narrated.inbox.safe_read import listed
from narrated.printable import printable

MOST_FILES, MOST_BYTES = 128, 256 * 2**10
"""The `.narratedignore` files of an inbox, and their bytes together: each costs memory."""
_TOO_MANY = f"an inbox has at most {MOST_FILES} such files, of {MOST_BYTES // 1024} KiB together."
_MOST_DEFAULTS = 64
_MOST_INNER = 1000
"""Names that are looked at for a mark in an inner folder."""
_MOST_PROBLEMS = 10


class RuleMatch(NamedTuple):
    """The rule that decides about a path, and the folder that the rule is written for."""

    rule: IgnoreRule
    folder: str


class _Placed(NamedTuple):
    """Patterns, and the folder that they are relative to."""

    folder: str
    patterns: PatternSet


@dataclass(frozen=True, slots=True, eq=False)
class FolderRules:
    """All rules that hold in one folder. Compare by identity: one object is one set of rules."""

    configured: Sequence[str] = ()
    files: tuple[_Placed, ...] = ()
    """The patterns of each `.narratedignore`, the deepest first."""
    defaults: tuple[_Placed, ...] = ()
    """The patterns of each tool whose mark lies here or above, the deepest first."""
    closed_by: RuleMatch | None = None
    """The rule that ignores the whole folder."""

    def match(self, path: str, is_folder: bool) -> RuleMatch | None:
        """Return the rule that decides about a path in this folder; None if no rule is about it.

        The first place with a matching rule decides: the nearest `.narratedignore`, those above it,
        the configuration, the defaults.
        """
        if self.closed_by:
            return self.closed_by
        target = matchable(f"{path}/" if is_folder else path)
        return (
            _first(self.files, target)
            or self.match_configured(path)
            or _first(self.defaults, target)
            or _first(_everywhere(), target)
        )

    def match_configured(self, path: str) -> RuleMatch | None:
        """Return the pattern of `ignore:` that matches a path, or a folder above it."""
        for pattern in self.configured:
            if ignored(path, (pattern,)):
                return RuleMatch(IgnoreRule(pattern, RuleOrigin.CONFIGURATION), "")
        return None

    def with_own(self, folder: str, own: "_Own") -> "FolderRules":
        """Return the rules of an inner folder, with its own first."""
        file = own.file.patterns if own.file else None
        if not file and not own.tools:
            return self
        placed = matchable(folder)
        files = ((_Placed(placed, file),) if file else ()) + self.files
        tools = tuple(_Placed(placed, each) for each in own.tools)
        return FolderRules(self.configured, files, (tools + self.defaults)[:_MOST_DEFAULTS])


class _Own(NamedTuple):
    """A folder's own rules."""

    file: IgnoreFile | None = None
    tools: tuple[PatternSet, ...] = ()


_NO_OWN = _Own()


class _Known(NamedTuple):
    """The rules of a folder, and what they were made of."""

    above: FolderRules
    marks: Set[str]
    own: _Own
    rules: FolderRules


class IgnoreRules:
    """The rules of every folder of an inbox, as the last look at each folder found them."""

    def __init__(self, root: str, configured: Sequence[str]) -> None:
        """`configured` are the patterns of the configuration."""
        self._root = root
        self._top = FolderRules(tuple(configured))
        self._known: dict[str, _Known] = {}
        self._plain: dict[FolderRules, _Known] = {}
        """The knowledge of all folders without rules of their own, by the rules from above."""
        self._files: dict[str, IgnoreFile] = {}
        self._refused = ""
        self.changed = False
        """True once the rules of any folder have changed; whoever acts on that clears it."""

    def of(self, folder: str) -> FolderRules:
        """Return the rules of a folder; looks at folders that were not looked at yet."""
        if known := self._known.get(folder):
            return known.rules
        rules = self._top
        for each in downwards(folder):
            known = self._known.get(each)
            rules = known.rules if known else self._look(each, rules)
        return rules

    def update(self, folder: str, marks: Set[str], status: os.stat_result | None) -> FolderRules:
        """Return the rules of a folder in which these marks were seen now.

        `status` is the lstat of its `.narratedignore`; None if it has none. Returns the same
        object as before if nothing changed.
        """
        above = self.of(folder.rpartition("/")[0]) if folder else self._top
        return self._updated(folder, above, marks, status)

    def has_mark(self, folder: str, mark: str) -> bool:
        """True if the last look at a folder found this mark."""
        known = self._known.get(folder)
        return known is not None and mark in known.marks

    def forget(self) -> None:
        """Forget what was seen: each folder is looked at again."""
        self._known.clear()
        self._plain.clear()
        self._refused = ""

    def keep(self, folders: Set[str]) -> None:
        """Forget all folders but these."""
        self._plain.clear()
        for known in (self._known, self._files):
            for folder in known.keys() - folders:
                del known[folder]

    @property
    def problems(self) -> tuple[str, ...]:
        """The first problems of all `.narratedignore` files, in words."""
        files = sorted(self._files.items())
        told = islice((told for _, file in files for told in file.problems), _MOST_PROBLEMS)
        if not self._refused:
            return tuple(told)
        return (*told, f"{printable(self._refused)} is not applied: {_TOO_MANY}")

    def _look(self, folder: str, above: FolderRules) -> FolderRules:
        if above.closed_by:
            return above
        try:
            with listed(self._root, folder) as entries:
                marks, status = survey(entries)
        except OSError:  # it is gone, or may not be entered
            return above
        return self._updated(folder, above, marks, status)

    def _updated(
        self, folder: str, above: FolderRules, marks: Set[str], status: os.stat_result | None
    ) -> FolderRules:
        known = self._known.get(folder)
        if known and known.above is above and above.closed_by:
            return known.rules
        marks = with_inner(self._root, folder, marks)
        rules = _entered(above, folder)
        own = _NO_OWN if rules.closed_by else self._own(folder, marks, status)
        if known and known.above is above and known.own == own:
            return known.rules
        self.changed = True
        rules = rules.with_own(folder, own)
        found = _Known(above, frozenset(marks), own, rules)
        # Most folders have no rules of their own, and share one value: there may be 100,000.
        is_plain = rules is above and not marks and own == _NO_OWN
        self._known[folder] = self._plain.setdefault(above, found) if is_plain else found
        return rules

    def _own(self, folder: str, marks: Set[str], status: os.stat_result | None) -> _Own:
        tools = ignore_defaults.beside(frozenset(marks)) if marks else ()
        return _Own(self._file(folder, status), tools)

    def _file(self, folder: str, status: os.stat_result | None) -> IgnoreFile | None:
        before = self._files.get(folder)
        if self._refused == join(folder, IGNORE_FILE):
            self._refused = ""  # there may be room for it now, or it may be gone
        if status is None:
            self._files.pop(folder, None)
            return None
        if before and before.fingerprint == fingerprint(status):
            return before
        others = [each for each in self._files.values() if each is not before]
        taken_bytes = sum(each.size_bytes for each in others)
        if len(others) >= MOST_FILES or taken_bytes + min(status.st_size, FILE_BYTES) > MOST_BYTES:
            self._refused = join(folder, IGNORE_FILE)
            self._files.pop(folder, None)
            return None
        file = read_ignore_file(self._root, folder, status)
        if file is None:
            return before
        self._files[folder] = file
        return file


def is_ignored(root: str | os.PathLike[str], path: str, configured: Sequence[str]) -> bool:
    """True if names or rules have the inbox ignore a file, as the folders are at this moment."""
    rules = IgnoreRules(str(root), configured).of(path.rpartition("/")[0])
    match = rules.match(path, is_folder=False)
    return judge_path(path) is NameKind.TEMPORARY or bool(match and match.rule.ignores)


def downwards(folder: str) -> Iterator[str]:
    """Yield the root, and each folder on the way down to this one, which is the last."""
    yield ""
    end = folder.find("/")
    while end >= 0:
        yield folder[:end]
        end = folder.find("/", end + 1)
    if folder:
        yield folder


def _entered(above: FolderRules, folder: str) -> FolderRules:
    """Return what holds in a folder from above: all is ignored in an ignored one."""
    if above.closed_by or not folder:
        return above
    match = above.match(folder, is_folder=True)
    return FolderRules(closed_by=match) if match and match.rule.ignores else above


def survey(entries: Iterable[os.DirEntry[str]]) -> tuple[set[str], os.stat_result | None]:
    """Return the marks of tools among a folder's entries, and the lstat of its rule file."""
    marks, status = set(), None
    names = ignore_defaults.mark_names()
    for entry in entries:
        if entry.name in names:
            marks.add(entry.name)
        elif entry.name == IGNORE_FILE:
            status = lstat_of(entry)
    return marks, status


def with_inner(root: str, folder: str, marks: Set[str]) -> Set[str]:
    """Return a folder's marks, and those that lie in a folder of it."""
    inner = ignore_defaults.inner_marks() if marks else ()
    found = {f"{name}/{pattern}" for name, pattern in inner if name in marks}
    return marks | {mark for mark in found if _is_there(root, folder, mark)} if found else marks


def _is_there(root: str, folder: str, mark: str) -> bool:
    name, _, pattern = mark.partition("/")
    try:
        with listed(root, join(folder, name)) as entries:
            names = (entry.name for entry in islice(entries, _MOST_INNER))
            return any(fnmatchcase(each, pattern) for each in names)
    except OSError:  # no folder, or none that may be entered
        return False


def lstat_of(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return the lstat of a folder's entry; None if it is gone."""
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


@cache
def _everywhere() -> tuple[_Placed, ...]:
    return (_Placed("", ignore_defaults.everywhere()),)


def _first(places: Iterable[_Placed], target: str) -> RuleMatch | None:
    for folder, patterns in places:
        cut = len(folder) + 1 if folder else 0
        if rule := patterns.last_match(target[cut:]):
            return RuleMatch(rule, folder)
    return None
