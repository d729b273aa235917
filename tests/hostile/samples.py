"""Small sources of every kind, from which fuzzing sets out."""

import io
from collections.abc import Iterator

from PIL import Image, PngImagePlugin

FORMATS = {
    ".jpg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
}
POST = """% Title
# A *title* {#a}

Words and [more](u "t"), `code`, **b** ~~s~~ ![alt](p.png) x^2^ $a_1$.[^1] a^[note] <b>raw</b> &amp;

- [x] done
- 1. item

> quote

| a | b |
|---|:-:|
| 1 | 2.5 kg |

```py
code
```

term
: definition

[^1]: Note of 3/4, 1984-05-06, IV, $5, 10:30 and https://a.b/c?d#e.

$$
x
$$

<!-- c --><pre>open
"""
PAGE = """<!doctype html><html lang=en><head><meta charset=utf-8><title>T</title>
<meta name=author content=Ada><style>p{}</style></head><body><nav>menu</nav><article><h1>H</h1>
<p style="display:none">x<p>a<b>b<i>c</b>d</i><sup>2</sup><q>q</q><br><a href=#fn1 role=doc-noteref>
1</a><ul><li><input type=checkbox checked>t</ul><table><caption>c<tr><th>h<tr><td>d</table><dl><dt>a
<dd>b</dl><svg><![CDATA[a]]></svg><math alttext="x"><mi>x</math><img src=a.png alt=b><pre class=
language-c>int</pre><script>s()</script><iframe src=//a></iframe><del>d</del></article>"""
YAML = """title: "A \\u00e9\\n: b"
author: [Ada, {name: Leo}]
date: 2024-01-02T03:04:05Z
lang: en_GB
narrate: yes
tags: &a !!str 'x'
text: |-
  folded
? complex
: >
  more
"""
TOML = """title = "A \\u00e9"
date = 2024-01-02
narrate = false
[author]
name = 'Ada'
"""
FOLDER = """author: Leo
lang: en
engine: toy
voice: other
narrate: true
album: All
links: announce
code: read
footnotes: end
numbers: american
pauses: {title: 1.5, paragraph: 0.1}
pictures: {/static: files}
lexicon: a-lexicon.yaml
"""
LEXICON = r"""words:
  is: iz
  IT: "I \x54"
  μm: micron
  straße: road
patterns:
  - {match: '(\d+) km/h', say: '\1 k'}
  - match: "RFC (?P<n>\\d+)"
    say: 'R \g<n>'
"""
MANIFEST = """{"format":1,"program":"narrated 0.1","published":"2024-01-02T03:04:05+00:00",
"source":{"path":"a\\\\xff.md","sha256":"00"},"outputs":[{"name":"a.mp3","sha256":"00","bytes":1,
"media_type":"audio/mpeg"}],"title":"T","engine":"toy","voice":"toy","settings":{"a":[1]},
"duration_s":1.5,"blocks":[{"block":0,"role":"title","text":"T","start_s":0,"end_s":1}],
"skipped":[{"block":1,"kind":"k","reason":"r"}]}"""

_TEXTS: dict[str, list[str]] = {
    "post": [POST],
    "page": [PAGE],
    "text": ["Words, 3.5 of them.\n\n* * *\n\nÄ word — “more”. Dr. No costs £3bn in 1984."],
    "front": [YAML, TOML],
    "folder": [FOLDER],
    "lexicon": [LEXICON],
    "record": [MANIFEST],
}
_TOKENS = r"""
# > - * _ ` ~~ | ![ ]( [^ ^[ $$ {# --- +++ ... &# &#x ; <div> </div> <pre> <!-- --> <![CDATA[ ]]>
<table> <tr> <td> <svg> <math> <script> <a\x20href= <sup> <li> <input\x20type=checkbox> charset=
title: author: words: patterns: match: say: narrate: pauses: pictures: lexicon: &a *a !!str |- >- ?
"\\u "\\U "\\x \\1 \\g< (?P< (?i) [a-z] \xef\xbb\xbf \xff\xfe \xfe\xff \x00 \x1b \x1b$B \xe2\x80\xae
1984 1/2 3.5 10:30 $5 https:// IV 1e9 \xc2\xb5 \xc4\xb1 \xc5\xbf Exif\x00\x00 IHDR IDAT tEXt zTXt
iTXt eXIf acTL VP8L GIF89a II*\x00 MM\x00*
"""


def samples(target: str) -> Iterator[bytes]:
    """Sources that the target of this name reads."""
    if target == "picture":
        yield from pictures().values()
    for text in _TEXTS.get(target, []):
        yield text.encode()
    if target == "text":
        yield "Wörter — mehr".encode("utf-16")
        yield "Größe und Käse".encode("latin-1")
        yield "日本語の文".encode("iso2022_jp")


def tokens() -> str:
    """The tokens that a fuzzer cannot guess soon, in libFuzzer's notation."""
    quoted = (token.replace('"', r"\"") for token in _TOKENS.split())
    return "\n".join(f'"{token}"' for token in quoted)


def pictures() -> dict[str, bytes]:
    """A small picture in every format that is read, by its suffix."""
    image = Image.effect_noise((24, 16), 50).convert("RGB")
    return {suffix: _written(image, form) for suffix, form in FORMATS.items()}


def _written(image: Image.Image, form: str) -> bytes:
    data, exif, info = io.BytesIO(), Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x010E], exif[0x0112] = "Described", 6
    info.add_itxt("Description", "Described", zip=True)
    others: dict[str, object] = {
        "PNG": {"pnginfo": info, "exif": exif},
        "JPEG": {"exif": exif, "comment": b"Described"},
        "WEBP": {"exif": exif, "lossless": True},
        "TIFF": {"exif": exif, "compression": "tiff_adobe_deflate"},
        "GIF": {"save_all": True, "append_images": [image.rotate(90)]},
    }.get(form, {})
    image.save(data, form, **others)
    return data.getvalue()
