"""Sources to narrate: the same words in every run, and no sentence twice."""

from collections.abc import Iterator
from random import Random

_VOCABULARY = """
about above across after again against air all almost along already also always among another
answer anything around ask away back bank because become before begin behind believe below best
better between big bird black blue boat body book both bottom bridge bright bring brother build
burn busy call came car care carry catch change child church city clear close cold colour come
common corner could country cover cross cry dark daughter day deep door down draw dream dry each
early earth east eat edge eight either enough evening ever every eye face fall family far farm
father feel field find fire first fish five follow food forest forget found four friend from
front full garden gate give glass gold good grass great green ground group grow half hand happy
hard hear heart heavy help high hill hold home horse hour house hundred idea inside iron island
journey keep kind know lake land large last late laugh learn leave letter light line listen
little live long look lose low make many mark market matter mean meet middle mile minute money
month moon morning most mother mountain mouth move much music must name near never new next
night nine none north nothing notice number ocean often old once only open other our outside
over own page paint paper part pass past path people perhaps picture piece place plain plant
play point poor power present press quick quiet quite rain raise reach read ready reason red
remember rest rich ride right river road rock roof room round run sail salt same sand school sea
season second seed seem send seven shade shape ship shoe shop shore short should show side
silver simple sing sister six sky sleep slow small smile snow soft some song soon sound south
speak spring stand star start station stay step still stone stop storm story strange stream
street strong such summer sun sure table take talk tall teach tell than that then there these
thin thing think this those three through time today together tomorrow tonight toward town
travel tree true turn twelve twenty two under until upon use valley very village visit voice
wait walk wall warm wash watch water wave way wear week west wheel when where which white who
why wide wild wind window winter wish with without woman wonder wood word work world write year
yellow yesterday yet young
"""
_WORDS = _VOCABULARY.split()


def sentence(random: Random) -> str:
    words = random.choices(_WORDS, k=random.randint(6, 20))
    if len(words) > 12:
        words[len(words) // 2] += ","
    return " ".join(words).capitalize() + "."


def paragraphs(words: int, seed: int) -> Iterator[str]:
    """Paragraphs of 50 to 130 words, until there are so many words."""
    random = Random(seed)
    while words > 0:
        wanted = min(words, random.randint(50, 130))
        said: list[str] = []
        while sum(len(each.split()) for each in said) < wanted:
            said.append(sentence(random))
        words -= sum(len(each.split()) for each in said)
        yield " ".join(said)


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
    base = len(_WORDS)
    digits = (number // base**2 % base, number // base % base, number % base)
    return " ".join(_WORDS[digit] for digit in digits).capitalize()
