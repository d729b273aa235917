"""The tree of a page is Beautiful Soup's own, but is built in less time."""

import pytest
from bs4 import BeautifulSoup, Tag

from narrated.reading.html_tree import tree_of


@pytest.mark.parametrize(
    "html",
    [
        "",
        "words",
        "<!DOCTYPE html><p>one<p>two</html>three<!-- four --><?php five ?>",
        "<p class='a  b' id=c>x<br>y<b> \n </b></p> \t <pre> \n </pre><!---->",
        "<div><p></div></p></b><table>stray<td headers='a b'>c</table>",
        "<a {{ x }} {y}z='1' rel='a b'>b</a><meta charset=utf-8><svg:rect/>",
        "<script>a < b</script><style>c</style><template>d<rt>e</rt></template>f",
        "<textarea>  <pre>\n</pre>  </textarea>  <option>g<option>h",
    ],
)
def test_tree_is_beautiful_soups_own(html: str) -> None:
    """Each element and string has the same content and the same neighbours as in its own tree."""
    expected = BeautifulSoup(f"<html><body>{html}</body></html>", "lxml")

    assert _described(tree_of(f"<html><body>{html}</body></html>")) == _described(expected)
    assert _described(tree_of(html)) == _described(BeautifulSoup(html, "lxml"))


def _described(tree: BeautifulSoup) -> list[object]:
    nodes = [tree, *tree.descendants]
    numbers = {id(node): number for number, node in enumerate(nodes)}
    neighbours = ("parent", "previous_element", "next_element", "previous_sibling", "next_sibling")
    return [
        (
            type(node).__name__ if not isinstance(node, Tag) else (node.name, dict(node.attrs)),
            str(node),
            node.get_text() if isinstance(node, Tag) else "",
            [numbers.get(id(getattr(node, key)), -1) for key in neighbours],
        )
        for node in nodes
    ]
