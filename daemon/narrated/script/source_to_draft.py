"""Builds the Draft of a source: reads it, resolves its settings, writes its script, cuts chunks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args, get_type_hints

import msgspec

from narrated.errors import SourceBlank, SourceError
from narrated.printable import printable
from narrated.reading.dialects.registry import Dialect
from narrated.reading.document import Document
from narrated.reading.file_kinds import is_gallery_path
from narrated.reading.gallery import gallery_document
from narrated.reading.narration_settings import (
    Choices,
    NarrationSettings,
    dialects_off,
    for_posts,
    merged,
    parse_folder_settings,
)
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.chapter_starts import chapter_starts
from narrated.script.chunks import chunk_script
from narrated.script.default_voice import (
    SpeechEngines,
    named_engine,
    with_engine,
    with_former_voice,
)
from narrated.script.first_paragraph import first_without_pictures
from narrated.script.language_codes import base_language
from narrated.script.language_voices import (
    ROLES,
    LanguageVoices,
    speaker_for,
    speakers_as_spoken,
)
from narrated.script.lexicon import Lexicon
from narrated.script.regex_time_limit import RegexRunner
from narrated.script.script import (
    Captions,
    Draft,
    LexiconReference,
    ReadingSettings,
    ResolvedOverrides,
    Role,
    Script,
    Speaker,
)
from narrated.script.traversal import pictures_shown

_NOTHING_ASKED = NarrationSettings()


def build_draft(
    data: bytes,
    name: str,
    *,
    captions: Captions,
    lexicons: Sequence[tuple[str, str]],
    settings: ReadingSettings,
    engines: SpeechEngines,
    folders: Sequence[tuple[str, str]] = (),
    folder: str = "",
    regex_runner: RegexRunner | None = None,
    asked: NarrationSettings = _NOTHING_ASKED,
    pictures: Sequence[str] = (),
    newest_picture: str = "",
    on_document: Callable[[Document], None] = lambda _: None,
) -> Draft:
    """Read a source, write its script and cut it into chunks; raises SourceError.

    `lexicons` and `folders` (settings files, from the root down) are inbox paths and texts.
    `folder` is the inbox path of the source's folder, which may name the source and its day.
    `regex_runner` runs the lexicons' patterns that cannot run in linear time; None: without limit.
    `engines` are those that may speak. Front matter overrides folder settings, a deeper folder
    overrides a higher one, and all override `settings`. `asked` has the engine, voice and speed
    that somebody asks for at a terminal: they override all. `on_document` gets the document.
    `pictures` are the names of the pictures in the folder of a gallery, and `newest_picture` is the
    day of the newest: that of a gallery without a date.
    """
    choices = _choices(engines.limits)
    own = [parse_folder_settings(text, path, choices) for path, text in folders]
    layers = [for_posts(each) for each in own]
    inherited = merged(layers)
    off = dialects_off(settings.dialects | inherited.dialects)
    read_source = partial(read, data, name, choices, off, folder)
    if is_gallery_path(name):
        read_source = partial(gallery_document, own[-1], folder, pictures)
    document, is_blank = _read(read_source, inherited)
    layers.append(document.metadata)
    document = _with_inherited(document, layers, asked)
    on_document(document)
    voicing = _voicing(settings, document.metadata, layers, asked, engines)
    _check_engines(voicing.settings, name, engines.limits)
    texts, paths = [text for _, text in lexicons], [path for path, _ in lexicons]
    lexicon = Lexicon.parse(texts, paths, regex_runner)
    voices = LanguageVoices(voicing.settings, engines)
    script = build_script(document, captions, lexicon, voicing.settings, voices.spoken_language)
    draft = _draft(document, script, voicing, voices, engines.limits)
    return msgspec.structs.replace(
        draft,
        date=draft.date or newest_picture,
        overrides=_overrides(document.metadata, voicing.settings, layers),
        is_blank=is_blank,
        chapters=chapter_starts(document, script, captions),
    )


@dataclass(frozen=True, slots=True)
class _Voicing:
    """The settings of a source, and what they would be if its own voice were none."""

    settings: ReadingSettings
    wanted: str
    """The engine that the narrator names, which may not speak the language."""
    loose_voice: str
    otherwise: Speaker


def _with_inherited(
    document: Document, layers: Sequence[NarrationSettings], asked: NarrationSettings
) -> Document:
    """Give a document the metadata of its path and its folders, too."""
    metadata = merged([NarrationSettings(date=document.path_date or None), *layers])
    metadata = msgspec.structs.replace(metadata, speed=asked.speed or metadata.speed)
    return msgspec.structs.replace(document, metadata=metadata)


def _voicing(
    configured: ReadingSettings,
    metadata: NarrationSettings,
    layers: Sequence[NarrationSettings],
    asked: NarrationSettings,
    engines: SpeechEngines,
) -> _Voicing:
    """Resolve settings and voices; the last layer is the source's own."""
    settings = _resolved(configured, metadata, [*layers, asked])
    wanted = named_engine(settings.speakers["narrator"], settings.default_engine)
    is_loose = metadata.is_voice_loose and not (asked.voice or asked.engine)
    otherwise = _spoken(_resolved(configured, metadata, layers[:-1]), engines)
    return _Voicing(
        _spoken(settings, engines),
        wanted,
        (metadata.voice or "") if is_loose else "",
        otherwise.speakers["narrator"],
    )


def _draft(
    document: Document,
    script: Script,
    voicing: _Voicing,
    voices: LanguageVoices,
    limits: Mapping[str, int],
) -> Draft:
    metadata, settings = document.metadata, voicing.settings
    roles = {who: one for who, one in settings.speakers.items() if who in ROLES}
    speakers = {**roles, **voices.speakers}
    return Draft(
        kind=document.kind,
        title=document.title,
        author=metadata.author or "",
        date=metadata.date or "",
        language=settings.language,
        narrate=metadata.narrate is not False,
        review=metadata.review,
        speakers=speakers,
        shown=pictures_shown(document),
        script=script,
        chunks=chunk_script(script, {who: limits[one.engine] for who, one in speakers.items()}),
        description=metadata.description or "",
        tags=metadata.tags or (),
        cover=metadata.cover or "",
        loose_voice=voicing.loose_voice,
        narrator_otherwise=voicing.otherwise if voicing.loose_voice else None,
        not_spoken_by=voicing.wanted if voicing.wanted != speakers["narrator"].engine else "",
        unvoiced=tuple(voices.unvoiced),
        draft_mark=metadata.draft_mark or "",
        publish_at=metadata.publish_at or "",
        slug=metadata.slug or "",
        block_lines=document.lines,
        opening="" if metadata.description else first_without_pictures(document, script),
    )


def _choices(limits: Mapping[str, int]) -> Choices:
    kinds = get_type_hints(ReadingSettings)
    words = {key: get_args(kinds[key]) for key in ("links", "code", "footnotes", "numbers")}
    names = {"pauses": tuple(Role), "engine": tuple(sorted(limits)), "dialects": tuple(Dialect)}
    return words | names


def _overrides(
    metadata: NarrationSettings, settings: ReadingSettings, layers: Sequence[NarrationSettings]
) -> ResolvedOverrides:
    """Resolve what a source and its folders say besides the configuration."""
    album, references = metadata.album or "", _lexicon_references(layers)
    return ResolvedOverrides(settings, album, metadata.pictures, references)


def _read(
    read_source: Callable[[], Document], inherited: NarrationSettings
) -> tuple[Document, bool]:
    """Read a source; returns also if it is blank.

    A blank one is no error, nor is a broken one in a folder with `narrate: false`.
    """
    try:
        return read_source(), False
    except SourceError as error:
        is_wanted = inherited.narrate is not False
        is_blank = is_wanted and isinstance(error, SourceBlank)
        if is_wanted and not is_blank:
            raise
        return Document("text", "", "name", (), NarrationSettings(narrate=False)), is_blank


def _resolved(
    settings: ReadingSettings,
    metadata: NarrationSettings,
    layers: Sequence[NarrationSettings],
) -> ReadingSettings:
    """Apply metadata to the configured settings."""
    language = metadata.language or settings.language
    configured = settings.speakers["narrator"]
    of_language = speaker_for(language, settings.speakers)
    if not settings.voices_of_languages:
        settings = _with_former_voices(settings)
    if base_language(language) != base_language(settings.language):
        settings = _without_voices(settings)
    narrator = of_language or settings.speakers["narrator"]
    for layer in layers:
        narrator = _with_voice_of(narrator, layer, settings.default_engine)
    speed = metadata.speed or narrator.speed or configured.speed
    narrator = msgspec.structs.replace(narrator, speed=speed)
    return msgspec.structs.replace(
        settings,
        language=language,
        speakers={**settings.speakers, "narrator": narrator},
        links=metadata.links or settings.links,
        code=metadata.code or settings.code,
        tables=metadata.tables or settings.tables,
        footnotes=metadata.footnotes or settings.footnotes,
        numbers=metadata.numbers or settings.numbers,
        pauses=settings.pauses | metadata.pauses,
        takes=settings.takes.with_overrides(metadata.takes),
    )


def _with_former_voices(settings: ReadingSettings) -> ReadingSettings:
    """Give each role the voice that it had before an unnamed voice was one of the language."""
    speakers = {
        who: with_former_voice(speaker) if who in ROLES else speaker
        for who, speaker in settings.speakers.items()
    }
    return msgspec.structs.replace(settings, speakers=speakers)


def _without_voices(settings: ReadingSettings) -> ReadingSettings:
    """Leave the voice to the engine: a role's configured voice speaks the configured language."""
    speakers = {
        who: msgspec.structs.replace(speaker, voice="") if who in ROLES else speaker
        for who, speaker in settings.speakers.items()
    }
    return msgspec.structs.replace(settings, speakers=speakers)


def _with_voice_of(speaker: Speaker, layer: NarrationSettings, default: str) -> Speaker:
    if layer.engine and layer.engine != named_engine(speaker, default):
        # Another engine has its own voices and options, so those of this one do not apply.
        return Speaker(layer.engine, layer.voice or "", {}, speaker.speed)
    engine, voice = layer.engine or speaker.engine, layer.voice or speaker.voice
    return with_engine(msgspec.structs.replace(speaker, engine=engine, voice=voice), default)


def _spoken(settings: ReadingSettings, engines: SpeechEngines) -> ReadingSettings:
    """Give every speaker the engine that speaks its language."""
    speakers = speakers_as_spoken(settings, engines)
    return msgspec.structs.replace(settings, speakers=speakers)


def _check_engines(settings: ReadingSettings, name: str, limits: Mapping[str, int]) -> None:
    for speaker in settings.speakers.values():
        if speaker.engine not in limits:
            problem = f"{printable(name)} needs an unknown engine `{printable(speaker.engine)}`."
            raise SourceError(problem, f"Known: {', '.join(sorted(limits))}.")


def _lexicon_references(layers: Sequence[NarrationSettings]) -> tuple[LexiconReference, ...]:
    """The lexicons that the layers name: each folder by its number, and the source, the last."""
    *folders, source = layers
    named = [LexiconReference(one.lexicon, by) for by, one in enumerate(folders) if one.lexicon]
    return (*named, *([LexiconReference(source.lexicon)] if source.lexicon else []))
