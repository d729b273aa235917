"""Say URLs, host names and e-mail addresses, part by part."""

import re
from urllib.parse import unquote

from narrated.script.english.file_paths import AT_DOTTED, say_file_name
from narrated.script.english.numbers import cardinal, hundreds
from narrated.script.english.rule_engine import (
    AT_NUMBERS,
    Rules,
    any_of,
    rule,
    starts_at_words,
    word_set,
    word_table,
)

_MOST_OF_A_PATH = 40
_TOP_LEVELS = "com org net io dev edu gov de uk ai app info eu fr nl ch at ca us jp xyz blog wiki"
_SILENT_SCHEMES = word_set("http https ftp ftps file view-source")
_SCHEMES = word_table("""
    s3: S three; gs: G S; ssh: S S H; ws: W S; wss: W S S; smb: S M B; nfs: N F S; irc: I R C;
    svn: S V N; udp: U D P; tcp: T C P; rtmp: R T M P; rtsp: R T S P; amqp: A M Q P;
    postgresql: postgres; mongodb+srv: mongodb; git+ssh: git; git+https: git
""")
_SHORTENERS = word_set("""
    youtu.be bit.ly t.co goo.gl tinyurl.com is.gd ow.ly buff.ly amzn.to amzn.com a.co lnkd.in git.io
    x.co dlvr.it fb.me redd.it spoti.fi wp.me g.co rb.gy cutt.ly shorturl.at mailchi.mp forms.gle
    j.mp v.gd tiny.cc db.tt flic.kr instagr.am nyti.ms wapo.st bbc.in reut.rs bloom.bg on.ft.com
    trib.al ift.tt maps.app.goo.gl photos.app.goo.gl adobe.ly ebay.us etsy.me discord.gg doi.org
    dx.doi.org hdl.handle.net perma.cc archive.is archive.ph archive.today pastebin.com paste.rs
    imgur.com streamable.com gph.is eepurl.com dub.sh s.id u.nu w.wiki scn.sap.com msft.it apple.co
""")
"""Hosts whose paths are ids: nobody can note one down by ear."""
_ID = re.compile(
    r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{4,40}|(?=[a-z-]*[A-Z]\w*[a-z]|\w*[a-z]\w*[A-Z])[\w-]{4,15}"
    r"|10\.\d{4,9}|[\d.]{5,20}"
)
_ENDS = re.compile(r"[.,;:!?'’*_]+\Z")
_REST = re.compile(
    r"(?:[^\s/?#@]{0,64}@)?(?P<host>\[[\da-fA-F:]+\]|[^\s/?#:]*)(?::(?P<port>\d+))?(?P<path>[^?#]*)"
)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def _url(found: re.Match[str]) -> str:
    scheme, rest = found["scheme"].lower(), _ENDS.sub("", found["rest"])
    end = found["rest"][len(rest) :]
    parts = _REST.match(rest)
    if not rest.strip("/") or not parts:
        return f"{scheme} colon slash slash{end}"
    if _is_short_link(parts["host"], parts["path"]):
        return f"a link to {_host(parts['host'])}{end}"
    said = [_scheme(scheme), _host(parts["host"]), _port(parts["port"])]
    path = _path(parts["path"].lower() if parts["host"].isupper() else parts["path"])
    if not parts["host"]:
        path = path.removeprefix(" slash")
    return " ".join(" ".join([*said, path]).split()) + end


def _is_short_link(host: str, path: str) -> bool:
    """True for an address that ends with an id, such as youtu.be/dQw4w9WgXcQ."""
    if host.lower().removeprefix("www.") not in _SHORTENERS:
        return False
    return any(_ID.fullmatch(part) for part in path.split("/"))


def _scheme(scheme: str) -> str:
    return "" if scheme in _SILENT_SCHEMES else _SCHEMES.get(scheme, scheme)


def _host(host: str) -> str:
    if host.isupper():
        host = host.lower()
    if _IP.fullmatch(host):
        return " dot ".join(hundreds(octet) for octet in host.split("."))
    return host.strip("[]").removeprefix("www.").replace(".", " dot ")


def _port(port: str | None) -> str:
    return f"port {cardinal(port)}" if port else ""


def _bare(found: re.Match[str]) -> str:
    """Say an address without a scheme."""
    if _is_short_link(found["host"], found["path"] or ""):
        return f"a link to {_host(found['host'])}"
    said = f"{_host(found['host'])} {_port(found['port'])}".rstrip()
    return f"{said}{_path(found['path'] or '')}"


def _path(path: str) -> str:
    parts = [unquote(part) for part in path.split("/") if part]
    if len("/".join(parts)) > _MOST_OF_A_PATH:
        return ""
    return "".join(f" slash {_part(part)}" for part in parts)


def _part(part: str) -> str:
    part = part.replace("~", "tilde ")
    return " ".join(re.sub(r"[_()]+", " ", say_file_name(part)).split())


def _mail(found: re.Match[str]) -> str:
    name = found[1].replace(".", " dot ").replace("_", " underscore ").replace("+", " plus ")
    said = f"{name} at {found[2].replace('.', ' dot ')}"
    return f"{said} colon {_path(found[3]).removeprefix(' slash ')}" if found[3] else said


_PATH = r"(?:/[^\s<>()\"“”?#]*[^\s<>()\"“”?#.,;:!'’]|/)?"
_QUERY = r"(?:[?#][\w=&%+./:#-]*[\w=&%+/-])?"

RULES: Rules = (
    rule(
        r"(?P<scheme>(?:[A-Za-z][A-Za-z\d]*[+-])?[A-Za-z][A-Za-z\d]{0,15})://"
        r"(?P<rest>(?:[^\s<>()\"“”]|\([^\s<>()]{0,80}\))*)",
        _url,
        ":",
        starts_at_words("://", "+-"),
    ),
    rule(
        r"(?:mailto:|(?<![\w.+-]))([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63})+)"
        r"(?::([\w.-]+(?:/[\w.-]+)*\w))?",
        _mail,
        "@",
    ),
    rule(
        rf"(?<![\w@./-])(?P<host>(?:www\.)?(?:{any_of(_SHORTENERS)}))(?P<port>)(?P<path>/[\w./-]*\w)/?",
        _bare,
        "/",
        AT_DOTTED,
    ),
    rule(
        rf"(?<![\w@.-])(?P<host>(?:www\.)?(?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.){{1,4}}(?:{any_of(_TOP_LEVELS.split())}))"
        rf"(?::(?P<port>\d+))?(?P<path>{_PATH}){_QUERY}(?![\w@]|\.\w|\()",
        _bare,
        ".",
        AT_DOTTED,
    ),
    rule(
        rf"\b(?P<host>localhost)(?::(?P<port>\d+))(?P<path>{_PATH}){_QUERY}",
        _bare,
        ":",
    ),
    rule(
        rf"(?<![\w.])(?P<host>\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?::(?P<port>\d{{1,5}}))?"
        rf"(?P<path>/(?=[A-Za-z~_.])[^\s<>()\"“”?#]*[^\s<>()\"“”?#.,;:!'’]){_QUERY}",
        _bare,
        "/",
        AT_NUMBERS,
    ),
)
