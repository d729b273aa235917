"""Find, read and check the configuration's file; an error names the key and the remedy."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from narrated.audio.sound_files import is_sound_file
from narrated.config.box_checks import check_boxes
from narrated.config.config_errors import invalid_value, invalid_yaml, unreadable, yaml_twice
from narrated.config.folder_overlap import refuse_overlap
from narrated.config.podcast import check_podcast
from narrated.config.quantities import decode_value, encode_value
from narrated.config.values import (
    TARGET_LUFS,
    AudioConfig,
    Config,
    ModelsConfig,
    PodcastConfig,
    SpeechConfig,
    speaker_key,
)
from narrated.config.worker_specs import configured_speakers, engine_spec
from narrated.engines.interface import Kind
from narrated.errors import ConfigurationError
from narrated.printable import printable
from narrated.reading.language_tags import language_tag
from narrated.script.language_voices import ROLES

USER_FILE = "narrated/narrated.yaml"
SYSTEM_FILE = Path("/etc/narrated/narrated.yaml")


def find_file(
    explicit: Path | None, environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_FILE
) -> Path:
    """Find the configuration's file: --config, NARRATED_CONFIG, the user's, the system's."""
    if explicit is not None:
        return explicit
    if named := environ.get("NARRATED_CONFIG"):
        return Path(named)
    users = _user_folder("XDG_CONFIG_HOME", ".config", environ) / USER_FILE
    for candidate in (users, system):
        if candidate.is_file():
            return candidate
    raise ConfigurationError(
        f"There is no configuration: neither {users} nor {system} exists.",
        "Write one with `narrated config init`, or name one with --config FILE.",
    )


def load(path: Path) -> Config:
    """Read and check a configuration file; ConfigurationError names the key and the remedy.

    The folders that it names are compared by their paths alone: the disk of one may hang.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
    return parse(text, path.absolute())


def load_optional(explicit: Path | None = None) -> Config | None:
    """Load the configuration in force; None if no file exists and the caller named none."""
    try:
        path = find_file(explicit)
    except ConfigurationError:
        return None
    return load(path)


def parse(text: str, source: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Check a configuration's text as if it were the file `source`."""
    try:
        entries = yaml.load(text, _StrictLoader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-01
        raise invalid_yaml(source, error) from error
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
        raise invalid_value(source, error) from error
    return _check(_with_paths(config, source, environ))


def create(explicit: Path | None, text: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Write a first configuration; raise ConfigurationError if the file exists."""
    path = explicit or default_path(environ)
    try:
        is_new = not path.parent.is_dir()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        if path.is_relative_to("/etc"):  # for the service's account, whatever root's umask
            path.chmod(0o644)
            if is_new:
                path.parent.chmod(0o755)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} is there already; narrated did not change it.", "Edit it, or remove it first."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", "Name another with --config FILE."
        ) from error
    return path


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the path of a first configuration: the system's for root, else the user's."""
    if named := environ.get("NARRATED_CONFIG"):
        return Path(named)
    if os.geteuid() == 0:
        return SYSTEM_FILE
    return _user_folder("XDG_CONFIG_HOME", ".config", environ) / USER_FILE


def to_yaml(config: Config) -> str:
    """Write the configuration in force as YAML, with all defaults and who really speaks."""
    speakers = configured_speakers(config)
    narrator = msgspec.structs.asdict(speakers.pop("narrator"))
    voices = {who: speakers.pop(who) for who in list(speakers) if who not in ROLES}
    speech = msgspec.convert({**narrator, "speakers": speakers, "voices": voices}, SpeechConfig)
    config = msgspec.structs.replace(config, speech=speech)
    entries = msgspec.to_builtins(config, enc_hook=encode_value)
    return str(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))


def scratch_config(config: Config | None, inbox: Path, folder: Path) -> Config:
    """Copy a configuration for another inbox; all that narrated writes goes into `folder`."""
    defaults = config or Config(inbox=inbox, outbox=folder, models=unconfigured_models())
    own = {key: folder / key for key in ("outbox", "state", "cache")}
    return msgspec.structs.replace(defaults, inbox=inbox, **own)


def default_state(source: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Give the state folder of a configuration file that names none."""
    return _default_folder(Path(), "STATE", source, environ)


def unconfigured_models(environ: Mapping[str, str] = os.environ) -> ModelsConfig:
    """Give the model settings that a first configuration would have."""
    source = default_path(environ)
    state = _default_folder(Path(), "STATE", source, environ)
    return _with_model_paths(ModelsConfig(), state, source)


def unconfigured_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the cache folder that a first configuration would have."""
    return _default_folder(Path(), "CACHE", default_path(environ), environ)


def user_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the cache folder of this account, whatever is configured."""
    return _user_folder("XDG_CACHE_HOME", ".cache", environ) / "narrated"


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML that refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml_twice(key, key.value)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _with_paths(config: Config, source: Path, environ: Mapping[str, str]) -> Config:
    """Make every path absolute, and give each missing one its default."""
    lexicon = config.reading.lexicon
    sibling = source.parent / "lexicon.yaml"
    if lexicon is None and sibling.is_file():
        lexicon = sibling
    state = _absolute(_default_folder(config.state, "STATE", source, environ), source)
    return msgspec.structs.replace(
        config,
        inbox=_absolute(config.inbox, source),
        outbox=_absolute(config.outbox, source),
        state=state,
        cache=_absolute(_default_folder(config.cache, "CACHE", source, environ), source),
        archive=None if config.archive is None else _absolute(config.archive, source),
        reading=msgspec.structs.replace(
            config.reading, lexicon=None if lexicon is None else _absolute(lexicon, source)
        ),
        audio=_with_sound_paths(config.audio, source),
        models=_with_model_paths(config.models, state, source),
        boxes={
            name: msgspec.structs.replace(box, socket=_absolute(box.socket, source))
            for name, box in config.boxes.items()
        },
        podcast=_with_image_path(config.podcast, source),
        source=source,
    )


def _with_sound_paths(audio: AudioConfig, source: Path) -> AudioConfig:
    """Name intro and outro by absolute paths, if they are files; `loudness: on` is the default."""
    intro, outro = (
        str(_absolute(Path(each.strip()), source)) if is_sound_file(each) else each.strip()
        for each in (audio.intro, audio.outro)
    )
    loudness = TARGET_LUFS if audio.loudness is True else audio.loudness
    return msgspec.structs.replace(audio, loudness=loudness, intro=intro, outro=outro)


def _with_model_paths(models: ModelsConfig, state: Path, source: Path) -> ModelsConfig:
    folder, voices = models.folder, models.voices
    return msgspec.structs.replace(
        models,
        folder=state / "models" if folder == Path() else _absolute(folder, source),
        voices=state / "voices" if voices == Path() else _absolute(voices, source),
    )


def _with_image_path(podcast: PodcastConfig | None, source: Path) -> PodcastConfig | None:
    if podcast is None or podcast.image is None:
        return podcast
    return msgspec.structs.replace(podcast, image=_absolute(podcast.image, source))


def _default_folder(path: Path, use: str, source: Path, environ: Mapping[str, str]) -> Path:
    """Choose systemd's directory, else the system's for a file below /etc, else the user's."""
    if path != Path():
        return path
    if given := environ.get(f"{use}_DIRECTORY"):
        return Path(given.split(":")[0])
    if source.is_relative_to("/etc"):
        return Path({"STATE": "/var/lib/narrated", "CACHE": "/var/cache/narrated"}[use])
    home = {"STATE": ".local/state", "CACHE": ".cache"}[use]
    return _user_folder(f"XDG_{use}_HOME", home, environ) / "narrated"


def _user_folder(variable: str, below_home: str, environ: Mapping[str, str]) -> Path:
    named = environ.get(variable)
    return Path(named) if named else Path(environ.get("HOME", "/")) / below_home


def _absolute(path: Path, source: Path) -> Path:
    return Path(os.path.normpath(source.parent / path.expanduser()))


def _check(config: Config) -> Config:
    """Refuse overlapping folders, an archive without a folder, and unknown engines."""
    if config.after == "archive" and config.archive is None:
        raise ConfigurationError(
            f"{config.source}: `after: archive` needs the folder `archive`.",
            "Add `archive: FOLDER`, a folder outside the inbox.",
        )
    refuse_overlap(config)
    _check_languages(config)
    _check_engines(config)
    check_boxes(config)
    check_podcast(config)
    return config


def _check_languages(config: Config) -> None:
    """Refuse a voice of no language."""
    for name in config.speech.voices:
        if language_tag(name) != name:
            raise ConfigurationError(
                f"{config.source}: `speech.voices.{printable(name)}`: that is no language.",
                "Name a language by its tag, such as fr or pt-BR.",
            )


def _check_kind(key: str, name: str, kind: Kind) -> None:
    """Refuse an engine that cannot do what the key is for."""
    does = "listens" if kind == "hearing" else "describes pictures"
    if kind != "speech" and key.startswith("speech."):
        raise ConfigurationError(
            f"{name} {does}; it does not speak.", "Name an engine that speaks."
        )
    if kind == "hearing" and key == "pictures.captions":
        raise ConfigurationError(
            f"{name} listens; it describes no pictures.", "Name a captioner, such as embedded."
        )
    if kind != "hearing" and key == "takes.hearing":
        raise ConfigurationError(
            f"{name} does not listen.", "Name a hearing engine, such as whisper-base."
        )


def _check_engines(config: Config) -> None:
    """Refuse an unknown engine now, not at the first file."""
    named = {"pictures.captions": config.pictures.captions}
    for role, speaker in config.settings.speakers.items():
        named[speaker_key(role, "engine").replace(": ", ".")] = (
            speaker.engine or config.settings.default_engine
        )
    named |= {f"engines.{name}": name for name in config.engines}
    if config.takes.hearing:
        named["takes.hearing"] = config.takes.hearing
    for key, name in named.items():
        try:
            _check_kind(key, name, engine_spec(config, name).kind)
        except ConfigurationError as error:
            problem = f"{config.source}: `{key}`: {error.problem}"
            raise ConfigurationError(problem, error.remedy) from error
