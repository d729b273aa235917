"""Everything hostile that is dropped, each with what has to come of it.

In a content @PORT@ is that of a listener on loopback, and @OUTSIDE@ the path of the folder with the
secrets, which lies beside the daemon's own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from hostile import bombs
from hostile.samples import FORMATS, pictures

MILLION = 1_000_000
TOO_LONG = "took longer than"


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile source, what lies beside it, and what its note or its transcript must tell."""

    path: str
    content: bytes
    note: str = ""
    """A pattern of the error note, where there has to be one."""
    said: str = ""
    """A pattern of the transcript, where it is narrated."""
    beside: dict[str, bytes] = field(default_factory=dict)


_NEVER = b"patterns: [{match: '(?=a)(a+)+$', say: b}]"
ENDLESS = Case("l-never/a.md", b"a" * 60 + b"!", TOO_LONG, beside={"l-never/lexicon.yaml": _NEVER})
"""A pattern that `re` runs as long as it may."""


def cases() -> dict[str, Case]:
    """All cases by their paths."""
    listed = [case for group in _GROUPS for case in group()]
    found = {case.path: case for case in listed}
    assert len(found) == len(listed)
    return found


def _large() -> Iterator[Case]:
    yield Case("large/line.txt", b"word " * 20 * MILLION, note=r"larger than 67\.1 MB")
    yield Case("large/quotes.md", b">" * MILLION, note="nests its lists or quotations too deeply")
    yield Case("large/bullets.md", b"- " * MILLION, note="no words")
    yield Case("large/numbers.md", b"1. " * MILLION, note="nests")
    yield Case("large/quoted-items.md", b"> - " * MILLION, note="nests")
    yield Case("large/elements.html", b"<div>" * 20_000, note=f"nests its elements|{TOO_LONG}")
    yield Case("large/lists.html", b"<ul><li>" * 10_000, note=f"nests its elements|{TOO_LONG}")
    yield Case("large/quotes.html", b"<blockquote>" * 20_000, note=f"nests|{TOO_LONG}")
    yield Case("large/brackets.md", b"[" * 200_000 + b"\n\nafter", said="after")
    yield Case("large/pictures.md", b"![](" * 5_000 + b"\n\nafter", said="after")
    yield Case("large/emphasis.md", b"*a **b " * 1_000 + b"\n\nafter", said="after")
    yield Case("large/comments.html", b"<p>a" + b"<!-- " * 20_000, said="a")
    yield Case("large/attributes.html", b"<p " + b"a=b " * 50_000 + b">after", said="after")
    yield Case("large/angles.html", b"<" * 300_000 + b"p>after", said="after")
    yield Case("large/zeros.md", bytes(MILLION), note="binary|no words|empty")
    yield Case("large/nul.md", b"Before.\n\nA\0B after.\n" * 3 + b"Words, " * 2000, said="after")
    yield Case("large/capitals.md", b"x" + b"Q" * 3_000 + "É after".encode(), said="after")
    yield Case("large/digits.txt", b"9" * 2_000 + b" after", said="after")


def _yaml() -> Iterator[Case]:
    laughs = b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        laughs += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n".encode()
    aliases = b"a: &a x\nauthor: [" + b"*a, " * 15_000 + b"x]\n"
    million = b"a: &a x\nauthor: [" + b"*a, " * MILLION + b"x]\n"
    deep = b"author: " + b"[" * 20_000
    blocks = b"".join(b"%ba:\n" % (b" " * depth) for depth in range(300))
    program = b'title: !!python/object/apply:os.system ["touch @OUTSIDE@/made"]\n'
    built = b"title: !!python/object/new:tuple [Built]\n"
    for kind, text, why in (
        ("laughs", laughs, "alias"),
        ("aliases", aliases, "alias"),
        ("million", million, "too long|larger than"),
        ("deep", deep, "nested too deeply|not valid YAML"),
        ("blocks", blocks, "nested too deeply"),
    ):
        words = b"Words."
        yield Case(f"yaml/{kind}.md", b"---\n%b---\n%b" % (text + b"\n", words), said="Words")
        yield Case(f"f-{kind}/a.md", words, why, beside={f"f-{kind}/.narrated.yaml": text})
        yield Case(f"l-{kind}/a.md", words, why, beside={f"l-{kind}/lexicon.yaml": text})
    yield Case("yaml/program.md", b"---\n" + program + b"---\nWords.", said="Words")
    yield Case("yaml/built.md", b"---\n" + built + b"---\nWords.", said="Words")
    yield Case("f-program/a.md", b"x", "unknown key", beside={"f-program/.narrated.yaml": program})
    escapes = b'---\ntitle: "A\\e[31m\\0\\ud800"\n---\nWords.'
    yield Case("yaml/escapes.md", escapes, said="Words")
    yield Case("yaml/toml.md", b'+++\ntitle = "A\\u001b\\u0000B"\n+++\nWords.', said="A B")
    letters = "words: {is: iz, µm: micron}".encode()
    words = "It is ıs, İS and μm.".encode()
    yield Case("l-letters/a.md", words, said="It iz", beside={"l-letters/lexicon.yaml": letters})
    nothing = rb"patterns: [{match: 'Words', say: '\0\033[1mSaid'}]"
    yield Case("l-nul/a.md", b"Words.", said="said", beside={"l-nul/lexicon.yaml": nothing})


def _pictures() -> Iterator[Case]:
    for suffix, data in pictures().items():
        broken = "broken or cut-off|cut-off picture|no picture"
        yield Case(f"cut/half{suffix}", data[: len(data) // 2], note=broken)
        yield Case(f"cut/end{suffix}", data[:-1], note=broken)
        lying = bombs.resized(data, FORMATS[suffix])
        if suffix == ".jpg":  # which tells where it ends, so that what is missing is grey
            yield Case("lying/size.jpg", lying, said="Described")
        else:
            yield Case(f"lying/size{suffix}", lying, note=broken)
        other = ".jpg" if suffix == ".png" else ".png"
        yield Case(f"lying/{suffix[1:]}{other}", data, said=r"image|Described")
        yield Case(f"lying/{suffix[1:]}.md", data, note="binary|not text in any|no words")
        yield Case(f"lying/text{suffix}", b"# Words\n\nand no picture\n", note="no picture")
    yield Case("bombs/pixels.png", bombs.png(60_000, 60_000, rows=1), note="too many pixels")
    yield Case("bombs/pixels.bmp", bombs.bmp(30_000, 30_000), note="too many pixels")
    yield Case("bombs/large.png", bombs.png(6_000, 6_000), said="image, square")
    for kind in (b"zTXt", b"iTXt", b"iCCP"):
        data = bombs.png(9, 9, bombs.packed(kind, 16))
        yield Case(f"bombs/{kind.decode()}.png", data, note="broken or cut-off")
    notes = bombs.chunk(b"eXIf", bombs.exif(20_000, 500_000))
    yield Case("bombs/notes.png", bombs.png(9, 9, notes), said="image, square")
    yield Case("bombs/notes.tif", bombs.exif(20_000, 500_000), note="no picture|broken")
    yield Case("bombs/frames.gif", bombs.gif(300_000), said="An animated image")
    yield Case("bombs/circle.tif", bombs.tiff_in_a_circle(), said="image")
    beside = {
        "shown/pixels.png": bombs.png(60_000, 60_000, rows=1),
        "shown/text.png": bombs.png(9, 9, bombs.packed(b"zTXt", 16)),
        "shown/half.jpg": pictures()[".jpg"][:300],
    }
    post = b"Shown: ![](pixels.png) and ![](text.png), ![](half.jpg)."
    yield Case("shown/post.md", post, said="Shown", beside=beside)
    words = b"II\x13\xd5broken notes"
    yield Case("bombs/broken-notes.png", bombs.png(9, 9, bombs.chunk(b"eXIf", words)), said="image")


def _archives() -> Iterator[Case]:
    bomb = bombs.zip_bomb()
    for suffix in ("odt", "epub", "docx"):
        yield Case(f"archives/{suffix}.{suffix}", bomb, note="neither a text nor a picture")
    yield Case("archives/text.md", bomb, note="ZIP archive")
    yield Case("archives/drawing.xhtml", _ENTITIES, note="neither a text nor a picture")
    yield Case("archives/drawing.png", _ENTITIES, note="no picture")
    yield Case("archives/drawing.html", _ENTITIES + b"<p>after", said="after")


_ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b
"&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY s SYSTEM
"file://@OUTSIDE@/secret.md">]><svg xmlns="http://www.w3.org/2000/svg"><text>&c;&s;</text></svg>"""

_REMOTE = b"""<!doctype html><html manifest=http://127.0.0.1:@PORT@/m><head>
<base href=http://127.0.0.1:@PORT@/><meta http-equiv=refresh content="0;url=http://127.0.0.1:@PORT@">
<link rel=preload as=image href=http://127.0.0.1:@PORT@/a><link rel=stylesheet href=/b>
<link rel=dns-prefetch href=//localhost:@PORT@><style>@import url(http://127.0.0.1:@PORT@/c);
p{background:url(http://127.0.0.1:@PORT@/d)}</style><script src=http://127.0.0.1:@PORT@/e></script>
<script>fetch("http://127.0.0.1:@PORT@/f"); document.body.innerHTML = "hijacked";</script></head>
<body onload="fetch('http://127.0.0.1:@PORT@/g')"><p>Read <img src=http://127.0.0.1:@PORT@/h.png
alt=x srcset="http://127.0.0.1:@PORT@/i.png 2x"><img src=//127.0.0.1:@PORT@/j.png><img src=k.png>
<iframe src=http://127.0.0.1:@PORT@/l></iframe><object data=http://127.0.0.1:@PORT@/m></object>
<svg><image xlink:href=http://127.0.0.1:@PORT@/n /><use href=http://127.0.0.1:@PORT@/o#p /></svg>
<video poster=http://127.0.0.1:@PORT@/q src=http://127.0.0.1:@PORT@/r></video>
<a href=http://127.0.0.1:@PORT@/s ping=http://127.0.0.1:@PORT@/t>this</a>.</p></body></html>"""
_REMOTE_POST = b"""---
title: Remote
author: http://127.0.0.1:@PORT@/a
cover: http://127.0.0.1:@PORT@/b.png
image: http://127.0.0.1:@PORT@/c.png
---
Read ![one](http://127.0.0.1:@PORT@/d.png) and ![two](//localhost:@PORT@/e.png) this.
<img src="http://127.0.0.1:@PORT@/f.png">

![](http://127.0.0.1:@PORT@/g.png)
[ref]: http://127.0.0.1:@PORT@/h
"""


def _remote() -> Iterator[Case]:
    yield Case("remote/page.html", _REMOTE, said="Read")
    yield Case("remote/post.md", _REMOTE_POST, said="Read")
    lexicon = b"---\nlexicon: http://127.0.0.1:@PORT@/lexicon.yaml\n---\nWords."
    yield Case("remote/lexicon.md", lexicon, note="lexicon")
    roots = b"pictures: {/static: 'http://127.0.0.1:@PORT@/'}"
    post = b"Words ![](/static/a.png)"
    yield Case("r-roots/a.md", post, said="Words", beside={"r-roots/.narrated.yaml": roots})


_WAYS = """
../../outside/secret.png
../../../../../../../../../../@OUTSIDE@/secret.png
@OUTSIDE@/secret.png
/@OUTSIDE@/secret.png
//@OUTSIDE@/secret.png
file://@OUTSIDE@/secret.png
file:@OUTSIDE@/secret.png
FILE:///@OUTSIDE@/secret.png
..%2f..%2foutside%2fsecret.png
%2e%2e/%2e%2e/outside/secret.png
%252e%252e/%252e%252e/outside/secret.png
..\\..\\outside\\secret.png
..%5c..%5coutside%5csecret.png
....//....//outside/secret.png
..;/..;/outside/secret.png
a/../../../outside/secret.png
../../outside/secret.png%00.png
../../outside/./secret.png?x#y
link.png
folder/secret.png
folder/../secret.png
"""


def _ways_out() -> Iterator[Case]:
    ways = _WAYS.split()
    post = "\n\n".join(f"![{number}](<{way}>)" for number, way in enumerate(ways))
    page = "".join(f"<img src='{way}'>" for way in ways)
    yield Case("ways/post.md", b"Read this.\n\n" + post.encode(), said="Read this")
    yield Case("ways/page.html", b"<p>Read this." + page.encode(), said="Read this")
    for number, root in enumerate(("..", "../outside", "a/../../outside")):
        folder = f"ways-{number}"
        settings = f"pictures: {{/static: '{root}'}}".encode()
        shown = b"Words ![](/static/secret.png)"
        yield Case(
            f"{folder}/a.md", shown, "pictures", beside={f"{folder}/.narrated.yaml": settings}
        )
    absolute = b"pictures: {/static: @OUTSIDE@}"
    shown = b"Words ![](/static/secret.png)"
    yield Case("ways-4/a.md", shown, said="Words", beside={"ways-4/.narrated.yaml": absolute})
    for number, lexicon in enumerate(
        ("../../outside/lexicon.yaml", "@OUTSIDE@/lexicon.yaml", "file://@OUTSIDE@/lexicon.yaml")
    ):
        post_ = f"---\nlexicon: {lexicon}\n---\nSay foo.".encode()
        yield Case(f"ways/lexicon-{number}.md", post_, note="lexicon")
        settings = f"lexicon: {lexicon}".encode()
        folder = f"ways-l{number}"
        beside = {f"{folder}/.narrated.yaml": settings}
        yield Case(f"{folder}/a.md", b"Say foo.", note="lexicon", beside=beside)
    for key, value in (("engine", "../../outside/secret"), ("engine", "os.system")):
        post_ = f"---\nnarrated: {{{key}: {value}}}\n---\nWords.".encode()
        yield Case(f"ways/{key}-{value[:2].strip('.')}.md", post_, note="`engine` is ")
    for name, voice in (("up", "../../outside/secret"), ("away", "@OUTSIDE@/secret")):
        yield Case(
            f"ways/voice-{name}.md",
            f"---\nnarrated: {{voice: {voice}}}\n---\nWords.".encode(),
            "no voice",
        )
    title = (
        b"---\ntitle: ../../outside/made\nauthor: ../../outside/made\nlang: ../../x\n---\nWords."
    )
    yield Case("ways/title.md", title, said="Words")
    album = {"ways-a/.narrated.yaml": b"album: ../../outside/made\nauthor: /made\ndate: ../../made"}
    yield Case("ways-a/a.md", b"Words.", said="Words", beside=album)


IMITATION = """Heard first.

2026-01-01 00:00:00,000 CRITICAL forged record
<3>forged priority
MESSAGE=forged field
PRIORITY=0

WEBVTT

NOTE forged note

STYLE
::cue { color: red }

00:00:00.000 --> 99:59:59.999 align:start
forged cue --> <c.loud>loud</c> &amp; &lt;b&gt;

narrated: idle
What was wrong: nothing.
"""
FORGED_TITLE = "T\u2028itle\nTXXX:forged\nARTIST=forged --> &amp; <b>x</b>"
FORGED_TITLE_READ = "T itle TXXX:forged ARTIST=forged --> & x"


def _imitations() -> Iterator[Case]:
    yield Case("imitations/text.txt", IMITATION.encode(), said="Heard first")
    title = json.dumps(FORGED_TITLE).encode()
    keys = (b"title", b"author", b"date", b"lang", b"description", b"tags")
    front = b"---\n%b---\n" % b"".join(b"%b: %b\n" % (key, title) for key in keys)
    yield Case("imitations/front.md", front + IMITATION.encode(), said="Heard first")
    shown = {"imit/.narrated.yaml": b'author: "A\\nTXXX=forged"\nalbum: "B\\r\\nTIT2=forged"'}
    yield Case("imit/a.md", b"# ID3 TIT2 TXXX\n\nHeard first.", said="Heard first", beside=shown)
    key = b"---\ntitle: x\n? " + b"k" * 50_000 + b"\n: x\nauthor: {a: b}\n---\nWords."
    yield Case("imitations/key.md", key, said="Words")
    unknown = {"imit-k/.narrated.yaml": b"\xc3\xa4" * 20_000 + b": x"}
    yield Case("imit-k/a.md", b"Words.", note="unknown key|not valid YAML", beside=unknown)
    references = b"<title>&#27;[31mT</title><p>A&#27;[2J&#0;&#x9b;31m&#7;B</p>"
    yield Case("imitations/references.html", references, said="B")
    yield Case("imitations/escapes.txt", b"A \x1b[31mred\x1b[0m \xc2\x9b31m word.", said="word")
    for charset in ("idna", "punycode", "undefined", "unicode_escape", "zlib_codec", "utf-7"):
        page = f"<meta charset={charset}><p>Words, \\ud800 na".encode() + b"\xefve ones."
        yield Case(f"charsets/{charset}.html", page, said="na.?ve ones")


_GROUPS = (
    _large,
    _yaml,
    _pictures,
    _archives,
    _remote,
    _ways_out,
    _imitations,
)
