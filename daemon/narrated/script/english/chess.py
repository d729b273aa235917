"""Say chess moves in algebraic notation: Qxf7# is "queen takes f seven mate"."""

import re

from narrated.script.english.numbers import cardinal
from narrated.script.english.rule_engine import Rules, rule, starts_at, word_table

_PIECES = word_table("K: king; Q: queen; R: rook; B: bishop; N: knight")
_ENDS = {"+": " check", "++": " double check", "#": " mate", None: ""}
_MOVE = (
    r"(?P<piece>[KQRBN])?(?P<from>[a-h]?[1-8]?)(?P<takes>x)?(?P<file>[a-h])(?P<rank>[1-8])"
    r"(?:=?(?P<becomes>[QRBN])(?!\w))?(?P<end>\+\+?|#)?(?P<mark>[!?]{1,2}(?=[\s,.;)]|$))?"
)


def _move(found: re.Match[str]) -> str:
    piece, taken = found["piece"], found["takes"]
    is_plain = not (piece or taken or found["becomes"] or found["end"] or found["from"])
    if is_plain or found[0][:2] == "Rc":  # e4 may be anything, and Rc2 a release
        return found[0]
    said = [
        _PIECES.get(piece, ""),
        " ".join(cardinal(sign) if sign.isdigit() else sign for sign in found["from"]),
        "takes" if taken else "",
        f"{found['file']} {cardinal(found['rank'])}",
        _PIECES.get(found["becomes"], ""),
    ]
    space = " " if found.string.endswith(".", 0, found.start()) else ""  # 1.Nf3
    return space + " ".join(filter(None, said)) + _ENDS[found["end"]] + (found["mark"] or "")


# A hint that begins with one class of rare signs is found fast.
HINT = r"[1-8O0](?:(?<=[KQRBNa-h1-8x.][a-h]\d)|(?<=[a-h]\d)(?=[=+#QRBN])|-[O0])"

RULES: Rules = (
    rule(
        r"(?<!\S)(\d{1,3})\.(?=[a-h](?:x[a-h])?[1-8](?!\w)|O-O)",
        r"\1. ",
        ".",
        starts_at(r"\d+\.(?=[a-hO])"),
    ),
    rule(
        rf"(?:(?<![\w.#/-])|(?<=\d\.)|(?<=\.\.\.)){_MOVE}(?![\w/-]|\.\d)",
        _move,
        "12345678",
        starts_at(r"(?:[KQRBN](?=[a-hx1-8])|[a-h](?=x[a-h]|[1-8][=+#]|[1-8][QRBN]))"),
    ),
    rule(r"\bO-O-O\b", "castles queenside", "O", starts_at("O-O-O")),
    rule(r"\bO-O\b(?!-)", "castles", "O", starts_at("O-O")),
    rule(r"\b0-0-0\b", "castles queenside", "0", starts_at("0-0-0")),
)
"""Moves of pieces, captures, promotions and castling; a pawn's bare e4 is said as it is written."""
