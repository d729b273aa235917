"""A user who works in an inbox at random, and remembers the files that are due there."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from measuring.user_files import LEXICON, SETTINGS, Kind, UserFile, Writer

FEWEST, MOST = 60, 160
"""Number of files: the user only adds below the first, and only removes above the second."""
_ODD_NAMES = (
    *("Straße", "Ünï çödé", "two words", "-dash", "Καφές", "caf\udce9"),
    *("café", "CAFÉ", "a.b"),
)
_SUFFIXES = (".md", ".md", ".md", ".txt", ".html", ".markdown")


class User:
    """Acts on a folder; `files` are those in it, `past` is every path that ever had one."""

    def __init__(self, inbox: Path, random: Random) -> None:
        self.inbox = inbox
        self.files: dict[str, UserFile] = {}
        self.past: set[str] = set()
        self.acts: list[str] = []
        """A log in words, to find the reason of a fault."""
        self._random = random
        self._writer = Writer(random)
        self._number = 0
        self._moves: tuple[tuple[Callable[[], None], int], ...] = (
            (self._add_text, 20),
            (self._add_post_with_pictures, 6),
            (self._add_picture, 6),
            (self._write_settings, 3),
            (self._write_lexicon, 3),
            (self._edit, 24),
            (self._edit_picture, 5),
            (self._rename, 12),
            (self._rename_folder, 2),
            (self._remove, 10),
            (self._remove_folder, 1),
            (self._touch, 6),
            (self._swap, 4),
            (self._copy, 5),
            (self._set_aside, 2),
        )
        self._additions = [move for move, _ in self._moves[:3]]

    def act(self) -> None:
        """Do one thing."""
        if len(self.files) < FEWEST:
            self._random.choice(self._additions)()
        elif len(self.files) > MOST:
            self._remove()
        else:
            moves, weights = zip(*self._moves, strict=True)
            self._random.choices(moves, weights)[0]()

    @property
    def items(self) -> list[str]:
        """The paths of all texts and pictures."""
        return [path for path, each in self.files.items() if each.kind in (Kind.TEXT, Kind.PICTURE)]

    @property
    def folders(self) -> list[str]:
        """All folders that hold anything, the root as ''."""
        return sorted({path.rpartition("/")[0] for path in self.files} | {""})

    def any_item(self) -> str:
        """One text or picture."""
        return self._random.choice(self.items)

    # Additions

    def _add_text(self) -> None:
        path = self._new_path(self._random.choice(_SUFFIXES))
        self._write(path, self._writer.text(_suffix(path)))

    def _add_picture(self) -> None:
        self._write(self._new_path(".gif"), self._writer.picture())

    def _add_post_with_pictures(self) -> None:
        """A post and up to three pictures in its folder, in any order, some of them missing."""
        folder = self._folder()
        pictures = [self._fresh_name(".gif") for _ in range(self._random.randint(1, 3))]
        files = [(name, self._writer.picture()) for name in pictures]
        if len(files) > 1 and self._random.random() < 0.3:
            files.pop()
        files.append((self._fresh_name(".md"), self._writer.text(".md", tuple(pictures))))
        self._random.shuffle(files)
        for name, file in files:
            self._write(_join(folder, name), file)

    def _write_settings(self) -> None:
        """Never the root: a mistake or `narrate: false` there would cover all other cases."""
        if folder := self._folder():
            self._write(_join(folder, SETTINGS), self._writer.settings())

    def _write_lexicon(self) -> None:
        if folder := self._folder():
            self._write(_join(folder, LEXICON), self._writer.lexicon())

    # Changes

    def _edit(self) -> None:
        """Write another text in place of one."""
        if path := self._one(Kind.TEXT):
            self._write(path, self._writer.text(_suffix(path), self.files[path].shows))

    def _edit_picture(self) -> None:
        if path := self._one(Kind.PICTURE):
            self._write(path, self._writer.picture())

    def _touch(self) -> None:
        """Write the same content again, as rsync does without -t."""
        path = self._random.choice(list(self.files))
        self.note("touches", path)
        if self._random.random() < 0.5:
            os.utime(self.inbox / path)
        else:
            self._replace(path, self.files[path].content)

    def _rename(self) -> None:
        """Rename to a new name, to another folder, or over another file."""
        old = self._random.choice(list(self.files))
        kind = self.files[old].kind
        if kind in (Kind.SETTINGS, Kind.LEXICON):
            new = _join(self._folder() or old.rpartition("/")[0], old.rpartition("/")[2])
        elif self._random.random() < 0.15:
            same = [path for path in self.items if _suffix(path) == _suffix(old)]
            new = self._random.choice(same)
        elif self._random.random() < 0.4:
            new = _join(self._folder(), old.rpartition("/")[2])
        else:
            new = self._new_path(_suffix(old))
        if new == old:
            return
        self._move("renames", old, new)
        self.files[new] = self.files.pop(old)
        self.past |= {old, new}

    def _rename_folder(self) -> None:
        old = self._random.choice(self.folders)
        new = self._new_folder()
        if not old or new == old or new.startswith(f"{old}/") or (self.inbox / new).exists():
            return
        self._move("renames the folder", old, new)
        for path in self._below(old):
            moved = new + path.removeprefix(old)
            self.files[moved] = self.files.pop(path)
            self.past |= {path, moved}

    def _move(self, act: str, old: str, new: str) -> None:
        self.note(act, old, new)
        (self.inbox / new).parent.mkdir(parents=True, exist_ok=True)
        (self.inbox / old).rename(self.inbox / new)

    def _swap(self) -> None:
        """Exchange the names of two files of a kind."""
        one = self._one(Kind.TEXT)
        same = [path for path in self.items if _suffix(path) == _suffix(one) and path != one]
        if not one or not same:
            return
        other = self._random.choice(same)
        self.note("swaps", one, other)
        aside = self.inbox / ".aside"
        (self.inbox / one).rename(aside)
        (self.inbox / other).rename(self.inbox / one)
        aside.rename(self.inbox / other)
        self.files[one], self.files[other] = self.files[other], self.files[one]

    def _copy(self) -> None:
        path = self.any_item()
        new = self._new_path(_suffix(path))
        if new == path:
            return
        self.note("copies", path, new)
        (self.inbox / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.inbox / path, self.inbox / new)
        self.files[new] = self.files[path]
        self.past.add(new)

    def _set_aside(self) -> None:
        """Leave a synchroniser's files for a while: they are not the user's."""
        path = self.any_item()
        place = self.inbox / path
        conflict = place.with_stem(f"{place.stem}.sync-conflict-20261122-072736-JDC4FTG")
        draft = place.with_name(f".{place.name}.AbCdEf")
        self.note("sets aside", path)
        conflict.write_bytes(b"Another version.\n")
        draft.write_bytes(b"Half of i")
        time.sleep(self._random.random() * 0.1)
        conflict.unlink()
        draft.unlink()

    # Removals

    def _remove(self) -> None:
        path = self._random.choice(list(self.files))
        self.note("removes", path)
        (self.inbox / path).unlink()
        del self.files[path]

    def _remove_folder(self) -> None:
        folder = self._random.choice(self.folders)
        below = self._below(folder)
        if not folder or len(below) > MOST // 8:
            return
        self.note("removes the folder", folder)
        shutil.rmtree(self.inbox / folder)
        for path in below:
            del self.files[path]

    # Writing

    def _write(self, path: str, file: UserFile) -> None:
        self.note("writes", path)
        self.files[path] = file
        self.past.add(path)
        self._replace(path, file.content)

    def _replace(self, path: str, content: bytes) -> None:
        """Write a file by a rename, as rsync and Syncthing do; or in place; or after a removal."""
        place = self.inbox / path
        place.parent.mkdir(parents=True, exist_ok=True)
        draw = self._random.random()
        if draw < 0.15:
            with place.open("wb") as file:
                file.write(content[: len(content) // 2])
                file.flush()
                time.sleep(self._random.random() * 0.05)
                file.write(content[len(content) // 2 :])
            return
        if draw < 0.25:
            place.unlink(missing_ok=True)
            time.sleep(self._random.random() * 0.05)
        hidden = place.with_name(".post.MPuSum")
        hidden.write_bytes(content)
        hidden.rename(place)

    # Names

    def _new_path(self, suffix: str) -> str:
        return _join(self._folder(), self._fresh_name(suffix))

    def _fresh_name(self, suffix: str) -> str:
        """A new name, or one of few that come again and again in all spellings."""
        if self._random.random() < 0.2 and suffix != ".gif":
            return self._random.choice(_ODD_NAMES) + suffix
        self._number += 1
        return f"item-{self._number}{suffix}"

    def _folder(self) -> str:
        is_known = self._random.random() < 0.8
        return self._random.choice(self.folders) if is_known else self._new_folder()

    def _new_folder(self) -> str:
        depth = self._random.randint(1, 3)
        names = [f"{letter}{number}" for letter in "abcd" for number in (1, 2, 3)]
        return "/".join(self._random.choices(names, k=depth))

    def _one(self, kind: Kind) -> str:
        found = [path for path, each in self.files.items() if each.kind is kind]
        return self._random.choice(found) if found else ""

    def _below(self, folder: str) -> list[str]:
        return [path for path in self.files if path.startswith(f"{folder}/")]

    def note(self, act: str, *paths: str) -> None:
        """Write an act into the log."""
        self.acts.append(f"{time.strftime('%H:%M:%S')} {act} {' -> '.join(map(repr, paths))}")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _suffix(path: str) -> str:
    return Path(path).suffix
