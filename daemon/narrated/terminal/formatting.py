"""Text for a terminal: status, history, findings, published files, installed engines."""

import math
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.live import Live
from rich.text import Text

from narrated.doctor.finding import Finding
from narrated.environments.engine_packages import EnginePackage
from narrated.human_sizes import size
from narrated.outbox import manifest as manifests
from narrated.printable import printable
from narrated.service.status_report import duration

PLAYERS = ("mpv", "ffplay", "vlc", "play", "xdg-open", "open")
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
        yield "Each has a transcript (.vtt) and a manifest (.json) beside it."
        yield how_to_play(found[0][0])


def _audio(outbox: Path) -> Iterator[tuple[Path, float]]:
    for path in outbox.rglob(f"*{manifests.MANIFEST_SUFFIX}"):
        manifest = manifests.read(path)
        for output in manifest.outputs:
            if output.media_type.startswith("audio/"):
                yield path.parent / output.name, manifest.duration_s


def how_to_play(path: Path) -> str:
    """A command that plays a file with a player of this machine."""
    for player in PLAYERS:
        if shutil.which(player):
            return f"Hear it:  {player} {shlex.quote(str(path))}"
    return f"Hear it:  open {shlex.quote(str(path))} in any player"


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """Format a status report for a terminal."""
    since = f" (running since {status['since']})" if status["since"] else ""
    yield f"narrated is {status['state']}{since}"
    yield f"  inbox   {printable(status['inbox'])}"
    yield f"  outbox  {printable(status['outbox'])}"
    for notice in status["notices"]:
        yield f"  ! {printable(notice)}"
    for each in status["reading"]:
        left = "" if each["left_s"] is None else f", {duration(each['left_s'])} left"
        yield f"  reading {printable(each['path'])}: {each['fraction']:.0%}{left}"
    if status["queued"]:
        yield f"  queued  {status['queued']}: {', '.join(map(printable, status['queue']))}"
    for path, reason in status["arriving"]:
        yield f"  arriving {printable(path)}: {reason}"
    for title in ("waiting", "failed"):
        for each in status[title]:
            why = f"{each['problem']} {each['remedy']}".rstrip()
            yield f"  {title} {printable(each['path'])}: {why}"
    for path in status["conflicts"]:
        yield f"  conflict {printable(path)} is not read: keep one version, delete the other"
    yield f"  done today {status['done_today']}, in all {status['counts'].get('done', 0)}"
    for worker in status["workers"]:
        problem = f" ({printable(worker['problem'])})" if worker["problem"] else ""
        engines = ", ".join(worker["engines"]) or "none"
        yield f"  worker {worker['name']} is {worker['state']}, engines: {engines}{problem}"
        yield from map(_model_line, worker["models"])


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
    """Redraw the lines each second, until Ctrl-C."""
    with Live(auto_refresh=False) as live:
        try:
            while True:
                live.update(Text("\n".join(lines())), refresh=True)
                time.sleep(1)
        except KeyboardInterrupt:
            return


def history_lines(versions: list[dict[str, Any]]) -> Iterator[str]:
    """Format the versions of a file, oldest first."""
    for each in versions:
        when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(each["changed_at"]))
        heard = f", {duration(each['duration_s'])}" if each["duration_s"] else ""
        why = f": {printable(each['problem'])}" if each["problem"] else ""
        yield f"{when}  {each['state']} ({each['cause']}){heard}{why}"


def finding_lines(finding: Finding) -> Iterator[str]:
    """Format a finding of the doctor, with its remedy."""
    mark = {"well": "ok  ", "warning": "note", "wrong": "BAD "}[finding.severity]
    yield f"{mark}  {finding.name}: {finding.text}"
    if finding.remedy:
        yield f"      {finding.remedy}"


def installed_in_place_lines(package: EnginePackage, folder: Path) -> Iterator[str]:
    """Report an installation into narrated's own environment, and the next step."""
    yield f"{package.package} is installed in {folder}, beside narrated's own libraries."
    yield f"  Pull its model, once: narrated models pull {package.engine}"


def installed_apart_lines(package: EnginePackage, interpreter: Path) -> Iterator[str]:
    """Report an installation into an environment of its own, and the lines that use it."""
    entry = {package.engine: {"python": str(interpreter)}}
    yield f"{package.package} is installed in {interpreter.parents[1]}, with the libraries it pins."
    yield "  Use it in narrated.yaml:"
    yield f"    engines: {yaml.safe_dump(entry, default_flow_style=True, width=math.inf).strip()}"
