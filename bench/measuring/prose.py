"""Sentences in the manner of a technical blog, with all that stands between its words."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random

Maker = Callable[[], str]
"""Writes something anew each time."""

_VOCABULARY = """
the of and to a in is it that for we with on as this be are was from at by not but or an have
which you can has will when if they all one more there so what would about how only then other
its than into some time just also because most does same after each first where our over work
every before like these two without system file data code server process memory query request
change problem model version test result number line function value thread cache disk network
error message user table index page build release type system small large slow fast better
worse enough almost never always often once again still perhaps quite rather simply exactly
actually finally instead however therefore otherwise meanwhile usually roughly carefully
quickly silently eventually probably certainly read write open close start stop send receive
keep hold give take make find look think know learn measure compare explain describe remember
forget happen appear remain become break repair replace remove insert update delete copy move
merge split parse render compile execute schedule allocate release connect listen accept refuse
retry recover restart deploy configure monitor observe optimise benchmark profile debug trace
sample encode decode compress encrypt validate verify normalise transform aggregate distribute
replicate synchronise partition balance throttle buffer flush commit rollback snapshot archive
restore migrate upgrade downgrade implementation documentation configuration authentication
specification optimisation responsibility infrastructure serialisation synchronisation
compatibility performance availability consistency durability concurrency parallelism latency
throughput bandwidth overhead bottleneck regression benchmark workload deadline timeout interval
threshold estimate average percentile distribution variance histogram dashboard incident
postmortem pipeline container cluster scheduler kernel driver compiler interpreter runtime
library framework dependency package module interface protocol socket packet header payload
token session cookie certificate signature permission policy account tenant region replica
shard ledger journal snapshot segment block sector cylinder platter controller firmware battery
morning evening afternoon yesterday tomorrow week month year decade moment history story reader
author engineer colleague customer company team meeting discussion argument decision mistake
lesson surprise idea reason question answer example exercise experiment hypothesis evidence
theory practice habit pattern principle trick shortcut detour journey mountain river island
garden kitchen window bicycle camera piano violin orchestra weather winter summer autumn spring
light shadow colour silence noise signal voice language sentence paragraph letter word alphabet
dictionary grammar translation pronunciation rhythm melody long short high low deep shallow
wide narrow bright dark warm cold quiet loud heavy empty full early late recent ancient modern
simple complicated obvious subtle strange familiar useful harmless dangerous expensive cheap
free local remote public private internal external temporary permanent random sequential
synchronous asynchronous sorted hashed nested recursive generic specific abstract concrete
partial complete correct wrong broken reliable fragile robust elegant clumsy honest curious
don't doesn't isn't it's let's we've they're server's machine's author's
"""
_WORDS = _VOCABULARY.split()
_TALLY = list(accumulate(1 / (rank + 8) for rank in range(len(_WORDS))))
"""The words above are sorted roughly by how often they are met; so are they drawn."""
_ACRONYMS = "API CPU GPU TTS SQL HTTP JSON YAML TLS DNS SSD RAM CLI SDK NASA GPUs URLs US"
_NAMES = "Python Postgres Redis Linux GitHub Kubernetes SQLite Rust Berlin Lisbon Ada"
_SHORT = ("e.g.", "i.e.", "etc.", "vs.", "approx.", "cf.", "Dr. Hale", "Fig. 3", "No. 7", "p. 12")
_EMOJI = ("😀", "👍🏽", "🎉", "🚀", "🇩🇪", "⚠️")
_UNITS = "GB MB ms kg km GHz KiB fps dB °C km/h MB/s %"
_MONTHS = "January March May June August October December"
_SUFFIXES = "py md yaml rs html log js"


class Prose:
    """Writes sentences; the same ones for the same `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._things: Sequence[tuple[Maker, int]] = (
            (self.number, 8),
            (self.measure, 7),
            (self._code_words, 12),
            (self._link, 9),
            (self._emphasis, 8),
            (self._acronym, 8),
            (self._name, 6),
            (self.identifier, 5),
            (self._date, 5),
            (self._version, 4),
            (self._path, 3),
            (self._abbreviation, 4),
            (self._money, 2),
            (self._clock, 2),
            (self._address, 1),
            (self._smile, 1),
        )

    def one_of(self, makers: Sequence[tuple[Maker, int]]) -> str:
        """What one of several makers writes, each as often as its number says."""
        every, weights = zip(*makers, strict=True)
        maker: Maker = self.random.choices(every, weights)[0]
        return maker()

    def _some(self, least: int, most: int) -> list[str]:
        count = self.random.randint(least, most)
        return self.random.choices(_WORDS, cum_weights=_TALLY, k=count)

    def phrase(self, least: int, most: int) -> str:
        return " ".join(self._some(least, most))

    def sentence(self) -> str:
        words = self._some(6, 24)
        for at in range(3, len(words), 9):
            if self.random.random() < 0.7:
                words[at] = self.one_of(self._things)
        if len(words) > 11:
            words[len(words) // 2] += self.random.choice(",,,,;:")
        words[0] = words[0][0].upper() + words[0][1:]
        return " ".join(words) + self.random.choice("........?!")

    def sentences(self, least: int, most: int) -> str:
        return " ".join(self.sentence() for _ in range(self.random.randint(least, most)))

    def number(self) -> str:
        number = self.random.randrange(10 ** self.random.randint(1, 7))
        return self.random.choice((f"{number}", f"{number:,}", f"{number / 100:.2f}"))

    def measure(self) -> str:
        space = self.random.choice(("", " "))
        return f"{self.random.randint(1, 900)}{space}{self.random.choice(_UNITS.split())}"

    def _money(self) -> str:
        return f"{self.random.choice('$€£')}{self.random.randint(1, 9_999) / 100:.2f}"

    def _date(self) -> str:
        year, month, day = (self.random.randint(*each) for each in ((1950, 2025), (1, 12), (1, 28)))
        spelled = f"{self.random.choice(_MONTHS.split())} {day}, {year}"
        return self.random.choice((f"{year}-{month:02}-{day:02}", spelled, f"in {year}"))

    def _clock(self) -> str:
        return f"{self.random.randint(0, 23)}:{self.random.randint(0, 59):02}"

    def _version(self) -> str:
        parts = ".".join(str(self.random.randint(0, 20)) for _ in range(3))
        return self.random.choice((f"v{parts}", parts, f"Python 3.{self.random.randint(8, 14)}"))

    def identifier(self) -> str:
        words = [word for word in self._some(2, 3) if word.isalpha()] or ["size"]
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        return self.random.choice(("_".join(words), camel, f"{camel}()"))

    def _path(self) -> str:
        names = "/".join(word for word in self._some(2, 3) if word.isalpha())
        suffix = self.random.choice(_SUFFIXES.split())
        return self.random.choice((f"/usr/{names}", f"{names}.{suffix}", f"~/{names}.{suffix}"))

    def _code_words(self) -> str:
        return f"`{self.one_of(((self.identifier, 5), (self._path, 2), (self._flag, 2)))}`"

    def _flag(self) -> str:
        return f"--{self._some(1, 1)[0].strip(chr(39))}-{self.random.randint(0, 9)}"

    def _link(self) -> str:
        return f"[{self.phrase(1, 4)}]({self._address()})"

    def _address(self) -> str:
        return f"https://example.org/{self.random.randint(2005, 2025)}/{self.random.randrange(999)}"

    def _emphasis(self) -> str:
        mark = self.random.choice(("*", "**", "_"))
        return f"{mark}{self.phrase(1, 4)}{mark}"

    def _acronym(self) -> str:
        return self.random.choice(_ACRONYMS.split())

    def _name(self) -> str:
        return self.random.choice(_NAMES.split())

    def _abbreviation(self) -> str:
        return self.random.choice(_SHORT)

    def _smile(self) -> str:
        return self.random.choice(_EMOJI)
