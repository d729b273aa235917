"""The voices of SVOX Pico, and what tells them from espeak's; it imports nothing."""

from collections.abc import Mapping

PACKAGE = "py-nanotts"
MODULE = "py_nanotts"

VOICES: Mapping[str, tuple[str, ...]] = {
    "en-US": ("en",),
    "en-GB": (),
    "de-DE": ("de",),
    "es-ES": ("es",),
    "fr-FR": ("fr",),
    "it-IT": ("it",),
}
"""Each voice, with the languages without a country that it is the best for."""

LANGUAGES: tuple[str, ...] = tuple(sorted(code for codes in VOICES.values() for code in codes))
"""The languages that it speaks, without countries."""

OWN_OPTIONS = frozenset({"speed"})
"""Its options that espeak has not."""
