"""Compare language codes."""


def base_language(language: str) -> str:
    """Give the language of a code without its region: `en-GB` and `en_US` are `en`."""
    return language.replace("_", "-").partition("-")[0].lower()


def is_english(language: str) -> bool:
    """True if the announcements and the rules of English apply to a language."""
    return base_language(language) == "en"
