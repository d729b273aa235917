"""Our own words: announcements of what cannot be read as it stands."""

_LANGUAGES = {
    "bash": "shell",
    "c": "C",
    "c++": "C++",
    "clj": "Clojure",
    "clojure": "Clojure",
    "cpp": "C++",
    "cs": "C sharp",
    "csharp": "C sharp",
    "css": "CSS",
    "diff": "diff format",
    "dockerfile": "Docker's language",
    "elisp": "Emacs Lisp",
    "emacs-lisp": "Emacs Lisp",
    "go": "Go",
    "haskell": "Haskell",
    "html": "HTML",
    "java": "Java",
    "javascript": "JavaScript",
    "js": "JavaScript",
    "json": "JSON",
    "kotlin": "Kotlin",
    "lisp": "Lisp",
    "common-lisp": "Common Lisp",
    "lua": "Lua",
    "make": "Make",
    "makefile": "Make",
    "php": "PHP",
    "py": "Python",
    "python": "Python",
    "python3": "Python",
    "rb": "Ruby",
    "ruby": "Ruby",
    "rs": "Rust",
    "rust": "Rust",
    "scheme": "Scheme",
    "sh": "shell",
    "shell": "shell",
    "sql": "SQL",
    "toml": "TOML",
    "ts": "TypeScript",
    "typescript": "TypeScript",
    "xml": "XML",
    "yaml": "YAML",
    "yml": "YAML",
    "zsh": "shell",
}

QUOTE = "Quote:"
LONG_QUOTE = "A longer quotation."
QUOTE_END = "End of quotation."
CODE_END = "End of code."
FORMULA = "A formula."
INLINE_FORMULA = "a formula"
LINK = "(link in post)"
FOOTNOTE = "Footnote:"
BLANK_CELL = "empty"
PICTURE = "An image"


def byline(author: str, date: str) -> str:
    """Say who wrote a post, and when."""
    said = ", ".join(filter(None, (f"By {author}" if author else "", date)))
    return f"{said}." if said else ""


def code(language: str, lines: int) -> str:
    """Announce code: "Code in Python, 12 lines."."""
    name = _LANGUAGES.get(language.lower(), language)
    where = f" in {name}" if name else ""
    return f"Code{where}, {_counted(lines, 'line')}."


def table(columns: list[str], rows: int) -> str:
    """Announce a table by its columns and the number of its rows."""
    named = f": {', '.join(columns)}" if columns else ""
    return f"A table of {_counted(rows, 'row')}{named}."


def picture(alt: str, title: str, caption: str) -> str:
    """Describe a picture in a few words: what its author calls it, and what it shows."""
    named = f", titled {_bare(title)}" if title and title != alt else ""
    if not alt:
        said = f"{PICTURE}{named}: {_bare(caption)}" if caption else f"{PICTURE}{named}"
    elif caption and _bare(caption) != _bare(alt):
        said = f"{PICTURE}, labelled {_bare(alt)}{named}, of: {_bare(caption)}"
    else:
        said = f"{PICTURE}{named}: {_bare(alt)}"
    return f"{said}."


def inline_picture(alt: str, title: str, caption: str) -> str:
    """Describe a picture inside a sentence."""
    said = picture(alt, title, caption)
    return f"({said[0].lower()}{said[1:-1]})"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _bare(text: str) -> str:
    return text.strip().rstrip(".").rstrip()
