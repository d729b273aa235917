"""`narrated estimate`: minutes of sound and hours of work of a folder, by engine."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from narrated.config.values import Config
from narrated.config.work_hours import WorkHours
from narrated.config.worker_specs import worker_specs
from narrated.errors import NarratedError
from narrated.human_formatting import count_noun, duration
from narrated.ledger.engine_rates import EngineRate
from narrated.printable import printable
from narrated.terminal.daemon_client import DaemonClient
from narrated.terminal.folder_check import OnFile
from narrated.terminal.folder_text_counts import (
    HELD_BACK,
    NARRATED,
    SHOWN,
    SILENT,
    TO_REVIEW,
    TOO_OLD,
    FileWork,
    FolderWork,
    SpokenText,
    total_by_voice,
)
from narrated.terminal.without_daemon import count_work
from narrated.terminal.work_estimate import (
    CaptionEstimate,
    MeasuredRates,
    VoiceEstimate,
    WorkEstimate,
    estimate,
    voice_estimate,
)


class EstimateReport(msgspec.Struct, frozen=True):
    """All that `narrated estimate` tells of a folder."""

    folder: str
    files: dict[str, int]
    """By fate: narrated, silent (`narrate: false`), held_back (drafts), too_old (`since`), shown
    (pictures in posts), unread, to_review (of those to narrate, by a person first), and already
    (narrated, as the ledger says)."""
    estimate: WorkEstimate
    """Of all files, the narrated ones as well."""
    left: WorkEstimate
    """Of those that are not narrated yet."""
    instead: tuple[VoiceEstimate, ...]
    """The same text in each other engine that is configured."""
    hours_a_day: float
    problems: tuple[dict[str, str], ...] = ()
    rates_problem: str = ""
    """Why no rate could be read; empty if they could."""


class LedgerFacts(msgspec.Struct, frozen=True):
    """The rates and narrated sources of the ledger."""

    rates: tuple[EngineRate, ...] = ()
    narrated: frozenset[str] = frozenset()
    problem: str = ""
    """Why it could not be asked."""


def estimate_folder(
    config: Config | None, client: DaemonClient, folder: Path, on_file: OnFile
) -> EstimateReport:
    """Read a folder, ask for the rates, and estimate."""
    work = count_work(config, folder, on_file)
    is_inbox = config is not None and work.root == config.inbox.resolve()
    known = _ask(client, is_inbox)
    work.take_in(known.narrated)
    rates = MeasuredRates(known.rates)
    left = [each for each in work.files if each.path not in known.narrated]
    whole = estimate(work.files, work.captioner, rates)
    return EstimateReport(
        folder=str(folder),
        files=_counts(work, left),
        estimate=whole,
        left=estimate(left, work.captioner, rates),
        instead=tuple(_instead(name, whole, work, rates) for name in _others(config, whole)),
        hours_a_day=(config.hours if config else WorkHours()).minutes_a_day / 60,
        problems=tuple(
            {"path": each.path, "problem": each.problem, "remedy": each.remedy}
            for each in work.problems
        ),
        rates_problem=known.problem,
    )


def _ask(client: DaemonClient, is_inbox: bool) -> LedgerFacts:
    try:
        narrated = client.narrated_paths() if is_inbox else set()
        return LedgerFacts(tuple(client.rates()), frozenset(narrated))
    except NarratedError as error:  # an estimate without figures still counts characters
        return LedgerFacts(problem=str(error))


def _counts(work: FolderWork, left: Sequence[FileWork]) -> dict[str, int]:
    fates = {name: work.fates[name] for name in (NARRATED, SILENT, HELD_BACK, TOO_OLD, SHOWN)}
    fates[TO_REVIEW] = sum(each.awaits_review for each in left)
    return {**fates, "unread": len(work.problems), "already": len(work.files) - len(left)}


def _others(config: Config | None, whole: WorkEstimate) -> list[str]:
    """List the configured speech engines that would speak none of it."""
    if config is None or not whole.voices:
        return []
    specs = (spec for worker in worker_specs(config) for spec in worker.engines)
    speaking = {spec.name for spec in specs if spec.kind == "speech"}
    return sorted(speaking - {each.engine for each in whole.voices})


def _instead(
    engine: str, whole: WorkEstimate, work: FolderWork, rates: MeasuredRates
) -> VoiceEstimate:
    """Estimate the same text in one other engine."""
    texts = SpokenText()
    for each in total_by_voice(work.files).values():
        texts.add(each)
    characters = whole.totals.characters  # with those of captions
    heard, pauses_s = characters / texts.speed, texts.pauses_s
    text = SpokenText(whole.totals.chunks, characters, heard, pauses_s)
    return voice_estimate((engine, "", "{}"), text, rates, None)


def report_lines(told: EstimateReport) -> Iterator[str]:
    """Format a report for a terminal."""
    whole, already = told.estimate, told.files["already"]
    yield f"{printable(told.folder)}: {_files(told.files)}"
    unknown = "its rate cannot be read" if told.rates_problem else "not measured on this machine"
    yield from (f"  {_voice_line(each, unknown)}" for each in whole.voices)
    if whole.captions:
        yield f"  {_caption_line(whole.captions, unknown)}"
    if whole.voices:
        yield _total_line("in all", whole, told.rates_problem)
    if already:
        left = "nothing is left"
        if told.left.totals.files:
            left = _total_line("left", told.left, told.rates_problem)
        yield f"narrated already: {count_noun(already, 'file')}; {left}"
    yield from _days_lines(told)
    yield from (f"instead, {_voice_line(each, unknown)}" for each in told.instead)
    yield from _unmeasured_lines(told)
    for each in told.problems:
        why = f"{each['problem']} {each['remedy']}".rstrip()
        yield f"{printable(each['path'])}  NOT READ: {why}"


def _files(files: dict[str, int]) -> str:
    others = {
        TO_REVIEW: "of them after your review of the script",
        SILENT: "not narrated (narrate: false)",
        HELD_BACK: "held back as drafts",
        TOO_OLD: "older than `since`",
        SHOWN: "shown by posts, and described there",
        "unread": "could not be read",
    }
    parts = [f"{files[name]:,} {words}" for name, words in others.items() if files[name]]
    return "; ".join([f"{count_noun(files[NARRATED], 'file')} to narrate", *parts])


def _voice_line(each: VoiceEstimate, unknown: str) -> str:
    name = printable(", ".join(filter(None, (each.engine, each.voice))))
    text = f"{name}: {count_noun(each.characters, 'character')}"
    if each.sound_s is None or each.work_s is None:
        return f"{text}; {unknown}"
    other = " (measured with other voices or options)" if each.measured == "engine" else ""
    return f"{text}; {_sound_and_work(each.sound_s, each.work_s)}{other}"


def _caption_line(each: CaptionEstimate, unknown: str) -> str:
    text = f"{printable(each.engine)}: {count_noun(each.pictures, 'picture')} to describe"
    if each.work_s is None:
        return f"{text}; {unknown}, and the captions' words are not counted"
    return f"{text}; {_about(each.work_s)} of work"


def _total_line(title: str, one: WorkEstimate, rates_problem: str) -> str:
    """Format the sums of what was measured, or say that there are none."""
    without = printable(" and ".join(one.unmeasured))
    if not _is_measured(one):
        until = "the measured rates can be read" if rates_problem else f"{without} has spoken here"
        return f"{title}: unknown until {until}"
    sums = _sound_and_work(one.totals.sound_s, one.totals.work_s)
    return f"{title}: {sums}{f', without {without}, which is unknown' if without else ''}"


def _is_measured(one: WorkEstimate) -> bool:
    """True if some of the sound is known, or all is that there is."""
    return not one.unmeasured or any(each.sound_s is not None for each in one.voices)


def _sound_and_work(sound_s: float, work_s: float) -> str:
    return f"{_about(sound_s)} of sound, {_about(work_s)} of work"


def _about(seconds: float) -> str:
    return f"about {duration(seconds)}" if seconds >= 1 else "under a second"


def _days_lines(told: EstimateReport) -> Iterator[str]:
    work_s, hours = told.left.totals.work_s, told.hours_a_day
    if hours < 24 and work_s:
        days = math.ceil(work_s / 3600 / hours)
        yield f"With `hours`, {hours:g} h a day, that is {count_noun(days, 'day')}."


def _unmeasured_lines(told: EstimateReport) -> Iterator[str]:
    if told.rates_problem:
        yield f"The measured rates cannot be read: {told.rates_problem}"
        return
    others = (each.engine for each in told.instead if each.work_s is None)
    for name in dict.fromkeys((*told.estimate.unmeasured, *others)):
        yield (
            f"{printable(name)} was not measured yet: narrate a post with it, or ask the running "
            f"daemon for a sample (`narrated say`, or `narrated voices audition NAME --engine "
            f"{printable(name)}`), and estimate again."
        )
