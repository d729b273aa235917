"""The languages of espeak-ng's voices; it imports nothing, and loads no library."""


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES = _codes("""
    af am an ar as az ba be bg bn bpy bs ca chr cmn cs cv cy da de el en eo es et eu fa fi fo fr ga
    gd gn grc gu hak haw hbs he hi hr ht hu hy hyw ia id io is it ja jbo ka kaa kk kl kn ko kok ku
    ky la lb lfn lt ltg lv mi mk ml mr ms mt mto my nb nci ne nl no nog om or pa pap piqd pl pt py
    qdb qu quc qya ro ru sd shn si sjn sk sl smj sq sr sv sw ta te th ti tk tn tr tt ug uk ur uz vi
    xex yue zh
""")
"""Without countries. For any other language espeak takes its English voice."""
