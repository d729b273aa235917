"""The command line's client: asks the running daemon, or has `without_daemon` answer.

Most commands only ask the daemon, so the module imports little before it is needed.
"""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from narrated.config.file import load
from narrated.config.values import Config
from narrated.daemon_commands import RESTART
from narrated.errors import ConfigurationError, EngineError, NarratedError, StorageError
from narrated.printable import printable
from narrated.service.control_server import frame
from narrated.service.source_names import read_name
from narrated.service.state_access import lock_refusal, refusal
from narrated.service.state_lock import LockHolder, holder
from narrated.service.state_record import find_daemon
from narrated.terminal.paged_status import doubtful_narrations, narrated_paths, whole_status

if TYPE_CHECKING:
    from narrated.ledger.engine_rates import EngineRate
    from narrated.service.take_listing import DoubtfulNarrations, TakeReport
    from narrated.workers.pool import EngineProbe

REFUSED = "The configuration is refused, and the old one kept"
"""The notice of a daemon that refused its file, and of a client that knows that it would."""
_MOVED = f"`state` changed, and a running daemon cannot follow. Restart it: {RESTART}."
_STATELESS = ("describe", "roll")
"""Requests that need nothing of the daemon's state."""
_KINDS = {kind.__name__: kind for kind in (ConfigurationError, StorageError)}
"""The errors of a daemon that have an exit code of their own."""


class DaemonClient:
    """Sends each request to the daemon if one runs, so that no engine is loaded twice.

    Without a daemon the client does the work itself. `config` None means the defaults.
    """

    def __init__(self, config: Config | None) -> None:
        self._config = config
        self._daemon = holder(config.state) if config is not None else None
        self.refusal = ""
        """Why the daemon that runs does not follow the file; empty if nothing is known."""

    @classmethod
    def of_file(cls, source: Path) -> Self:
        """Make a client of the daemon that runs on a file, also if it would refuse the file now.

        Errors: ConfigurationError if the file is refused, and no daemon that answers runs on it.
        """
        found = find_daemon(source.absolute())
        if found is None or not found.holder.socket:
            return cls(load(source))
        try:
            client = cls(load(source))
        except ConfigurationError as error:
            client = cls(None)
            client._follow(found.holder, str(error))
            client._config = _config_of(client.status(), found.state, source)
        else:
            if found.holder != client._daemon:
                client._follow(found.holder, f"{source}: {_MOVED}")
        return client

    def _follow(self, daemon: LockHolder, why: str) -> None:
        self._daemon = daemon
        self.refusal = f"{REFUSED}: {why}"

    @property
    def is_served(self) -> bool:
        """True if a daemon runs on this configuration's state folder."""
        return self._daemon is not None and bool(self._daemon.socket)

    @property
    def socket(self) -> Path | None:
        """The control socket of the daemon that serves this configuration; None without one."""
        return Path(self._daemon.socket) if self._daemon and self._daemon.socket else None

    def status(self) -> dict[str, Any]:
        """The daemon's status, or the ledger's if no daemon runs."""
        return self._with_own_news(dict(self._answer({"do": "status"})[0]))

    def whole_status(self) -> dict[str, Any]:
        """The same with all files, not the first of each list alone."""
        return self._with_own_news(whole_status(lambda request: dict(self._answer(request)[0])))

    def _with_own_news(self, status: dict[str, Any]) -> dict[str, Any]:
        """Tell what the daemon does not: a refusal that it has yet to meet, and lost links.

        Nobody asked it to reload; and it does not look at the token, which is the server's.
        """
        if told := self._lost_links():
            status["no_address"] = told
        notices = status["notices"]
        if self.refusal and not any(each.startswith(REFUSED) for each in notices):
            status["notices"] = [*notices, self.refusal]
        return status

    def _lost_links(self) -> str:
        """Tell that a token shuts the address of the feed's links; empty if it does not."""
        config = self._config
        if config is None or config.podcast is None or not config.podcast.base_url:
            return ""
        from narrated.podcast_token import LOST_LINKS, LOST_LINKS_REMEDY, has_lost_links

        with suppress(StorageError):  # the doctor tells of a broken token
            if has_lost_links(config.state, config.podcast.base_url):
                return f"{LOST_LINKS}. {LOST_LINKS_REMEDY}"
        return ""

    def rates(self) -> "list[EngineRate]":
        """The measured rates of the engines. Errors: NarratedError, if nobody may read them."""
        from narrated.ledger.engine_rates import EngineRate

        if self._config is None:  # nothing was narrated without one
            return []
        return msgspec.convert(self._answer({"do": "rates"})[0], list[EngineRate])

    def narrated_paths(self) -> set[str]:
        """The sources of the inbox that are narrated."""
        return narrated_paths(lambda request: dict(self._answer(request)[0]))

    def command(self, verb: str, **request: Any) -> Any:
        """Run a user command by its verb: see `UserCommands`."""
        if self._config is not None and request.get("path") is not None:
            request["named"] = msgspec.to_builtins(read_name(self._config, request.pop("path")))
        return self._answer({"do": verb, **request})[0]

    def takes(self, typed: str, *, lists_all: bool) -> "TakeReport | DoubtfulNarrations":
        """The takes of a narration, or the doubtful narrations of a folder.

        After the loss of a ledger, the manifest tells them.
        """
        from narrated.outbox import untrusted_reads
        from narrated.outbox.manifest_takes import decoded_takes
        from narrated.service.take_listing import DoubtfulNarrations, TakeReport

        answer = self.command("takes", path=typed, lists_all=lists_all)
        if "narrations" in answer:
            return msgspec.convert(answer, DoubtfulNarrations)
        report = msgspec.convert(answer, TakeReport)
        if report.takes is None and self._config is not None:
            found = untrusted_reads.manifest(self._config.outbox, report.stem)
            if found is not None and found.source.path == report.path:
                return msgspec.structs.replace(report, takes=decoded_takes(found.takes))
        return report

    def take_sound(self, report: "TakeReport") -> Path:
        """The sound file of a narration. Errors: NarratedError."""
        from narrated.terminal.take_playback import published_sound

        assert self._config is not None, "a narration is of a configuration"
        return published_sound(self._config.outbox, report.stem, report.path)

    def doubtful(self) -> list[tuple[str, int]]:
        """The narrations with doubtful takes, each with their number."""
        return doubtful_narrations(lambda request: dict(self._answer(request)[0]))

    def ignored(self, typed: str) -> dict[str, Any]:
        """Say whether a file of the inbox is read, and by which rule: an IgnoreVerdict."""
        path = typed
        if self._config is not None:
            known = self.source_file(typed)
            name = read_name(self._config, str(known or typed))
            path = next((each for group in name.groups for each in group.inbox), typed)
        return dict(self._answer({"do": "ignored", "path": path})[0])

    def source_file(self, typed: str) -> Path | None:
        """The file of a source that a user names, such as by a published file; None if unknown."""
        config = self._config
        if config is None:
            return None
        has_ledger = os.path.lexists(config.state / "ledger.sqlite")
        with suppress(NarratedError):
            if self.is_served or has_ledger:
                return config.inbox / str(self.command("source", path=typed))
        return None

    def probe_engines(self) -> "EngineProbe":
        """The engines that answer: the daemon's, or those of workers started for this probe."""
        from narrated.workers.pool import EngineProbe

        return msgspec.convert(self._answer({"do": "roll"})[0], EngineProbe)

    def say(
        self,
        text: str,
        voice: str | None,
        output: Path,
        *,
        engine: str | None = None,
        suffix: str = ".txt",
    ) -> float:
        """Speak a text into a file, which is replaced. Returns its length in seconds.

        `suffix` is that of a file with such a text: .md, for one with front matter.
        """
        from narrated.terminal.given_document import document_of_text
        from narrated.terminal.one_off_speech import Delivery, VoiceWish, narrate_into
        from narrated.terminal.sound_output import SoundOutput

        target = SoundOutput.checked(output, replaces=True)
        wish = VoiceWish(engine or "", voice or "")
        given = document_of_text(self._config, text.encode(errors="replace"), suffix)
        return narrate_into(self._config, given, wish, Delivery(target), daemon=self.socket)

    def describe(self, image: Path) -> str:
        """Caption a picture, anywhere on this machine."""
        try:
            return str(self._answer({"do": "describe"}, image.read_bytes())[0])
        except NarratedError as error:
            if type(error) not in (NarratedError, EngineError):
                raise
            problem = f"{printable(str(image))} cannot be described: {error.problem}"
            raise NarratedError(problem, error.remedy) from error

    def _answer(self, request: dict[str, Any], payload: bytes = b"") -> tuple[Any, bytes]:
        if self._daemon is not None and self._daemon.socket:
            return ask(Path(self._daemon.socket), request, payload)
        if self._config is not None and request["do"] not in _STATELESS:
            state = self._config.state
            refused = refusal(state) or lock_refusal(state) or refusal(state / "ledger.sqlite")
            if refused:
                raise refused
        from narrated.terminal.without_daemon import answer

        return answer(self._config, request, payload)


def _config_of(status: Mapping[str, Any], state: Path, source: Path) -> Config:
    """The folders that a daemon runs on, in the place of a file that nobody can read."""
    inbox, outbox = Path(status["inbox"]), Path(status["outbox"])
    return Config(inbox=inbox, outbox=outbox, state=state, source=source)


def ask(path: Path, header: Mapping[str, Any], payload: bytes = b"") -> tuple[Any, bytes]:
    """Send a request to the daemon at a socket; a NarratedError if it refuses or does not run."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(frame(header, payload))
            return _received(line)
    except OSError as error:
        raise no_answer(path, error) from error


def no_answer(path: Path, error: OSError) -> NarratedError:
    """The error of a socket that cannot be used."""
    if isinstance(error, PermissionError) and (refused := refusal(path)):
        return refused
    remedy = (
        "See `systemctl status narrated`, or what `narrated run` printed; you need to be in "
        "the group of its state folder."
    )
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        remedy = f"Its socket was taken away. Restart it: {RESTART}."
    return NarratedError(
        f"The daemon does not answer at {path}: {error.strerror or error}.", remedy
    )


def _received(line: socket.socket) -> tuple[Any, bytes]:
    with line.makefile("rb") as stream:
        sizes = stream.read(8)
        if len(sizes) < 8:
            raise NarratedError("The daemon stopped before it answered.", "Try again.")
        header = json.loads(stream.read(int.from_bytes(sizes[:4], "big")))
        payload = stream.read(int.from_bytes(sizes[4:], "big"))
    if failed := header.get("failed"):
        kind = _KINDS.get(failed.get("kind", ""), NarratedError)
        raise kind(failed["problem"], failed["remedy"])
    return header["answer"], payload
