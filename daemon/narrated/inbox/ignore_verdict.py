"""Says whether the inbox reads a file, and which rule decides it: `narrated ignored FILE`."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from narrated.errors import SourceError, SourceUnreadable
from narrated.inbox.chmod_remedy import chmod_remedy
from narrated.inbox.folder_rules import IgnoreRules, RuleMatch, downwards, survey, with_inner
from narrated.inbox.handled_versions import join
from narrated.inbox.ignore_defaults import marks_of
from narrated.inbox.ignore_patterns import RuleOrigin
from narrated.inbox.name_rules import IGNORE_FILE, NameKind, judge
from narrated.inbox.safe_read import listed, opened_folder
from narrated.printable import printable
from narrated.reading.file_kinds import FileKind, file_kind, is_gallery_path, remedy_for, suffix_of


class IgnoreVerdict(msgspec.Struct, frozen=True):
    """A file of the inbox, read or not, with the rule; its fields are the keys of the JSON."""

    path: str
    reads: bool
    reason: str
    """A sentence for the user."""
    remedy: str = ""
    file: str = ""
    """The `.narratedignore` whose rule decides; "" if it is none of these."""
    line: int = 0
    pattern: str = ""


def ignore_verdict(
    root: Path, path: str, configured: Sequence[str], config_name: str
) -> IgnoreVerdict:
    """Return the verdict on a path relative to the inbox; the path need not exist.

    `configured` are the patterns of the configuration `config_name`. Looks at the folders as they
    are now. Raises SourceError for a path that is not in the inbox.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise SourceError(
            f"{printable(path)} does not lie in the inbox {printable(str(root))}.",
            "Name a file of the inbox, such as blog/post.md.",
        )
    _check_entered(root, path.rpartition("/")[0])
    mode = _mode(root, path)
    is_folder = mode is not None and stat.S_ISDIR(mode)
    if by_name := _by_name(path, parts, is_folder):
        return by_name
    rules = IgnoreRules(str(root.absolute()), configured).of(path.rpartition("/")[0])
    match = rules.match(path, is_folder)
    if judge(parts[-1]) is NameKind.SETTINGS and not is_folder and not rules.closed_by:
        match = rules.match_configured(path)
    if match and match.rule.ignores:
        inside = bool(rules.closed_by)
        return _by_rule(root, path, match, config_name, is_inside=inside)
    return _not_ignored(path, mode, match)


def _check_entered(root: Path, folder: str) -> None:
    """Raise SourceUnreadable if a folder on the way may not be listed: its rules are unknown."""
    for each in downwards(folder):
        try:
            with listed(root, each):
                pass
        except PermissionError as error:
            status = (root / each).lstat()
            shown = printable(each or str(root))
            remedy = chmod_remedy(each or ".", status)
            raise SourceUnreadable(f"The folder {shown} may not be listed.", remedy) from error
        except FileNotFoundError as error:
            if not each:
                problem = f"The inbox {printable(str(root))} is missing."
                raise SourceError(problem, "Mount its disk, or make the folder.") from error
            return
        except OSError:
            return


def _mode(root: Path, path: str) -> int | None:
    folder, _, name = path.rpartition("/")
    try:
        with opened_folder(root, folder) as held:
            return os.stat(name, dir_fd=held, follow_symlinks=False).st_mode
    except OSError:
        return None


def _by_name(path: str, parts: Sequence[str], is_folder: bool) -> IgnoreVerdict | None:
    """Judge a path by its names alone; None if they tell nothing."""
    shown = printable(path)
    if parts[-1] == IGNORE_FILE and not is_folder:
        return IgnoreVerdict(path, False, f"{shown} holds rules, and is never narrated.")
    for depth, part in enumerate(parts, 1):
        if judge(part) is NameKind.TEMPORARY:
            where = printable("/".join(parts[:depth]))
            kind = "a dot" if part.startswith(".") else "the mark of a temporary file"
            why = f"the name {where} has {kind}, and such names are never read"
            return IgnoreVerdict(path, False, f"{shown} is ignored: {why}.", "Rename it.")
    if judge(parts[-1]) is NameKind.CONFLICT:
        why = "its name is that of a synchroniser's conflicting copy"
        remedy = "Keep one version under the file's own name, and delete the other."
        return IgnoreVerdict(path, False, f"{shown} is not read: {why}.", remedy)
    return None


def _by_rule(
    root: Path, path: str, match: RuleMatch, config_name: str, *, is_inside: bool
) -> IgnoreVerdict:
    rule, place = match
    file = join(place, IGNORE_FILE)
    own = file if rule.origin is RuleOrigin.FILE else ""
    where = {
        RuleOrigin.FILE: f"{file}, line {rule.line}",
        RuleOrigin.CONFIGURATION: f"`ignore` in {config_name}",
        RuleOrigin.DEFAULT: f"narrated's own rule for {rule.tool}{_beside(root, match)}",
    }[rule.origin]
    remedy = {
        RuleOrigin.FILE: "Remove that line, or put a later one with ! before it, to have it read.",
        RuleOrigin.CONFIGURATION: f"To have it read, put !{rule.pattern} into {IGNORE_FILE}.",
        RuleOrigin.DEFAULT: f"To have it read, put the line !{rule.pattern} into {file}.",
    }[rule.origin]
    what = "is ignored with its folder" if is_inside else "is ignored"
    reason = f"{printable(path)} {what}: {printable(where)}: {printable(rule.pattern)}"
    return IgnoreVerdict(path, False, reason, printable(remedy), own, rule.line, rule.pattern)


def _beside(root: Path, match: RuleMatch) -> str:
    """Name the mark by which a default holds; "" for one that holds everywhere."""
    try:
        with listed(root, match.folder) as entries:
            names = with_inner(str(root), match.folder, survey(entries)[0])
    except OSError:
        return ""
    marks = [join(match.folder, mark) for mark in marks_of(match.rule.tool, names)]
    return f", beside {' and '.join(marks)}" if marks else ""


def _not_ignored(path: str, mode: int | None, match: RuleMatch | None) -> IgnoreVerdict:
    shown, is_regular = printable(path), mode is None or stat.S_ISREG(mode)
    if mode is not None and stat.S_ISLNK(mode):
        remedy = "Put the file itself in its place."
        return IgnoreVerdict(path, False, f"{shown} is a link; links are not followed.", remedy)
    if is_regular and judge(path.rpartition("/")[2]) is NameKind.SETTINGS:
        reason = f"{shown} applies to the posts in its folder and below; it is not narrated itself."
        if is_gallery_path(path):
            reason = f"{reason[:-1]}, unless it says `gallery: true`."
        return IgnoreVerdict(path, True, reason)
    if is_regular and (kind := file_kind(path)) is not FileKind.READ:
        suffix = printable(suffix_of(path)) or "no suffix"
        note = ", and a note in the outbox says so" if kind is FileKind.UNREAD else ""
        reason = f"{shown} is not read: no file with {suffix} is{note}."
        return IgnoreVerdict(path, False, reason, remedy_for(path))
    if not is_regular and not (mode is not None and stat.S_ISDIR(mode)):
        return IgnoreVerdict(path, False, f"{shown} is not read: it is no regular file.")
    return _read(path, mode, match)


def _read(path: str, mode: int | None, match: RuleMatch | None) -> IgnoreVerdict:
    shown = printable(path)
    verb = "would be read, but is not in the inbox" if mode is None else "is read"
    if match is None:
        return IgnoreVerdict(path, True, f"{shown} {verb}: no rule ignores it.")
    file, rule = join(match.folder, IGNORE_FILE), match.rule
    reason = f"{shown} {verb}: {printable(file)}, line {rule.line}: {printable(rule.pattern)}"
    return IgnoreVerdict(path, True, reason, "", file, rule.line, rule.pattern)
