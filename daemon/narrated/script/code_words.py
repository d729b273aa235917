"""Say code in words: name its operators, and leave out its brackets and quotation marks."""

from narrated.script.language_codes import is_english


def code_words(code: str, language: str) -> str:
    """Say code on one line in words; return it unchanged for languages other than English.

    Names, numbers, paths and flags stay unchanged, for the normalisation rules.
    """
    if not is_english(language):
        return " ".join(code.split())
    from narrated.script.english.code_signs import say_code  # late: some texts have no code

    return say_code(code)
