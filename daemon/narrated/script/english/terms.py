"""Mark technical terms that voices may say wrongly; each voice's front knows which it does."""

import re

from narrated.script.english.rule_engine import any_of, word_set
from narrated.script.marks import mark_word
from narrated.script.words_of_text import words_of_text

TERMS = word_set("""
    async asyncio regex regexp regexes kubectl LaTeX TeX libc glibc inode inodes chroot enum enums
    config configs umask umount scipy SciPy numpy matplotlib sklearn tkinter Vite Xorg Knuth Xiaomi
    Huawei Qwen SaaS PaaS IaaS zstd zsh Zsh fsck ioctl vimrc bashrc Jupyter VoIP pypi
""")
_TERM = re.compile(rf"\b(?:{any_of(TERMS)})\b")


def has_terms(text: str) -> bool:
    """True if a text has a term. A look-up of its words is cheaper than a search for the terms."""
    return not TERMS.isdisjoint(words_of_text(text))


def mark_terms(text: str) -> str:
    """Mark the terms of a text."""
    return _TERM.sub(lambda found: mark_word(found[0]), text)
