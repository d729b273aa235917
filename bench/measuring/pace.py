"""How fast a source becomes chunks, in processor time, step by step as the editor's child goes."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

from markdown_it import MarkdownIt

from measuring import blog
from measuring.figure import Figure
from measuring.stage import say
from narrated.config.values import Config
from narrated.config.worker_specs import chunk_limits
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.lexicon import Lexicon

PARSES = 10.0
"""Reading and script may take so many times the bare parse."""
LONGER, LINEAR = 10, 11.5
"""A post so many times as long may take so many times the time."""
LEXICON = Path(__file__).parents[2] / "config" / "lexicon.yaml"

_FORMS: dict[str, Callable[[str], str]] = {
    ".md": str,
    ".html": blog.page,
    ".txt": blog.plain,
}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    words: int = 1_000_000
    post_words: int = 20_000
    rounds: int = 5


QUICK = Sizes(words=10_000, post_words=1_000, rounds=1)


@dataclass(slots=True)
class Spent:
    """Seconds of processor time, by step."""

    parse_s: float = 0.0
    read_s: float = 0.0
    write_s: float = 0.0
    cut_s: float = 0.0

    @property
    def script_s(self) -> float:
        """Reading and script, without the cutting."""
        return self.read_s + self.write_s

    @property
    def whole_s(self) -> float:
        return self.script_s + self.cut_s

    @property
    def shares(self) -> str:
        steps = {"reading": self.read_s, "script": self.write_s, "cutting": self.cut_s}
        return ", ".join(f"{name} {each / self.whole_s:.0%}" for name, each in steps.items())


def rate(sizes: Sizes) -> list[Figure]:
    """Many posts, each parsed bare and then made into chunks."""
    spent, words, count = Spent(), 0, 0
    bare = MarkdownIt("commonmark").enable("table")
    _ready(bare)
    for text in blog.posts(sizes.words, seed=11):
        if not count % 50:
            say(f"rate: {words} of {sizes.words} words")
        words += len(text.split())
        count += 1
        gc.collect()  # the rubbish of one step is not laid to the next
        _, took_s = _timed(lambda text=text: bare.parse(text))
        spent.parse_s += took_s
        _make_chunks(text.encode(), "post.md", spent)
    return _rates(spent, words, count)


def _rates(spent: Spent, words: int, count: int) -> list[Figure]:
    times = spent.script_s / spent.parse_s
    return [
        Figure(
            f"reading and script of {count} posts of {words} words in all, against "
            "markdown-it-py's bare parse of each just before (processor time)",
            f"{times:.1f} x ({words / spent.script_s:,.0f} words/s; "
            f"bare parse {words / spent.parse_s:,.0f} words/s)",
            f"at most {PARSES:g} x the bare parse",
            times <= PARSES,
        ),
        Figure(
            "the same with cutting into chunks, and where the time goes",
            f"{spent.whole_s / spent.parse_s:.1f} x ({words / spent.whole_s:,.0f} words/s; "
            f"{spent.shares})",
            "",
            None,
        ),
    ]


def linear(sizes: Sizes) -> list[Figure]:
    """One post, and one ten times as long, in turn."""
    short, long = (blog.post(sizes.post_words * each, seed=23) for each in (1, LONGER))
    _ready(MarkdownIt())
    return [_growth(suffix, form(short), form(long), sizes) for suffix, form in _FORMS.items()]


def _growth(suffix: str, short: str, long: str, sizes: Sizes) -> Figure:
    rounds = []
    for number in range(sizes.rounds):
        say(f"linear: {suffix}, round {number + 1} of {sizes.rounds}")
        rounds.append(_round(f"post{suffix}", short.encode(), long.encode()))
    times = median(each.times("whole_s") for each in rounds)
    short_s, long_s = (
        median(getattr(each, which).whole_s for each in rounds) for which in ("short", "long")
    )
    steps = {"reading": "read_s", "script": "write_s"}
    told = ", ".join(
        f"{step} {median(each.times(name) for each in rounds):.1f} x"
        for step, name in steps.items()
    )
    return Figure(
        f"one {suffix} of {len(long.split())} words against one of {len(short.split())}, made "
        "into chunks (processor time)",
        f"{times:.1f} x ({told}; {long_s:.2f} s to {short_s:.2f} s)",
        f"at most {LINEAR} x",
        times <= LINEAR,
    )


@dataclass(slots=True)
class _Round:
    short: Spent
    """The mean of several."""
    long: Spent

    def times(self, step: str) -> float:
        return float(getattr(self.long, step) / getattr(self.short, step))


def _round(name: str, short: bytes, long: bytes) -> _Round:
    """The long post among as much work on the short one, so that the machine's pace is the same."""
    every, whole = Spent(), Spent()
    for _ in range(LONGER // 2):
        _make_chunks(short, name, every)
    _make_chunks(long, name, whole)
    for _ in range(LONGER // 2):
        _make_chunks(short, name, every)
    mean = Spent(
        *(each / LONGER for each in (every.parse_s, every.read_s, every.write_s, every.cut_s))
    )
    return _Round(mean, whole)


def _make_chunks(data: bytes, name: str, spent: Spent) -> None:
    """What the editor's child does with a source, without its letters."""
    config = Config(inbox=Path("inbox"), outbox=Path("outbox"))
    settings, most = config.settings, chunk_limits(config)
    lexicon = LEXICON.read_text()
    gc.collect()
    document, read_s = _timed(lambda: read(data, name))
    script, write_s = _timed(
        lambda: build_script(document, {}, Lexicon.parse([lexicon]), settings)
    )  # the child parses the lexicon for each source, too
    speakers = {who: most[one.engine] for who, one in settings.speakers.items()}
    _, cut_s = _timed(lambda: chunk_script(script, speakers))
    spent.read_s += read_s
    spent.write_s += write_s
    spent.cut_s += cut_s


def _ready(bare: MarkdownIt) -> None:
    """Have loaded what is loaded late, and compiled what is compiled once."""
    text = blog.post(300, seed=5)
    bare.parse(text)
    for suffix, form in _FORMS.items():
        _make_chunks(form(text).encode(), f"post{suffix}", Spent())


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """What a piece of work gives, and its processor time in seconds."""
    began_s = time.process_time()
    value = work()
    return value, time.process_time() - began_s
