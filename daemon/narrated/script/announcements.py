"""Announcements in English for code, tables, pictures, quotations and lists."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from narrated.script.english.rule_engine import word_table
from narrated.script.spoken_numbers import say_number

_ALIASES = word_table("""
    Ada: ada; AppleScript: applescript; assembly: asm nasm assembly s; awk: awk; batch: bat cmd;
    C: c h; C++: c++ cpp cc hpp cxx; C sharp: c# cs csharp;
    Clojure: clj clojure cljs clojurescript edn; CMake: cmake; CoffeeScript: coffee coffeescript;
    Common Lisp: common-lisp commonlisp cl; CSS: css; CSV: csv; D: d; Dart: dart;
    diff format: diff patch udiff; Docker's language: dockerfile docker;
    Emacs Lisp: elisp emacs-lisp el; F sharp: f# fs fsharp; Fortran: fortran f90; Go: go golang;
    GraphQL: graphql; Graphviz: dot graphviz; Haskell: hs haskell lhs; HTML: html xhtml htm;
    HTTP: http; INI format: ini cfg conf; Java: java; JavaScript: js javascript jsx mjs node;
    JSON: json jsonc json5; Julia: jl julia; Kotlin: kt kotlin kts; LaTeX: latex tex; Less: less;
    Lisp: lisp; Lua: lua; Make: make makefile mk; Markdown: md markdown; MATLAB: matlab; Nix: nix;
    Objective C: objc objective-c objectivec m; OCaml: ocaml ml; Org: org; Pascal: pascal delphi;
    Perl: pl perl; PHP: php; PowerShell: ps1 powershell pwsh; Prolog: prolog;
    Protocol Buffers: proto protobuf; Python: py python python3 python2 pycon ipython; R: r rlang;
    reStructuredText: rst; Ruby: rb ruby erb; Rust: rs rust; Scala: scala;
    Scheme: scheme scm racket rkt; Sass: scss sass;
    shell: bash sh shell zsh fish console shell-session terminal shellsession sh-session;
    Smalltalk: smalltalk; SQL: sql mysql postgresql pgsql plsql sqlite; Swift: swift; TOML: toml;
    TypeScript: ts typescript tsx; Vim script: vim viml vimscript; XML: xml svg xsl; YAML: yaml yml;
    Zig: zig; : text txt plain plaintext none output nohighlight no-highlight raw
""")
_LANGUAGES = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
"""Spoken names of languages by the aliases that code fences use; empty: no language."""


class Lead(NamedTuple):
    """Our words before those of a block: for the ear, and for the eye."""

    said: str
    written: str

    def then(self, other: "Lead") -> "Lead":
        """Give both, one after the other."""
        pairs = zip(self, other, strict=True)
        return Lead(*(" ".join(filter(None, pair)) for pair in pairs))


NO_LEAD = Lead("", "")
QUOTE = Lead("Quote:", "")
LONG_QUOTE = "A longer quotation."
QUOTE_END = "End of quotation."
CODE_END = "End of code."
FORMULA = "A formula."
INLINE_FORMULA = "a formula"
LINK = "(link in post)"
CODE_SNIPPET = "(a piece of code)"
DONE = Lead("Done:", "[x]")
TO_DO = Lead("To do:", "[ ]")
FOOTNOTE = Lead("Footnote:", "Footnote:")
BLANK_CELL = "empty"
PICTURE = "An image"


def byline(author: str, date: str) -> str:
    """Say who wrote a post, and when."""
    said = ", ".join(filter(None, (f"By {author}" if author else "", date)))
    return f"{said}." if said else ""


def announce_admonition(kind: str, title: str) -> str:
    """Announce a note or a warning by its kind and its title: "Warning: Mind the gap."."""
    name = " ".join(re.findall(r"\w+", kind)).capitalize()
    if not title or title.casefold().rstrip(".:! ") == name.casefold():
        return f"{name}:" if name else ""
    ended = title if title[-1] in ".!?:…" else f"{title}."
    return f"{name}: {ended}" if name else ended


def announce_code(language: str, lines: int) -> str:
    """Announce code: "Code in Python, 12 lines."."""
    return f"Code{_in_language(language)}, {_counted(lines, 'line')}."


def announce_code_run(languages: Sequence[str], lines: int) -> str:
    """Announce several pieces of code: "Four pieces of code, forty lines in all."."""
    shared = {_in_language(each) for each in languages}
    where = shared.pop() if len(shared) == 1 else ""
    pieces = _counted(len(languages), "piece")
    return _sentence(f"{pieces} of code{where}, {_counted(lines, 'line')} in all.")


def first_code_line(words: str) -> str:
    """Say the first line of a piece of code, after its announcement."""
    return f"First line: {words}."


def short_code(words: str) -> str:
    """Announce short code together with its words."""
    return f"Code: {words}."


def written_code(code: str) -> str:
    """Announce short code for the eye, to which a full stop would belong to the code."""
    return f"Code: {code}"


def written_first_line(code: str) -> str:
    """Announce the first line of a piece of code for the eye."""
    return f"First line: {code}"


def struck_out(words: str) -> str:
    """Mark words that the author struck out."""
    return f"(struck out: {words.strip()})"


def announce_table(columns: list[str], rows: int) -> str:
    """Announce a table by its columns and the number of its rows."""
    named = f": {', '.join(columns)}" if columns else ""
    return f"A table of {_counted(rows, 'row')}{named}."


def count_more_rows(rows: int) -> str:
    """Tell how many rows of a table follow that are not said."""
    return f"And {_counted(rows, 'more row')}."


def count_pictures(pictures: int) -> str:
    """Tell how many pictures follow each other: "Three images."."""
    return _sentence(f"{_counted(pictures, 'image')}.")


def count_links(links: int) -> str:
    """Tell how many links follow each other: "Nine links."."""
    return _sentence(f"{_counted(links, 'link')}.")


def describe_picture(alt: str, title: str, caption: str) -> str:
    """Describe a picture by its label, title and caption."""
    alt, title, caption = map(_bare, (alt, title, caption.removeprefix(f"{PICTURE}, ")))
    label = "" if alt == caption else alt
    parts = [f"labelled {label}"] if label else []
    parts += [f"titled {title}"] if title not in ("", alt, caption) else []
    if caption and parts:
        return f"{PICTURE}, {', '.join(parts)}, of: {caption}."
    if len(parts) > 1:
        return f"{PICTURE}, {', '.join(parts)}."
    alone = caption or label or title
    return f"{PICTURE}: {alone}." if alone else f"{PICTURE}."


def describe_inline_picture(alt: str, title: str, caption: str) -> str:
    """Describe a picture in brackets, inside a sentence."""
    said = describe_picture(alt, title, caption)
    return f"({said[0].lower()}{said[1:-1]})"


def _in_language(language: str) -> str:
    known = language.lower()
    name = _LANGUAGES.get(known, language.capitalize() if language == known else language)
    return f" in {name}" if name else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _counted(count: int, noun: str) -> str:
    said = say_number(str(count))
    return f"{said} {noun}" if count == 1 else f"{said} {noun}s"


def _bare(text: str) -> str:
    return text.strip().rstrip(".").rstrip()
