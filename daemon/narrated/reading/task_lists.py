"""The tasks of a list: items that begin with a box to tick."""

from bs4 import Tag

_AROUND = frozenset({"p", "label", "span", "div"})


def task(item: Tag) -> bool | None:
    """Tell whether the task of an item is done, and take its box away; None for other items."""
    for node in item.descendants:
        if not isinstance(node, Tag):
            if str(node).strip():
                return None
        elif node.name == "input" and str(node.get("type")).lower() == "checkbox":
            done = node.has_attr("checked")
            node.extract()
            return done
        elif node.name not in _AROUND:
            return None
    return None
