"""Edit distance of two texts in letters, by Myers' bit vectors: one step for each letter of one."""


def letter_distance(one: str, other: str) -> int:
    """Count the letters to add, drop or change (Myers 1999, in the form of Hyyrö 2003)."""
    if one == other:
        return 0
    if not one or not other:
        return len(one) + len(other)
    places: dict[str, int] = {}
    for at, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << at
    return _distance(places, len(one), other)


def _distance(places: dict[str, int], size: int, other: str) -> int:
    """`places` has a bit for each place of a letter in a text of this size."""
    whole, last = (1 << size) - 1, 1 << (size - 1)
    more, less, distance = whole, 0, size
    for letter in other:
        same = places.get(letter, 0)
        across = (((same & more) + more) ^ more) | same | less
        grows, shrinks = less | (~(across | more) & whole), more & across
        distance += bool(grows & last) - bool(shrinks & last)
        grows, shrinks = (grows << 1 | 1) & whole, shrinks << 1 & whole
        more, less = shrinks | (~(same | less | grows) & whole), grows & (same | less)
    return distance
