"""Measures reading and script against a bare Markdown parser, and that they stay linear.

    python bench/reading.py [--quick] [CASE ...]

In processor time, step by step as a parser process goes. Exits with 1 if a figure misses its goal.
"""

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from markdown_it import MarkdownIt

from measuring import blog
from measuring.program import Figure, measure, parse_cases, say
from narrated.config.values import Config
from narrated.config.worker_specs import configured_speakers, speech_engines
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.lexicon import Lexicon

PARSES = 10.0
"""Reading and script may take so many times the bare parse."""
LONGER, LINEAR = 10, 11.5
"""A post so many times as long may take so many times the time."""
LEXICON = Path(__file__).parents[1] / "config" / "lexicon.yaml"

_FORMS: dict[str, Callable[[str], str]] = {".md": str, ".html": blog.page, ".txt": blog.plain}

STEPS = ("reading", "script", "cutting")
Spent = Counter[str]
"""Seconds of processor time, by step."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ReadingSizes:
    """Sizes of a run."""

    words: int = 1_000_000
    """Of all runs together."""
    post_words: int = 20_000
    rounds: int = 5
    """The figures are the medians of so many runs."""


@dataclass(slots=True)
class RateRun:
    """Posts of one run, and the time that they took."""

    spent: Spent = field(default_factory=Spent)
    words: int = 0
    posts: int = 0


QUICK = ReadingSizes(words=10_000, post_words=1_000, rounds=1)


def main() -> int:
    cases = {"rate": rate, "linear": linear}
    wanted = parse_cases(__doc__, cases)
    return measure(cases, wanted, QUICK if wanted.quick else ReadingSizes())


def rate(sizes: ReadingSizes) -> list[Figure]:
    """Parse many posts bare, and make each into chunks, in several runs of other posts each."""
    bare = MarkdownIt("commonmark").enable("table")
    _warm_up(bare)
    runs = []
    for number in range(sizes.rounds):
        say(f"rate: run {number + 1} of {sizes.rounds}")
        runs.append(_rate_run(bare, sizes.words // sizes.rounds, seed=11 + number))
    return _rates(runs)


def _rate_run(bare: MarkdownIt, words: int, seed: int) -> RateRun:
    run = RateRun()
    for text in blog.posts(words, seed=seed):
        run.words += len(text.split())
        run.posts += 1
        gc.collect()  # a step does not pay for the garbage of the one before
        _timed(run.spent, "parse", lambda text=text: bare.parse(text))
        _make_chunks(text.encode(), "post.md", run.spent)
    return run


def _rates(runs: list[RateRun]) -> list[Figure]:
    ratios = [_script_s(run.spent) / run.spent["parse"] for run in runs]
    times = median(ratios)
    words, posts = sum(run.words for run in runs), sum(run.posts for run in runs)
    spent = sum((run.spent for run in runs), Spent())
    parse_s, script_s, all_s = spent["parse"], _script_s(spent), _all_s(spent)
    shares = ", ".join(f"{step} {spent[step] / all_s:.0%}" for step in STEPS)
    return [
        Figure(
            f"reading and script of {posts} posts of {words} words in all, against "
            "markdown-it-py's bare parse of each just before (processor time)",
            f"{times:.1f} x ({_of_runs(ratios)}; {words / script_s:,.0f} words/s; "
            f"bare parse {words / parse_s:,.0f} words/s)",
            f"at most {PARSES:g} x the bare parse",
            times <= PARSES,
        ),
        Figure(
            "the same with cutting into chunks, and its steps",
            f"{all_s / parse_s:.1f} x ({words / all_s:,.0f} words/s; {shares})",
            "",
            None,
        ),
    ]


def linear(sizes: ReadingSizes) -> list[Figure]:
    """Make one post, and one ten times as long, into chunks in turn."""
    short, long = (blog.post(sizes.post_words * each, seed=23) for each in (1, LONGER))
    _warm_up(MarkdownIt())
    return [_growth(suffix, form(short), form(long), sizes) for suffix, form in _FORMS.items()]


def _growth(suffix: str, short: str, long: str, sizes: ReadingSizes) -> Figure:
    rounds = []
    for number in range(sizes.rounds):
        say(f"linear: {suffix}, round {number + 1} of {sizes.rounds}")
        rounds.append(_round(f"post{suffix}", short.encode(), long.encode()))
    ratios = [_all_s(each) / _all_s(shorts) * LONGER for shorts, each in rounds]
    times = median(ratios)
    short_s = median(_all_s(shorts) for shorts, _ in rounds) / LONGER
    long_s = median(_all_s(each) for _, each in rounds)
    steps = ", ".join(
        f"{step} {median(each[step] / shorts[step] for shorts, each in rounds) * LONGER:.1f} x"
        for step in ("reading", "script")
    )
    return Figure(
        f"one {suffix} of {len(long.split())} words against one of {len(short.split())}, made "
        "into chunks (processor time)",
        f"{times:.1f} x ({_of_runs(ratios)}; {steps}; {long_s:.2f} s to {short_s:.2f} s)",
        f"at most {LINEAR} x",
        times <= LINEAR,
    )


def _of_runs(ratios: list[float]) -> str:
    if len(ratios) == 1:
        return "one run"
    return f"median of {len(ratios)} runs, {min(ratios):.1f} to {max(ratios):.1f}"


def _round(name: str, short: bytes, long: bytes) -> tuple[Spent, Spent]:
    """Time the long post among as much work on the short one, at the same pace of the machine."""
    shorts, whole = Spent(), Spent()
    for _ in range(LONGER // 2):
        _make_chunks(short, name, shorts)
    _make_chunks(long, name, whole)
    for _ in range(LONGER // 2):
        _make_chunks(short, name, shorts)
    return shorts, whole


def _make_chunks(data: bytes, name: str, spent: Spent) -> None:
    """Do what a parser process does with a source, but for its character set."""
    config = Config(inbox=Path("inbox"), outbox=Path("outbox"))
    settings, most = config.settings, speech_engines(config).limits
    lexicon = LEXICON.read_text()
    gc.collect()
    document = _timed(spent, "reading", lambda: read(data, name))
    # A parser process parses the lexicon for each source, too.
    script = _timed(
        spent, "script", lambda: build_script(document, {}, Lexicon.parse([lexicon]), settings)
    )
    speakers = {who: most[one.engine] for who, one in configured_speakers(config).items()}
    _timed(spent, "cutting", lambda: chunk_script(script, speakers))


def _warm_up(bare: MarkdownIt) -> None:
    """Load and compile all that is loaded or compiled at its first use."""
    text = blog.post(300, seed=5)
    bare.parse(text)
    for suffix, form in _FORMS.items():
        _make_chunks(form(text).encode(), f"post{suffix}", Spent())


def _timed(spent: Spent, step: str, work: Callable[[], Value]) -> Value:
    """Do some work, and add its processor time."""
    began_s = time.process_time()
    value = work()
    spent[step] += time.process_time() - began_s
    return value


def _script_s(spent: Spent) -> float:
    """Reading and script, without the cutting."""
    return spent["reading"] + spent["script"]


def _all_s(spent: Spent) -> float:
    return sum(spent[step] for step in STEPS)


if __name__ == "__main__":
    sys.exit(main())
