"""Apple's categories of podcasts, which the other directories use as well.

https://podcasters.apple.com/support/1691-apple-podcasts-categories
"""

from collections.abc import Mapping
from types import MappingProxyType

_TABLE = """
Arts: Books, Design, Fashion & Beauty, Food, Performing Arts, Visual Arts
Business: Careers, Entrepreneurship, Investing, Management, Marketing, Non-Profit
Comedy: Comedy Interviews, Improv, Stand-Up
Education: Courses, How To, Language Learning, Self-Improvement
Fiction: Comedy Fiction, Drama, Science Fiction
Government:
Health & Fitness: Alternative Health, Fitness, Medicine, Mental Health, Nutrition, Sexuality
History:
Kids & Family: Education for Kids, Parenting, Pets & Animals, Stories for Kids
Leisure: Animation & Manga, Automotive, Aviation, Crafts, Games, Hobbies, Home & Garden, \
Video Games
Music: Music Commentary, Music History, Music Interviews
News: Business News, Daily News, Entertainment News, News Commentary, Politics, Sports News, \
Tech News
Religion & Spirituality: Buddhism, Christianity, Hinduism, Islam, Judaism, Religion, Spirituality
Science: Astronomy, Chemistry, Earth Sciences, Life Sciences, Mathematics, Natural Sciences, \
Nature, Physics, Social Sciences
Society & Culture: Documentary, Personal Journals, Philosophy, Places & Travel, Relationships
Sports: Baseball, Basketball, Cricket, Fantasy Sports, Football, Golf, Hockey, Rugby, Running, \
Soccer, Swimming, Tennis, Volleyball, Wilderness, Wrestling
Technology:
True Crime:
TV & Film: After Shows, Film History, Film Interviews, Film Reviews, TV Reviews
"""

Category = tuple[str, str]
"""A category, and one below it; the second is empty if none is named."""


def _table() -> Mapping[str, tuple[str, ...]]:
    rows = (line.partition(":") for line in _TABLE.strip().splitlines())
    return MappingProxyType(
        {name: tuple(filter(None, map(str.strip, below.split(",")))) for name, _, below in rows}
    )


CATEGORIES = _table()
"""The categories, each with those below it."""
_BY_NAME: Mapping[str, Category] = MappingProxyType(
    {name.casefold(): (name, "") for name in CATEGORIES}
    | {sub.casefold(): (name, sub) for name, below in CATEGORIES.items() for sub in below}
)


def category(name: str) -> Category | None:
    """Find a category by its name, or one below another by its own; None if Apple has none.

    `Books` and `Arts > Books` are the same one.
    """
    *above, own = (part.strip() for part in name.casefold().split(">"))
    found = _BY_NAME.get(own)
    if found is None or (above and above != [found[0].casefold()]):
        return None
    return found


def category_names() -> list[str]:
    """List the names of all categories."""
    return [sub or name for name, sub in _BY_NAME.values()]
