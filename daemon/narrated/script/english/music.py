"""Say notes with accidentals: C♯ is "C sharp", Eb major "E flat major"."""

import re

from narrated.script.english.rule_engine import Rules, rule, starts_at, word_table

_ACCIDENTALS = word_table("""
    ♯: sharp; ♭: flat; ♮: natural; 𝄪: double sharp; 𝄫: double flat; #: sharp; b: flat
""")
_CHORDS = word_table("m: minor; min: minor; maj: major; dim: diminished; aug: augmented")
_KEY = (
    r"(?=\s(?:minor|major|maj|min|dim|sharp|flat|chord|scale|key|notes?"
    r"|clarinet|trumpet|horn|sax)\b)"
)


def _note(found: re.Match[str]) -> str:
    chord = f" {_CHORDS[found['chord']]}" if found["chord"] else ""
    seventh = f" {found['number']}" if found["number"] else ""
    return f"{found[1]} {_ACCIDENTALS[found[2]]}{chord}{seventh}"


_CHORD = r"(?P<chord>maj|min|dim|aug|m)?(?P<number>6|7|9|11|13)?(?!\w)"

HINT = r"[A-G♯♭♮𝄪𝄫](?:(?<=[♯♭♮𝄪𝄫])|[#b](?=\s|m|7|d)|(?:maj|min|dim|aug)\d)"

RULES: Rules = (
    rule(rf"(?<![A-Za-z])([A-Ga-g])([♯♭♮𝄪𝄫]){_CHORD}", _note, "♯♭♮𝄪𝄫"),
    rule(
        rf"(?<!\w)([A-G])([#b])(?:(?=m|7|dim|maj)|{_KEY}){_CHORD}",
        _note,
        "#b",
        starts_at(r"[A-G](?=[#b](?:\s|m|7|d))"),
    ),
    rule(
        r"(?<!\w)([A-G])(maj|min|dim|aug)(6|7|9|11|13)(?!\w)",
        lambda found: f"{found[1]} {_CHORDS[found[2]]} {found[3]}",
        starts=starts_at(r"[A-G](?=(?:maj|min|dim|aug)\d)"),
    ),
    rule(r"[♯♭♮]", lambda found: f" {_ACCIDENTALS[found[0]]} ", "♯♭♮"),
)
"""Notes; `F#` alone is the language, and sounds the same."""
