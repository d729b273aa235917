"""Sources to narrate: the same words in every run, and no sentence twice."""

from collections.abc import Iterator
from random import Random

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
restore migrate upgrade downgrade implementation documentation configuration authentication
specification optimisation responsibility infrastructure serialisation synchronisation
compatibility performance availability consistency durability concurrency parallelism latency
throughput bandwidth overhead bottleneck regression benchmark workload deadline timeout interval
threshold estimate average percentile distribution variance histogram dashboard incident
token session cookie certificate signature permission policy account tenant region replica
shard ledger journal snapshot segment block sector cylinder platter controller firmware battery
morning evening afternoon yesterday tomorrow week month year decade moment history story reader
author engineer colleague customer company team meeting discussion argument decision mistake
light shadow colour silence noise signal voice language sentence paragraph letter word alphabet
wide narrow bright dark warm cold quiet loud heavy empty full early late recent ancient modern
free local remote public private internal external temporary permanent random sequential
partial complete correct wrong broken reliable fragile robust elegant clumsy honest curious
don't doesn't isn't it's let's we've they're server's machine's author's
"""
VOCABULARY = _VOCABULARY.split()
"""Words of a technical blog, roughly by frequency."""
_PLAIN = [word for word in dict.fromkeys(VOCABULARY) if word.isalpha() and 3 < len(word) < 7]


def sentence(random: Random) -> str:
    words = random.choices(_PLAIN, k=random.randint(6, 20))
    if len(words) > 12:
        words[len(words) // 2] += ","
    return " ".join(words).capitalize() + "."


def paragraphs(words: int, seed: int) -> Iterator[str]:
    """Paragraphs of 50 to 130 words, until there are so many words."""
    random = Random(seed)
    while words > 0:
        wanted = min(words, random.randint(50, 130))
        sentences: list[str] = []
        while sum(len(each.split()) for each in sentences) < wanted:
            sentences.append(sentence(random))
        words -= sum(len(each.split()) for each in sentences)
        yield " ".join(sentences)


def post(words: int, seed: int = 1) -> str:
    """A post in Markdown: a title, and a heading every eighth paragraph."""
    blocks = ["# A long way through the country"]
    for number, paragraph in enumerate(paragraphs(words, seed), start=1):
        blocks.append(paragraph)
        if number % 8 == 0:
            blocks.append(f"## {sentence(Random(seed + number))[:-1]}")
    return "\n\n".join(blocks) + "\n"


def note(number: int, seed: int = 1) -> str:
    """One line that no other note has."""
    return f"{mark(number)}: {sentence(Random(seed * 1_000_000 + number))}\n"


def mark(number: int) -> str:
    """Three words that stand for a number, and are spoken as they are written."""
    base = len(_PLAIN)
    digits = (number // base**2 % base, number // base % base, number % base)
    return " ".join(_PLAIN[digit] for digit in digits).capitalize()
