"""How things look on a terminal."""

import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from narrated.doctor.finding import Finding
from narrated.human_sizes import size
from narrated.outbox import manifest as manifests
from narrated.printable import printable
from narrated.service.status_report import StatusReport, duration
from narrated.terminal.progress_bar import ProgressBar

PLAYERS = ("mpv", "ffplay", "vlc", "play", "xdg-open", "open")
MOST_PUBLISHED = 40


class NarrationProgress(ProgressBar):
    """A progress bar over all that is being narrated; call it with each report."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn())
        share = TextColumn("{task.percentage:>3.0f} %")
        super().__init__(*columns, share, TimeElapsedColumn(), task="looking")

    def __call__(self, report: StatusReport) -> None:
        done, total = _amount(report)
        if total:
            self.show(done, total, _doing(report))


def _amount(report: StatusReport) -> tuple[float, float]:
    """How many files are done, those being read in part, of how many."""
    finished = sum(report.counts.get(state, 0) for state in ("done", "failed", "waiting"))
    open_states = ("queued", "planned", "speaking", "publishing")
    unfinished = sum(report.counts.get(state, 0) for state in open_states)
    return finished + sum(each.fraction for each in report.reading), finished + unfinished


def _doing(report: StatusReport) -> str:
    if not report.reading:
        return "finishing" if report.state == "working" else "done"
    first = report.reading[0]
    name = printable(first.path)
    return f"reading {name if len(name) <= 40 else '…' + name[-39:]}"


def published(outbox: Path) -> Iterator[str]:
    """What stands in the outbox, and how to hear it."""
    found = sorted(_audio(outbox))
    yield f"In {printable(str(outbox))}:" if found else f"Nothing stands in {outbox} yet."
    for path, seconds in found[:MOST_PUBLISHED]:
        yield f"  {printable(str(path.relative_to(outbox)))}  ({duration(seconds)})"
    if len(found) > MOST_PUBLISHED:
        yield f"  and {len(found) - MOST_PUBLISHED} more"
    if found:
        yield "Beside each: its transcript (.vtt) and its manifest (.json)."
        yield how_to_play(found[0][0])


def _audio(outbox: Path) -> Iterator[tuple[Path, float]]:
    for path in outbox.rglob(f"*{manifests.MANIFEST_SUFFIX}"):
        manifest = manifests.read(path)
        for output in manifest.outputs:
            if output.media_type.startswith("audio/"):
                yield path.parent / output.name, manifest.duration_s


def how_to_play(path: Path) -> str:
    """A line that plays a file with what is installed here."""
    for player in PLAYERS:
        if shutil.which(player):
            return f"Hear it:  {player} {shlex.quote(str(path))}"
    return f"Hear it:  open {shlex.quote(str(path))} in any player"


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """A report as `narrated status` prints it."""
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
    """A model: where it is, what it takes, when it was used, and how fast it speaks."""
    said = [f"    {printable(model['name'])} is {model['warmth']}"]
    if model["weights_bytes"]:
        working = f" and {size(model['working_bytes'])} at work" if model["working_bytes"] else ""
        said.append(f"{size(model['weights_bytes'])}{working} on {model['device']}")
    used = "not used yet" if model["idle_s"] is None else f"used {duration(model['idle_s'])} ago"
    said.append(used)
    if model["real_time_factor"]:
        said.append(f"{model['real_time_factor']:.2f} s of work a second of speech")
    return ", ".join(said)


def watched(lines: Callable[[], Iterator[str]]) -> None:
    """Draw lines anew each second until Ctrl-C."""
    with Live(auto_refresh=False) as live:
        try:
            while True:
                live.update(Text("\n".join(lines())), refresh=True)
                time.sleep(1)
        except KeyboardInterrupt:
            return


def history_lines(versions: list[dict[str, Any]]) -> Iterator[str]:
    """The versions of a file, oldest first."""
    for each in versions:
        when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(each["changed_at"]))
        heard = f", {duration(each['duration_s'])}" if each["duration_s"] else ""
        why = f": {printable(each['problem'])}" if each["problem"] else ""
        yield f"{when}  {each['state']} ({each['cause']}){heard}{why}"


def finding_lines(finding: Finding) -> Iterator[str]:
    """A finding of the doctor, with what mends it."""
    mark = {"well": "ok  ", "warning": "note", "wrong": "BAD "}[finding.state]
    yield f"{mark}  {finding.name}: {finding.what}"
    if finding.remedy:
        yield f"      {finding.remedy}"
