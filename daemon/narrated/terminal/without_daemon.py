"""Does the work of a command itself: on the state folder, or in an app of its own."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from narrated.config.file import scratch_config
from narrated.config.values import Config
from narrated.ledger.engine_rates import EngineRate
from narrated.ledger.memory_statistics import measured_memory_in
from narrated.ledger.misheard_words import misheard_pairs
from narrated.ledger.store import Ledger
from narrated.models.hearing_models import workers_with_ears
from narrated.script.script import Draft
from narrated.service.state_lock import LockHolder, StateLock
from narrated.service.status_lists import page_at_rest
from narrated.service.status_report import report_at_rest
from narrated.terminal.given_document import NOWHERE, GivenDocument, root_and_path
from narrated.workers.pool import EngineProbe, probe_engines

if TYPE_CHECKING:
    from narrated.service.app import App
    from narrated.terminal.folder_check import FolderCheck, OnFile
    from narrated.terminal.folder_text_counts import FolderWork
    from narrated.terminal.lexicon_suggest import Suggestions

Value = TypeVar("Value")


def answer(config: Config | None, request: dict[str, Any], payload: bytes) -> tuple[Any, bytes]:
    """Answer a request of the client, with a JSON value and a payload, as a daemon does."""
    match request.pop("do"):
        case "describe":
            return _in_own_app(
                config, lambda app: app.planner.captions.describe(payload, 0, app.defaults)
            ), b""
        case "roll":
            value: Any = _probe(config)
        case "status" if config is not None:
            value = report_at_rest(config)
        case "list" if config is not None:
            value = page_at_rest(config, **request)
        case "rates" if config is not None:
            value = _rates(config)
        case "pause" | "resume" as verb if config is not None:
            value = _change_break(config, verb, request)
        case "ignored" if config is not None:
            from narrated.inbox.ignore_verdict import ignore_verdict

            name = str(config.source or "the configuration")
            value = ignore_verdict(config.inbox, request["path"], config.ignore, name)
        case verb if config is not None:
            from narrated.terminal.ledger_commands import run_command

            value = run_command(config, verb, request)
    return msgspec.to_builtins(value), b""


def draft(config: Config | None, file: Path) -> Draft:
    """The script of a file, inside or outside of the inbox."""
    root, path = root_and_path(config, file.resolve(), file.resolve().parent)
    is_inside = config is not None and root == config.inbox.resolve()
    place = path if is_inside else str(file.resolve())
    return _in_own_app(config, lambda app: app.planner.draft(path, app.defaults, place), inbox=root)


def draft_given(config: Config | None, given: GivenDocument) -> Draft:
    """The script of a given document, whatever its script file says."""
    path, content, place = given.document.path, given.document.content, given.document.place
    return _in_own_app(
        config,
        lambda app: app.planner.draft_once(path, content, app.defaults, place),
        inbox=given.root,
    )


def check_folder(config: Config | None, folder: Path, on_file: "OnFile") -> "FolderCheck":
    """Check all files of a folder, inside or outside of the inbox."""
    from narrated.terminal.folder_check import check_folder

    root, path = root_and_path(config, folder.resolve(), folder.resolve())
    inside, own = "" if path == "." else path, own_folders(config)
    return _in_own_app(
        config, lambda app: check_folder(app, inside, on_file, own), inbox=root, mute=True
    )


def check_files(config: Config | None, files: Sequence[Path], on_file: "OnFile") -> "FolderCheck":
    """Check files, inside or outside of the inbox, each as its own folder's settings say."""
    from narrated.terminal.folder_check import FolderCheck, check_files

    roots: dict[Path, dict[str, str]] = {}
    for file in files:
        root, path = root_and_path(config, file.resolve(), file.resolve().parent)
        roots.setdefault(root, {})[path] = str(file)
    checks: list[FolderCheck] = []
    for root, paths in roots.items():
        work = partial(check_files, paths=paths, on_file=on_file)
        checks.append(_in_own_app(config, work, inbox=root, mute=True))
    return FolderCheck(tuple(each for check in checks for each in check.files), ())


def count_work(config: Config | None, folder: Path, on_file: "OnFile") -> "FolderWork":
    """Count what would be narrated of a folder, inside or outside of the inbox."""
    from narrated.terminal.folder_text_counts import count_work

    root, path = root_and_path(config, folder.resolve(), folder.resolve())
    inside, own = "" if path == "." else path, own_folders(config)
    return _in_own_app(
        config, lambda app: count_work(app, inside, on_file, own), inbox=root, mute=True
    )


def suggest_words(config: Config | None, folder: Path, on_file: "OnFile") -> "Suggestions":
    """Find words for a lexicon of a folder, inside or outside of the inbox."""
    from narrated.terminal.lexicon_suggest import suggest_words

    root, path = root_and_path(config, folder.resolve(), folder.resolve())
    inside = "" if path == "." else path
    is_inbox = config is not None and root == config.inbox.resolve()
    misheard = misheard_pairs(config.state / "ledger.sqlite") if config and is_inbox else ()
    own = own_folders(config)
    return _in_own_app(
        config,
        lambda app: suggest_words(app, inside, on_file, misheard, own),
        inbox=root,
        mute=True,
    )


def own_folders(config: Config | None) -> tuple[Path, ...]:
    """The folders that narrated itself writes: nothing in them is a post."""
    if config is None:
        return ()
    return tuple(each.resolve() for each in (config.outbox, config.state, config.cache))


def _rates(config: Config) -> list[EngineRate]:
    path = config.state / "ledger.sqlite"
    if not path.exists():
        return []
    with closing(Ledger(path)) as ledger:
        return ledger.rates.all()


def _change_break(config: Config, verb: str, request: dict[str, Any]) -> Any:
    """Pause or resume in the ledger, for the next start."""
    from narrated.service.work_breaks import WorkBreaks

    lock = StateLock(config.state, LockHolder(os.getpid()))
    with lock, closing(Ledger(config.state / "ledger.sqlite")) as ledger:
        return getattr(WorkBreaks(ledger, lambda: config.hours), verb)(**request)


def _probe(config: Config | None) -> EngineProbe:
    measured = {} if config is None else measured_memory_in(config.state / "ledger.sqlite")
    config = config or scratch_config(None, Path(), Path())
    return probe_engines(workers_with_ears(config)[1], measured)


def _in_own_app(
    config: Config | None,
    work: "Callable[[App], Coroutine[Any, Any, Value]]",
    inbox: Path = NOWHERE,
    *,
    mute: bool = False,
) -> Value:
    """Do some work in an app of our own, on a temporary state folder."""
    from narrated.service.app import App

    async def run(scratch: Path) -> Value:
        own = scratch_config(config, inbox, scratch)
        async with App(own, at_rest=True, mute=mute) as app:
            return await work(app)

    with tempfile.TemporaryDirectory(prefix="narrated-") as scratch:
        return asyncio.run(run(Path(scratch)))
