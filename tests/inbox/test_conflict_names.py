"""Conflicting copies by name: forty of them, and posts that only speak of conflicts."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox import conflict_names
from narrated.inbox.conflict_names import is_conflict_name
from narrated.inbox.events import FileVanished
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.inbox import Inbox

DATA: dict[str, Any] = tomllib.loads(conflict_names.TABLE.read_text(encoding="utf-8"))

COPIES = """
post.sync-conflict-20261122-072736-JDC4FTG.md
post.sync-conflict-20150921-131505.md
post.sync-conflict-20261122-072736-JDC4FTG
post (Ann's conflicted copy 2026-11-22).md
post (Ann's conflicted copy 2026-11-22) (1).md
post (In Konflikt stehende Kopie von Ann 2026-11-22).md
post (Anns in Konflikt stehende Kopie 2026-11-22).md
post (Copie en conflit de Ann 2026-11-22).md
post (Copia conflictiva de Ann 2026-11-22).md
post (Copia en conflicto de Ann 2026-11-22).md
post (Copia in conflitto di Ann 2026-11-22).md
post (Cópia em conflito de Ann 2026-11-22).md
post (conflicterende kopie van Ann 2026-11-22).md
post (Anns kopi i konflikt 2026-11-22).md
post (kopia powodująca konflikt Ann 2026-11-22).md
post (Конфликтующая копия Ann 2026-11-22).md
post (конфліктна копія Ann 2026-11-22).md
post (Ann の競合コピー 2026-11-22).md
post (Ann 上の問題のあるコピー 2026-11-22).md
post (Ann 的冲突副本 2026-11-22).md
post (Ann 的衝突複本 2026-11-22).md
post (Ann의 충돌 사본 2026-11-22).md
post (Ann kişisinin çakışan kopyası 2026-11-22).md
post (Case Conflict 1).md
post (Selective Sync Conflict).md
post (Unicode Encoding Conflict).md
post (conflicted copy 2026-11-22 072736).md
post (conflicted copy ann 2026-11-22 072736).md
post (case clash from 2026-11-22 072736).md
post_conflict-20150101-101010.md
Note (Conflicted copy MacBook 202611220727).md
post (Conflicted copy 2026-11-22 for ann).md
post.Conflict.md
post.Conflict1.md
post.Conflict.Conflict
post (SFConflict ann@example.org 2026-11-22-07-27-36).md
post [conflicted].md
post (conflicted).md
post_Andy-PC_Jan-03-0901-2013_CaseConflict_1.md
post-DESKTOP-AB12CDE.md
post-LAPTOP-AB12CDEF.md
post-onedrive-client-dev-safeBackup-0001.md
post-conflict-2026-11-22T07_27_36.123Z.md
post (Parsec - content conflict).md
post (Parsec - Conflit de nom).md
post.conflict2.md
post..path1
post(Conflict_Ann (Web browser)_2026-11-22-07-27-36).md
post (DESKTOP-QRI9EIH conflict 2023-04-02).md
post (Ann's MacBook conflict 2023-04-02).md
post.Conflict(1).md
post (Ann's Case Conflict).md
post (Ann’s Case Conflict 2).md
post (Ann (work)'s conflicted copy 2026-11-22).md
post (Ann [work]'s conflicted copy 2026-11-22) (1).md
post (Ann's conflicted copy).md
post (Ann (work)’s conflicted copy).md
post (conflicted copy).md
post (Ann's conflicting version 2026-11-22).md
post (Konfliktkopie 2026-11-22).md
post (Ann ütköző másolata 2026-11-22).md
""".strip().splitlines()

POSTS = """
conflict.md
The conflict.md
2026-11-22-conflict.md
conflict-2026-11-22.md
A conflict of interest (part 2).md
Israel (a conflict).md
Merge conflicts (and how to solve them).md
On conflict copies.md
A copy (1).md
Version 2 (final copy).md
post (version 2).md
Konflikt und Kopie.md
My DESKTOP-setup.md
Why my-LAPTOP-died.md
the_BASE_of_it.md
elections_local_2024.md
path1.md
thoughts on (the copyright conflict).md
My (Conflict and copyright).md
My essay (conflict and version control).md
Copying (a copy of Conflict and Memory).md
The.conflict.md
A.long.conflict.md
Notes (a copy of the conflict, 2026-11-22).md
Law (copyright conflict 2026-11-22).md
Essay (on conflict, version 2026-11-22).md
Essay (conflict essay, second version 2026-11-22).md
Gaza (the conflict of 2026-11-22).md
Kashmir (Gaza conflict 2023-10-07).md
War (a case clash from Athens).md
Kunst (Konflikt und Kopie 2026-11-22).md
Ensayo (copia del conflicto 2026-11-22).md
A-new-laptop-purchase.md
The-linux-desktop-history.md
Design (photocopy conflicts 2026-11-22).md
Reading (conversion conflict 20261122).md
""".strip().splitlines()


@pytest.mark.parametrize("name", COPIES)
def test_copy_is_known(name: str) -> None:
    """A conflicting copy is known by its name."""
    assert is_conflict_name(name)


@pytest.mark.parametrize("name", POSTS)
def test_post_is_no_copy(name: str) -> None:
    """A post about conflicts, copies or computers is a post."""
    assert not is_conflict_name(name)


@pytest.mark.parametrize("copy", DATA["copies"], ids=lambda copy: copy["example"])
def test_table_knows_its_examples(copy: dict[str, str]) -> None:
    """Each name of the table has an example, which it matches, and a source."""
    assert is_conflict_name(copy["example"])
    assert copy["source"]
    assert copy["tool"]


@pytest.mark.parametrize("word", DATA["words"]["conflict"])
def test_every_language_is_matched(word: str) -> None:
    """Beside a word for a copy, each word for a conflict tells a copy."""
    assert is_conflict_name(f"post ({DATA['words']['copy'][-1]} {word} 2026-11-22).md")


def test_narrated_copy_is_not_missed(tmp_path: Path) -> None:
    """A copy that was narrated before it was known as one is not reported gone."""
    copy = tmp_path / "post (Case Conflict).md"
    copy.write_text("Words.\n")
    known = {copy.name: FileSignature.of(copy.stat())}
    events = list(Inbox(tmp_path, known, settle_s=0.1).once())
    assert not [each for each in events if isinstance(each, FileVanished)]
