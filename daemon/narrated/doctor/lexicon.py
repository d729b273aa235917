"""Checks the configured lexicon: without it no post is narrated."""

from collections.abc import Iterator

from narrated.config.values import Config
from narrated.doctor.finding import Finding, shown, well, wrong
from narrated.errors import SourceError
from narrated.script.lexicon import Lexicon


def check_lexicon(config: Config) -> Iterator[Finding]:
    """Check that the configured lexicon, if there is one, can be read and understood."""
    path = config.reading.lexicon
    if path is None:
        return
    try:
        Lexicon.parse([path.read_text(encoding="utf-8")], [str(path)])
    except SourceError as error:
        yield wrong("lexicon", error.problem, error.remedy)
    except UnicodeDecodeError:
        yield wrong("lexicon", f"The lexicon {shown(path)} is not UTF-8.", "Save it as UTF-8.")
    except OSError as error:
        yield wrong(
            "lexicon",
            f"The lexicon {shown(path)} cannot be read: {error.strerror}.",
            "Put it there, or take `lexicon` out of `reading:`. Files fail until then.",
        )
    else:
        yield well("lexicon", f"{shown(path)} can be used.")
