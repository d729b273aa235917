"""Mark technical terms that voices may say wrongly; each voice's front knows which it does."""

from narrated.script.english.rule_engine import Rules, any_of, rule, word_set
from narrated.script.marks import mark_word

TERMS = word_set("""
    async asyncio regex regexp regexes kubectl LaTeX TeX libc glibc inode inodes chroot enum enums
    config configs umask umount scipy SciPy numpy matplotlib sklearn tkinter Vite Xorg Knuth Xiaomi
    Huawei Qwen SaaS PaaS IaaS zstd zsh Zsh fsck ioctl vimrc bashrc Jupyter VoIP pypi
""")
HINT = rf"\b(?:{any_of(TERMS)})\b"
RULES: Rules = (rule(HINT, lambda found: mark_word(found[0])),)
