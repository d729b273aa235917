"""The configuration's file: found, read strictly, and refused with the key and the remedy."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import yaml

from narrated.config.values import (
    AudioConfig,
    Config,
    EngineConfig,
    ModelsConfig,
    PicturesConfig,
    ReadingConfig,
    SpeechConfig,
    WorkersConfig,
    decode_value,
    encode_value,
)
from narrated.config.worker_specs import worker_specs
from narrated.errors import ConfigurationError
from narrated.script.script import Speaker

USER_FILE = "narrated/narrated.yaml"
SYSTEM_FILE = Path("/etc/narrated/narrated.yaml")


def find_file(
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


def load_optional(
    explicit: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Config | None:
    """The configuration in force; None where there is none and none was named."""
    try:
        path = find_file(explicit, environ)
    except ConfigurationError:
        return None
    return load(path)


def parse(text: str, source: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Check a configuration's text as if it stood in the file `source`."""
    try:
        entries = yaml.load(text, _StrictLoader)
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
        config = msgspec.convert(entries, Config, dec_hook=decode_value, str_keys=True)
    except msgspec.ValidationError as error:
        raise _explained(error, source) from error
    return _checked(_placed(config, source, environ))


def create(explicit: Path | None, text: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Write a first configuration where it will be found; one that is there is never changed."""
    path = explicit or default_path(environ)
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


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where a first configuration is written: the system's for root, else the user's."""
    if named := environ.get("NARRATED_CONFIG"):
        return Path(named)
    if os.geteuid() == 0:
        return SYSTEM_FILE
    return _users("XDG_CONFIG_HOME", ".config", environ) / USER_FILE


def to_yaml(config: Config) -> str:
    """The configuration in force as YAML, defaults and all."""
    entries = msgspec.to_builtins(config, enc_hook=encode_value)
    return str(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))


def scratch_config(config: Config | None, inbox: Path, folder: Path) -> Config:
    """The same wishes on another inbox, with everything that is written in a folder of its own."""
    wishes = config or Config(inbox=inbox, outbox=folder, models=unconfigured_models())
    return msgspec.structs.replace(
        wishes,
        inbox=inbox,
        outbox=folder / "outbox",
        state=folder / "state",
        cache=folder / "cache",
    )


def unconfigured_models(environ: Mapping[str, str] = os.environ) -> ModelsConfig:
    """Where models stand before there is a configuration: where the first one would have them."""
    source = default_path(environ)
    return _placed_models(ModelsConfig(), _default(Path(), "STATE", source, environ), source)


def unconfigured_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the first configuration would have the cache."""
    return _default(Path(), "CACHE", default_path(environ), environ)


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML in which a key that is given twice is a mistake, not a choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.YAMLError(
                    f"line {key.start_mark.line + 1}: `{key.value}` is given twice"
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _placed(config: Config, source: Path, environ: Mapping[str, str]) -> Config:
    """Every path made absolute, every unnamed one given its default place."""
    lexicon = config.reading.lexicon
    beside = source.parent / "lexicon.yaml"
    if lexicon is None and beside.is_file():
        lexicon = beside
    state = _absolute(_default(config.state, "STATE", source, environ), source)
    return msgspec.structs.replace(
        config,
        inbox=_absolute(config.inbox, source),
        outbox=_absolute(config.outbox, source),
        state=state,
        cache=_absolute(_default(config.cache, "CACHE", source, environ), source),
        archive=None if config.archive is None else _absolute(config.archive, source),
        reading=msgspec.structs.replace(
            config.reading, lexicon=None if lexicon is None else _absolute(lexicon, source)
        ),
        models=_placed_models(config.models, state, source),
        source=source,
    )


def _placed_models(models: ModelsConfig, state: Path, source: Path) -> ModelsConfig:
    folder, voices = models.folder, models.voices
    return msgspec.structs.replace(
        models,
        folder=state / "models" if folder == Path() else _absolute(folder, source),
        voices=state / "voices" if voices == Path() else _absolute(voices, source),
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
    ours = {
        "state": config.state,
        "cache": config.cache,
        "models.folder": config.models.folder,
        "models.voices": config.models.voices,
    }
    places = {"outbox": config.outbox, **ours}
    if config.archive is not None:
        places["archive"] = config.archive
    for key, place in places.items():
        _refuse_overlap(config, key, place)
    for key, place in ours.items():
        if place.resolve().is_relative_to(config.outbox.resolve()):
            raise ConfigurationError(
                f"{config.source}: `{key}` ({place}) lies inside `outbox`.",
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
    choices = ", ".join(map(str, _choices(key)))
    remedy = f"Choose one of {choices}." if choices else "Mend that value."
    return ConfigurationError(f"{source}: `{key or 'file'}`: {message}.", remedy)


def _choices(key: str) -> tuple[Any, ...]:
    """What a key may be, where it is one of a few words."""
    kind: Any = Config
    for part in key.split("."):
        is_section = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        kind = get_type_hints(kind).get(part) if is_section else None
    return get_args(kind) if get_origin(kind) is Literal else ()


def _keys() -> list[str]:
    sections = (
        Config,
        SpeechConfig,
        ReadingConfig,
        PicturesConfig,
        AudioConfig,
        WorkersConfig,
        ModelsConfig,
        EngineConfig,
        Speaker,
    )
    return [name for section in sections for name in section.__struct_fields__ if name != "source"]


def _folded(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))
