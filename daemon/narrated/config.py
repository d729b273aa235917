"""The configuration: one strict YAML file, read here and nowhere else."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from narrated.engines.base import REGISTRY, EngineSpec
from narrated.errors import ConfigurationError
from narrated.script.script import Role, Settings, Speaker
from narrated.workers.pool import WorkerSpec

USER_FILE = "narrated/narrated.yaml"
SYSTEM_FILE = Path("/etc/narrated/narrated.yaml")

DEFAULT_LIMIT = 400
"""Characters an engine of the user's own is given at once where its entry names no limit."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?")
_DURATION_S = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)", re.IGNORECASE)
_SIZE_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12} | {
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}


class Seconds(float):
    """A duration, written as a number of seconds or as 250ms, 5s, 2m, 1h, 1d."""


class Bytes(int):
    """A size, written as a number of bytes or as 64k, 500MB, 20GB, 8GiB."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the file; an unknown key in it is an error."""


class Speech(_Section, frozen=True):
    """Who reads."""

    engine: str = "espeak"
    voice: str = "en-us"
    options: dict[str, str | int | float | bool] = {}
    """The engine's own, such as espeak's `rate` in words a minute."""
    speakers: dict[Literal["quote"], Speaker] = {}
    """Other voices for parts of a text."""


class Reading(_Section, frozen=True):
    """What is said of a text, and how."""

    language: str = "en"
    links: Literal["text", "announce"] = "text"
    code: Literal["announce", "read", "skip"] = "announce"
    footnotes: Literal["paragraph", "end", "skip"] = "paragraph"
    pauses: dict[Role, Annotated[float, msgspec.Meta(ge=0)]] = {}
    lexicon: Path | None = None


class Pictures(_Section, frozen=True):
    """How pictures are described and found."""

    captions: str = "embedded"
    options: dict[str, str | int | float | bool] = {}
    roots: dict[str, str] = {}
    """A site-absolute prefix in a post's picture paths, and the inbox folder it means."""
    wait: Seconds = Seconds(5)
    """How long a picture waits for a post that shows it before it becomes an item of its own."""


class Audio(_Section, frozen=True):
    """The files that are published."""

    format: Literal["mp3", "opus", "ogg", "m4a", "flac", "wav"] = "mp3"
    bitrate: Bytes | None = None
    album: str = ""
    author: str = ""


class Workers(_Section, frozen=True):
    """The processes that read and speak."""

    silence: Seconds = Seconds(60)
    """A worker that is silent this long with work in hand is taken to hang."""
    load: Seconds = Seconds(600)
    """How long an engine may take to load."""
    again: Seconds = Seconds(60)
    """How often an engine that was not to be had is tried again while its worker is idle."""
    reading: Seconds = Seconds(60)
    """How long one source may take to be read."""
    encoders: Annotated[int, msgspec.Meta(ge=1)] = 2
    """How many files are encoded at the same instant."""


class EngineEntry(_Section, frozen=True):
    """An engine of the user's own, or other options for one of ours."""

    kind: Literal["speech", "caption"] = "speech"
    module: str = ""
    path: str = ""
    python: str = ""
    limit: int = 0
    options: dict[str, str | int | float | bool] = {}


class Config(_Section, frozen=True):
    """Everything the daemon was told; every path is absolute."""

    inbox: Path
    outbox: Path
    state: Path = Path()
    cache: Path = Path()
    cache_limit: Bytes = Bytes(20 * 10**9)
    after: Literal["keep", "archive", "delete"] = "keep"
    archive: Path | None = None
    removed: Literal["keep", "withdraw"] = "keep"
    withdraw_after: Seconds = Seconds(3600)
    settle: Seconds = Seconds(1)
    scan: Seconds = Seconds(5)
    ignore: tuple[str, ...] = ()
    speech: Speech = Speech()
    reading: Reading = Reading()
    pictures: Pictures = Pictures()
    audio: Audio = Audio()
    workers: Workers = Workers()
    engines: dict[str, EngineEntry] = {}
    log: Literal["debug", "info", "warning", "error"] = "info"
    source: Path | None = None
    """The file it was read from; not a key of that file."""

    @property
    def settings(self) -> Settings:
        """What of the configuration decides what is said."""
        narrator = Speaker(self.speech.engine, self.speech.voice, self.speech.options)
        return Settings(
            language=self.reading.language,
            speakers={"narrator": narrator} | {str(k): v for k, v in self.speech.speakers.items()},
            links=self.reading.links,
            code=self.reading.code,
            footnotes=self.reading.footnotes,
            pauses={str(role): seconds for role, seconds in self.reading.pauses.items()},
        )


def find(
    explicit: Path | None, environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_FILE
) -> Path:
    """The configuration in force: --config, NARRATED_CONFIG, the user's, the system's."""
    if explicit is not None:
        return explicit
    if named := environ.get("NARRATED_CONFIG"):
        return Path(named)
    users = _users("XDG_CONFIG_HOME", ".config", environ) / USER_FILE
    for candidate in (users, system):
        if candidate.is_file():
            return candidate
    raise ConfigurationError(
        f"There is no configuration: neither {users} nor {system} exists.",
        "Write one with `narrated config init`, or name one with --config FILE.",
    )


def load(path: Path) -> Config:
    """Read and check a configuration file; ConfigurationError names the key and the remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The configuration {path} cannot be read: {error}.",
            "Name another with --config FILE, or write one with `narrated config init`.",
        ) from error
    return parse(text, path.absolute())


def parse(text: str, source: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Check a configuration's text as if it stood in the file `source`."""
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"{source} is not valid YAML: {_folded(error)}.",
            "Mend that line; `narrated config init --print` shows a valid file.",
        ) from error
    if not isinstance(entries, dict):
        raise ConfigurationError(
            f"{source} holds no settings.",
            "It needs at least the two lines `inbox: FOLDER` and `outbox: FOLDER`.",
        )
    if "source" in entries:
        raise ConfigurationError(f"{source}: unknown key `source`.", "Remove it.")
    try:
        config = msgspec.convert(entries, Config, dec_hook=_decode, str_keys=True)
    except msgspec.ValidationError as error:
        raise _explained(error, source) from error
    return _checked(_placed(config, source, environ))


def begin(explicit: Path | None, text: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Write a first configuration where it will be found; one that is there is never changed."""
    path = explicit or Path(
        environ.get("NARRATED_CONFIG")
        or (
            SYSTEM_FILE
            if os.geteuid() == 0
            else _users("XDG_CONFIG_HOME", ".config", environ) / USER_FILE
        )
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} is there already, and is not changed.", "Edit it, or remove it first."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", "Name another with --config FILE."
        ) from error
    return path


def shown(config: Config) -> str:
    """The configuration in force as YAML, defaults and all."""
    entries = msgspec.to_builtins(config, enc_hook=_encode)
    return str(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))


def scratch(config: Config | None, inbox: Path, folder: Path) -> Config:
    """The same wishes on another inbox, with everything that is written in a folder of its own."""
    wishes = config or Config(inbox=inbox, outbox=folder)
    return msgspec.structs.replace(
        wishes,
        inbox=inbox,
        outbox=folder / "outbox",
        state=folder / "state",
        cache=folder / "cache",
    )


def worker_specs(config: Config) -> tuple[WorkerSpec, ...]:
    """The workers that hold the configured engines: ours in one, each other interpreter's apart."""
    named = {config.speech.engine, config.pictures.captions}
    named |= {speaker.engine for speaker in config.speech.speakers.values()}
    by_python: dict[str, list[EngineSpec]] = {}
    for name in sorted(named | set(config.engines)):
        spec = engine_spec(config, name)
        by_python.setdefault(spec.python, []).append(spec)
    return tuple(
        WorkerSpec(
            name="engines" if not python else f"engines-{number}",
            python=python,
            engines=tuple(specs),
            silence_s=float(config.workers.silence),
            load_s=float(config.workers.load),
            again_s=float(config.workers.again),
        )
        for number, (python, specs) in enumerate(sorted(by_python.items()))
    )


def engine_spec(config: Config, name: str) -> EngineSpec:
    """One engine as the worker loads it: ours from the registry, or the user's own entry."""
    entry = config.engines.get(name, EngineEntry())
    known = REGISTRY.get(name)
    if not entry.module and known is None:
        raise ConfigurationError(
            f"There is no engine named `{name}`.",
            f"Known: {', '.join(sorted(REGISTRY))}; one of your own needs "
            f"`engines: {{{name}: {{module: …}}}}`.",
        )
    if entry.module or known is None:
        limit = entry.limit or DEFAULT_LIMIT
        return EngineSpec(
            name, entry.kind, entry.module, limit, entry.python, entry.path, entry.options
        )
    limit = entry.limit or known.limit_characters
    return EngineSpec(name, known.kind, known.module, limit, entry.python, "", entry.options)


def limits(config: Config) -> dict[str, int]:
    """How many characters each configured or embedded speech engine takes at once, by name."""
    names = set(REGISTRY) | set(config.engines)
    specs = (engine_spec(config, name) for name in names)
    return {spec.name: spec.limit_characters for spec in specs if spec.kind == "speech"}


def _decode(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is Seconds:
        return _seconds(value)
    if kind is Bytes:
        return _bytes(value)
    raise ValueError(f"Expected {_expected(kind)}, got `{value!r}`")


def _encode(value: Any) -> Any:
    if isinstance(value, Seconds):
        return float(value)
    return int(value) if isinstance(value, Bytes) else str(value)


def _expected(kind: type) -> str:
    return {Path: "a path", Seconds: "a duration such as 5s", Bytes: "a size such as 20GB"}[kind]


def _seconds(value: Any) -> Seconds:
    match = _DURATION.fullmatch(str(value).strip().lower())
    if match is None or isinstance(value, bool):
        raise ValueError(f"Expected {_expected(Seconds)}, got `{value!r}`")
    return Seconds(float(match[1]) * _DURATION_S[match[2] or "s"])


def _bytes(value: Any) -> Bytes:
    match = _SIZE.fullmatch(str(value).strip().lower())
    if match is None or isinstance(value, bool):
        raise ValueError(f"Expected {_expected(Bytes)}, got `{value!r}`")
    return Bytes(float(match[1]) * _SIZE_BYTES[match[2].rstrip("b")])


def _placed(config: Config, source: Path, environ: Mapping[str, str]) -> Config:
    """Every path made absolute, every unnamed one given its default place."""
    lexicon = config.reading.lexicon
    beside = source.parent / "lexicon.yaml"
    if lexicon is None and beside.is_file():
        lexicon = beside
    return msgspec.structs.replace(
        config,
        inbox=_absolute(config.inbox, source),
        outbox=_absolute(config.outbox, source),
        state=_absolute(_default(config.state, "STATE", source, environ), source),
        cache=_absolute(_default(config.cache, "CACHE", source, environ), source),
        archive=None if config.archive is None else _absolute(config.archive, source),
        reading=msgspec.structs.replace(
            config.reading, lexicon=None if lexicon is None else _absolute(lexicon, source)
        ),
        source=source,
    )


def _default(path: Path, use: str, source: Path, environ: Mapping[str, str]) -> Path:
    """systemd's directory where it gives one, the system's beside /etc, else the user's."""
    if path != Path():
        return path
    if given := environ.get(f"{use}_DIRECTORY"):
        return Path(given.split(":")[0])
    if source.is_relative_to("/etc"):
        return Path({"STATE": "/var/lib/narrated", "CACHE": "/var/cache/narrated"}[use])
    home = {"STATE": ".local/state", "CACHE": ".cache"}[use]
    return _users(f"XDG_{use}_HOME", home, environ) / "narrated"


def _users(variable: str, below_home: str, environ: Mapping[str, str]) -> Path:
    named = environ.get(variable)
    return Path(named) if named else Path(environ.get("HOME", "/")) / below_home


def _absolute(path: Path, source: Path) -> Path:
    return Path(os.path.normpath(source.parent / path.expanduser()))


def _checked(config: Config) -> Config:
    """Refuse what cannot work: folders inside one another, an archive without a place."""
    if config.after == "archive" and config.archive is None:
        raise ConfigurationError(
            f"{config.source}: `after: archive` needs to know where to.",
            "Add `archive: FOLDER`, a folder outside the inbox.",
        )
    places = {"outbox": config.outbox, "state": config.state, "cache": config.cache}
    if config.archive is not None:
        places["archive"] = config.archive
    for key, place in places.items():
        _refuse_overlap(config, key, place)
    for key in ("state", "cache"):
        if places[key].resolve().is_relative_to(config.outbox.resolve()):
            raise ConfigurationError(
                f"{config.source}: `{key}` ({places[key]}) lies inside `outbox`.",
                f"Name a folder for `{key}` that does not sync to the laptop.",
            )
    worker_specs(config)  # an engine that does not exist is an error now, not at the first file
    return config


def _refuse_overlap(config: Config, key: str, place: Path) -> None:
    inbox, other = config.inbox.resolve(), place.resolve()
    if other.is_relative_to(inbox) or inbox.is_relative_to(other):
        raise ConfigurationError(
            f"{config.source}: `inbox` ({config.inbox}) and `{key}` ({place}) overlap.",
            f"Name two folders neither of which holds the other; move `{key}` out.",
        )


def _explained(error: msgspec.ValidationError, source: Path) -> ConfigurationError:
    message, _, place = str(error).partition(" - at ")
    where = place.rpartition(" in ")[2].strip("`")  # "`key` in `$.reading.pauses`"
    key = where.removeprefix("$").removeprefix(".").replace("[...]", "")
    if unknown := re.search(r"unknown field `(.*)`", message):
        full = ".".join(part for part in (key, unknown[1]) if part)
        near = difflib.get_close_matches(unknown[1], _keys(), n=1)
        hint = f"Did you mean `{near[0]}`?" if near else "Remove it."
        return ConfigurationError(
            f"{source}: unknown key `{full}`.",
            f"{hint} `narrated config init --print` lists every key.",
        )
    if missing := re.search(r"missing required field `(.*)`", message):
        return ConfigurationError(
            f"{source}: the key `{missing[1]}` is missing.", f"Add a line `{missing[1]}: FOLDER`."
        )
    return ConfigurationError(f"{source}: `{key or 'file'}`: {message}.", "Mend that value.")


def _keys() -> list[str]:
    sections = (Config, Speech, Reading, Pictures, Audio, Workers, EngineEntry, Speaker)
    return [name for section in sections for name in section.__struct_fields__ if name != "source"]


def _folded(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))
