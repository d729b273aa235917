"""Finds the engines that folders of the inbox name in their settings, and what those lack."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from narrated.config.values import Config
from narrated.config.worker_specs import engine_spec
from narrated.doctor.engine_requirements import check_engine, configured_engines
from narrated.doctor.finding import Finding, shown, warning, wrong
from narrated.errors import ConfigurationError, NarratedError
from narrated.inbox.folder_scanner import FolderChanges, FolderScanner
from narrated.inbox.handled_versions import join
from narrated.inbox.safe_read import read
from narrated.reading.file_kinds import FOLDER_SETTINGS
from narrated.reading.narration_settings import parse_folder_settings

MOST_FOLDERS = 5_000
_LIMIT_BYTES = 65_536
_NAME = "folder settings"


def check_folder_engines(config: Config, most_folders: int = MOST_FOLDERS) -> Iterator[Finding]:
    """Check the engines that folder settings name and the configuration does not."""
    found: dict[str, str] = {}
    for count, (folder, listing) in enumerate(listings(config), 1):
        if any(name.lower() == FOLDER_SETTINGS for name, _ in listing.changed):
            path = join(folder, FOLDER_SETTINGS)
            if engine := _engine_of(config.inbox, path):
                found.setdefault(engine, path)
        if count == most_folders:
            problem = f"Only {most_folders:,} folders of {shown(config.inbox)} were looked into."
            yield warning(_NAME, problem, "Engines that other folders name are not checked.")
            break
    configured = {engine.name for engine in configured_engines(config)}
    for engine in sorted(found.keys() - configured):
        yield from _check_named(config, engine, found[engine])


def listings(config: Config) -> Iterator[tuple[str, FolderChanges]]:
    """List the folders that the inbox looks into, one by one."""
    scanner = FolderScanner(str(config.inbox), config.ignore, lambda: None)
    folders = [""]
    while folders:
        folder = folders.pop()
        with suppress(OSError):  # what cannot be listed is told by the doctor
            listing = scanner.list_folder(folder, {})
            folders.extend(join(folder, name) for name in listing.folders)
            yield folder, listing


def _engine_of(inbox: Path, path: str) -> str | None:
    """Read the engine that a settings file names; a broken file is told beside its posts."""
    with suppress(NarratedError, OSError, UnicodeDecodeError):
        text = read(inbox, path, _LIMIT_BYTES).decode()
        return parse_folder_settings(text, path, {}).engine
    return None


def _check_named(config: Config, engine: str, path: str) -> Iterator[Finding]:
    where = f"{shown(Path(path))} of the inbox names it."
    try:
        spec = engine_spec(config, engine)
    except ConfigurationError as error:
        yield wrong(f"engine {engine}", f"{error.problem} {where}", error.remedy)
        return
    for finding in check_engine(config, spec):
        yield wrong(finding.name, f"{finding.text} {where}", finding.remedy)
