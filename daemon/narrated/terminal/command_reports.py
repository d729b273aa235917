"""The output of commands as text: status, history, findings, narrations, engines."""

import math
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

import yaml

from narrated.human_formatting import count_noun, duration, size
from narrated.printable import printable
from narrated.terminal.player import how_to_open, how_to_play

if TYPE_CHECKING:
    from narrated.doctor.finding import Finding
    from narrated.environments.engine_packages import EngineExtra, EnginePackage
    from narrated.voices.detect import DetectedVoice

MOST_PUBLISHED = 40


def published_lines(outbox: Path) -> Iterator[str]:
    """The narrations in the outbox, and a command that plays the first."""
    found = sorted(_audio(outbox))
    yield f"In {printable(str(outbox))}:" if found else f"There is nothing in {outbox} yet."
    for path, seconds in found[:MOST_PUBLISHED]:
        yield f"  {printable(str(path.relative_to(outbox)))}  ({duration(seconds)})"
    if len(found) > MOST_PUBLISHED:
        yield f"  and {len(found) - MOST_PUBLISHED} more"
    if found:
        yield "Beside each stand its transcript (.vtt) and its manifest (.json)."
        yield how_to_play(found[0][0])


def podcast_lines(feeds: Sequence[str], page: str) -> Iterator[str]:
    """Say in one line how to subscribe to the podcast, and how to open its page."""
    told = [f"subscribe to {_first(feeds)}"] if feeds else []
    if page:
        told.append(f"read along:  {how_to_open(page)}")
    if told:
        yield f"Podcast: {'; '.join(told)}"


def _first(feeds: Sequence[str]) -> str:
    more = f" and {len(feeds) - 1} more" if len(feeds) > 1 else ""
    return printable(feeds[0]) + more


def _audio(outbox: Path) -> Iterator[tuple[Path, float]]:
    from narrated.outbox.narration_search import whole_narrations

    for stem, manifest in whole_narrations(outbox):
        for output in manifest.outputs:
            if output.media_type.startswith("audio/"):
                yield (outbox / stem).with_name(output.name), manifest.duration_s


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """Format a status report for a terminal."""
    yield from _state_lines(status)
    yield from _work_lines(status)
    yield from _attention_lines(status)
    yield from _apart_lines(status)
    yield f"  done today {status['done_today']}, in all {status['counts'].get('done', 0)}"
    yield from _worker_lines(status)


def _state_lines(status: dict[str, Any]) -> Iterator[str]:
    """The state of the whole, and its places."""
    since = f" (running since {status['since']})" if status["since"] else ""
    yield f"narrated is {status['state']}{since}"
    yield f"  inbox   {printable(status['inbox'])}"
    yield f"  outbox  {printable(status['outbox'])}"
    if feeds := status.get("feeds"):  # a daemon of before this version tells none
        yield f"  feed    {_first(feeds)}"
    if status.get("page"):
        yield f"  page    {printable(status['page'])}"
    if status.get("no_address"):
        yield f"          {status['no_address']}"
    if status["paused"]:
        yield f"  {printable(status['paused'])}"
    for notice in status["notices"]:
        yield f"  ! {printable(notice)}"


def _work_lines(status: dict[str, Any]) -> Iterator[str]:
    """The files under way."""
    from narrated.take_checks.check_progress import told_checks

    for each in status["reading"]:
        left = "" if each["left_s"] is None else f", {duration(each['left_s'])} left"
        checks = told_checks(each.get("listening", 0), each.get("retakes", 0))
        after = f"; {checks}" if checks else ""
        yield f"  reading {printable(each['path'])}: {each['fraction']:.0%}{left}{after}"
    if status["queued"]:
        yield f"  queued  {status['queued']}: {', '.join(map(printable, status['queue']))}"
    for path, reason in status["arriving"]:
        yield f"  arriving {printable(path)}: {reason}"
    yield from _rest("arriving", status, status.get("arriving_count", 0))


def _attention_lines(status: dict[str, Any]) -> Iterator[str]:
    """The files that a person should look at."""
    for title in ("waiting", "failed"):
        for each in status[title]:
            why = f"{each['problem']} {each['remedy']}".rstrip()
            yield f"  {title} {printable(each['path'])}: {why}"
        yield from _rest(title, status, status["counts"].get(title, 0))
    for path in status["conflicts"]:
        yield f"  conflict {printable(path)} is not read: keep one version, delete the other"
    yield from _rest("conflicts", status, status.get("conflicts_count", 0))
    if doubtful := status.get("doubtful_count"):
        told = count_noun(doubtful, "narration")
        yield f"  doubtful takes in {told}: `narrated takes` lists them"


def _apart_lines(status: dict[str, Any]) -> Iterator[str]:
    """The files that it does not narrate."""
    from narrated.reading.file_kinds import other_kinds_line

    if status["left_out_count"]:
        first = ", ".join(printable(path) for path, _ in status["left_out"][:10])
        yield f"  left out {status['left_out_count']} older than `since`: {first}"
    held = held_lines(status.get("held_back", ()), status.get("held_back_count", 0))
    yield from (f"  {line}" for line in held)
    if status["other_kinds"]:
        yield f"  left alone {other_kinds_line(status['other_kinds'])}"
    if status["ignored_count"]:
        count = f"{status['ignored_count']} files and folders"
        yield f"  ignored {count}; `narrated ignored FILE` says why"


def _worker_lines(status: dict[str, Any]) -> Iterator[str]:
    """The workers, with their engines and models."""
    for worker in status["workers"]:
        problem = f" ({printable(worker['problem'])})" if worker["problem"] else ""
        engines = ", ".join(worker["engines"]) or "none"
        where = "box" if worker.get("box") else "worker"
        place = f" on {printable(done['place'])}" if (done := worker["done"])["place"] else ""
        spoke = f"; spoke {_spoken(done)}" if done["spoken_s"] else ""
        what = f"{worker['name']}{place} is {worker['state']}, engines: {engines}{spoke}{problem}"
        yield f"  {where} {what}"
        yield from map(_model_line, worker["models"])


def _spoken(done: dict[str, Any]) -> str:
    """What a worker has spoken, and how much faster than speech."""
    speed = done["spoken_s"] / done["busy_s"] if done["busy_s"] else 0.0
    factor = f", {speed:.2g} times as fast as speech" if speed else ""
    return f"{duration(done['spoken_s'])}{factor}"


def held_lines(held: Iterable[tuple[str, str]], count: int) -> Iterator[str]:
    """Format posts that are held back, each with the reason, and count the rest."""
    for path, why in held:
        yield f"held back {printable(path)}: {printable(why)}"
        count -= 1
    if count > 0:
        yield f"and {count} more held back: `narrated status --json` lists them all"


def _rest(title: str, status: dict[str, Any], count: int) -> Iterator[str]:
    """Count what a list leaves out."""
    if (more := count - len(status[title])) > 0:
        yield f"  and {more} more {title}: `narrated status --json` lists them all"


def _model_line(model: dict[str, Any]) -> str:
    """A model's place, memory, last use and speed."""
    parts = [f"    {printable(model['name'])} is {model['warmth']}"]
    if model["weights_bytes"]:
        working = f" and {size(model['working_bytes'])} at work" if model["working_bytes"] else ""
        parts.append(f"{size(model['weights_bytes'])}{working} on {model['device']}")
    used = "not used yet" if model["idle_s"] is None else f"used {duration(model['idle_s'])} ago"
    parts.append(used)
    if model["real_time_factor"]:
        parts.append(f"{model['real_time_factor']:.2f} s of work a second of speech")
    return ", ".join(parts)


def watch(lines: Callable[[], Iterator[str]]) -> None:
    """Redraw the lines each second, until Ctrl-C; print them each second where none is redrawn."""
    try:
        if sys.stdout.isatty():
            _redraw(lines)
        while True:
            print(*lines(), "", sep="\n", flush=True)
            time.sleep(1)
    except KeyboardInterrupt:
        return


def _redraw(lines: Callable[[], Iterator[str]]) -> Never:
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        while True:
            live.update(Text("\n".join(lines())), refresh=True)
            time.sleep(1)


def verdict_lines(verdict: dict[str, Any]) -> Iterator[str]:
    """Say whether a file is read, by which rule, and how to change that."""
    yield verdict["reason"]
    if verdict["remedy"]:
        yield f"  {verdict['remedy']}"


def history_lines(versions: list[dict[str, Any]]) -> Iterator[str]:
    """Format the versions of a file, oldest first."""
    for each in versions:
        when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(each["changed_at"]))
        heard = f", {duration(each['duration_s'])}" if each["duration_s"] else ""
        why = f": {printable(each['problem'])}" if each["problem"] else ""
        takes = _take_counts(each.get("takes"))  # a daemon of before tells none
        yield f"{when}  {each['state']} ({each['cause']}){heard}{takes}{why}"


def _take_counts(counts: dict[str, int] | None) -> str:
    """Tell in short how the takes of a version turned out."""
    if not counts:
        return ""
    told = [f", {count_noun(counts['checked'], 'take')} checked"]
    if counts["retaken"]:
        told.append(f"{counts['retaken']} spoken again")
    if counts["doubtful"]:
        told.append(f"{counts['doubtful']} doubtful")
    return ", ".join(told)


def respoken_lines(outcome: dict[str, Any], asked: str | None, *, is_served: bool) -> Iterator[str]:
    """Say which doubtful takes are spoken again; `asked`: the file or folder, None for all."""
    when = "" if is_served else " when the daemon starts"
    for path in outcome["spoken"]:
        spoken = f"the doubtful takes of {printable(path)} are spoken again{when}"
        yield f"{spoken}; the best takes stay"
    for path in outcome["good"]:
        yield f"{printable(path)} has no doubtful takes"
    if not any(outcome.values()):
        where = f" in {printable(asked)}" if asked else ""
        yield f"no narration{where} has doubtful takes"


def finding_lines(finding: "Finding") -> Iterator[str]:
    """Format a finding of the doctor, with its remedy."""
    mark = {"well": "ok  ", "warning": "note", "wrong": "BAD "}[finding.severity]
    yield f"{mark}  {finding.name}: {finding.text}"
    if finding.remedy:
        yield f"      {finding.remedy}"


def check_verdict(source: str, wrong: int) -> str:
    """Say whether a configuration can be used; `wrong` counts what is to be mended."""
    if not wrong:
        return f"{printable(source)} can be used."
    lack = "is lacking" if wrong == 1 else "are lacking"
    return f"{printable(source)} is valid, but {count_noun(wrong, 'thing')} {lack}: see above."


def installed_in_place_lines(package: "EnginePackage", folder: Path) -> Iterator[str]:
    """Report an installation into narrated's own environment, and the next step."""
    yield f"{package.package} is installed in {folder}, beside narrated's own libraries."
    yield f"  Pull its model, once: narrated models pull {package.engine}"


def installed_extra_lines(extra: "EngineExtra", folder: Path) -> Iterator[str]:
    """Report an engine's libraries in narrated's own environment, and the next step."""
    yield f"The libraries of {extra.engine} are installed in {folder}."
    yield f"  Pull its model, once: narrated models pull {extra.engine}"


def installed_apart_lines(package: "EnginePackage", interpreter: Path) -> Iterator[str]:
    """Report an installation into an environment of its own, and the lines that use it."""
    entry = {package.engine: {"python": str(interpreter)}}
    yield f"{package.package} is installed in {interpreter.parents[1]}, with the libraries it pins."
    yield "  Use it in narrated.yaml:"
    yield f"    engines: {yaml.safe_dump(entry, default_flow_style=True, width=math.inf).strip()}"


def added_lines(added: "DetectedVoice") -> Iterator[str]:
    """Report an added voice: advice for a better one, and a command that plays it."""
    yield from (f"Better: {printable(line)}" for line in added.advice_lines)
    name = printable(shlex.quote(added.name))
    yield (
        f"{printable(added.name)} is added. Hear it: "
        f"narrated voices audition {name} --engine {added.engine}"
    )
