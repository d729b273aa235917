"""Languages by their codes, as far as the script tells them apart."""


def base_language(language: str) -> str:
    """Give the language of a code, whatever its region: `en-GB` and `en_US` are `en`."""
    return language.replace("_", "-").partition("-")[0].lower()


def is_english(language: str) -> bool:
    """Tell whether our own words, and the rules of English, hold for a language."""
    return base_language(language) == "en"
