"""`narrated lexicon add`: one entry more in a lexicon that stays as somebody wrote it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrated.cli.main import main
from narrated.script.lexicon import Lexicon

WRITTEN = """\
# Ours. Ask Ada before you change it.
words:
  nginx: engine x        # the server
  # Names
  'Zürich': tsue rick

patterns:
  - {match: '\\bRFC (\\d+)\\b', say: 'R F C \\1'}
"""


def add(folder: Path, word: str, said: str) -> Result:
    arguments = ["lexicon", "add", word, said, "--folder", str(folder)]
    return CliRunner().invoke(main, arguments)


def lexicon(folder: Path, content: str | bytes = WRITTEN) -> Path:
    file = folder / "lexicon.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_new_lexicon_is_made(tmp_path: Path) -> None:
    """Without a lexicon one is made, and the command tells where, and of which case."""
    told = add(tmp_path, "nginx", "engine x")
    assert told.exit_code == 0
    file = tmp_path / "lexicon.yaml"
    assert told.output == f'{file}: nginx is said "engine x", Nginx and NGINX too.\n'
    assert Lexicon.parse([file.read_text()]).apply("Our Nginx") == "Our engine x"


def test_other_lines_stay(tmp_path: Path) -> None:
    """Comments, order and quotes stay; a word that is there gets its new entry in its place."""
    file = lexicon(tmp_path)
    for word, said in (("nginx", "n jinx"), ("C#", "C sharp"), ("US", "")):
        assert add(tmp_path, word, said).exit_code == 0
    changed = WRITTEN.replace("nginx: engine x ", "nginx: n jinx ")
    changed = changed.replace(": tsue rick\n", ': tsue rick\n  "C#": C sharp\n  US: ""\n')
    assert file.read_text() == changed


@pytest.mark.parametrize("said", ["a: b # c", "yes", "12", "'x'", '"', "~", "x - a", "\\1", "{a}"])
def test_any_text_is_read_back(tmp_path: Path, said: str) -> None:
    """Whatever YAML means by a sign, the lexicon says the text as it was given."""
    lexicon(tmp_path)
    assert add(tmp_path, f"word {said}", said).exit_code == 0
    read = Lexicon.parse([(tmp_path / "lexicon.yaml").read_text()])
    assert said in read.pronunciations


def test_same_entry_writes_nothing(tmp_path: Path) -> None:
    """An entry that is there already changes nothing, not even the file's time."""
    file = lexicon(tmp_path)
    before = file.stat()
    told = add(tmp_path, "nginx", "engine x")
    assert (told.exit_code, "already" in told.output) == (0, True)
    assert file.stat() == before


def test_rights_of_the_file_stay(tmp_path: Path) -> None:
    """The file keeps its rights, a new one gets its folder's, and no draft is left beside it."""
    tmp_path.chmod(0o2775)
    assert add(tmp_path, "a", "b").exit_code == 0
    assert (tmp_path / "lexicon.yaml").stat().st_mode & 0o777 == 0o664
    file = lexicon(tmp_path)
    file.chmod(0o640)
    assert add(tmp_path, "a", "b").exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["lexicon.yaml"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"word: {a: b}\n", "unknown key `word`"),
        (b"words: [a, b]\n", "`words` is not a mapping"),
        (b"words: {a: b}\n", "can only be made by hand"),
        (b"words:\n  a: 'b\n", "not valid YAML"),
        (b"words:\n  a: \xff\n", "is not UTF-8"),
        (b"# " + b"x" * 2**20, "too long to be a lexicon"),
    ],
)
def test_broken_lexicon_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """A lexicon that narrated refuses is left as it is, and the message names it."""
    file = lexicon(tmp_path, content)
    told = add(tmp_path, "nginx", "engine x")
    assert told.exit_code == 1
    assert problem in told.output and str(file) in told.output
    assert file.read_bytes() == content


def test_link_is_not_followed(tmp_path: Path) -> None:
    """A link is refused, since narrated would not read it: its target stays."""
    other = lexicon(tmp_path).rename(tmp_path / "other")
    (tmp_path / "lexicon.yaml").symlink_to(other)
    told = add(tmp_path, "a", "b")
    assert told.exit_code == 1 and "is a link" in told.output
    assert other.read_text() == WRITTEN


@pytest.mark.parametrize(("word", "said"), [("", "x"), (" ", "x"), ("a\x07b", "x"), ("a", "\x00")])
def test_no_word_is_refused(tmp_path: Path, word: str, said: str) -> None:
    """What is no text makes no entry, and no file."""
    told = add(tmp_path, word, said)
    assert told.exit_code == 1 and "narrated lexicon add nginx" in told.output
    assert not [*tmp_path.iterdir()]


def test_inbox_is_the_default(tmp_path: Path) -> None:
    """Without a folder the entry goes to the inbox of the configuration, for all posts."""
    config = tmp_path / "narrated.yaml"
    config.write_text("{inbox: inbox, outbox: outbox, state: state, cache: cache}\n")
    (tmp_path / "inbox").mkdir()
    arguments = ["--config", str(config), "lexicon", "add", "nginx", "engine x"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert (tmp_path / "inbox/lexicon.yaml").read_text() == "words:\n  nginx: engine x\n"
