"""Checks a podcast at its address: the feed, and each file that the feed names."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol, Self

from lxml import etree

from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.human_formatting import count_noun
from narrated.podcast.cover_reading import HEAD_BYTES, cover_facts
from narrated.podcast.feed_parts import MARK
from narrated.podcast.feed_reading import (
    CoverFacts,
    FeedElement,
    NoFeed,
    ReadFeed,
    cover_addresses,
    parse_feed,
)
from narrated.podcast.feed_rules import RULES, broken
from narrated.printable import printable
from narrated.server_check.asking import Asking, newest
from narrated.server_check.http_client import Answer, HttpClient, NoAnswer
from narrated.server_check.served_files import Kind, NamedFile, ServedFile, named_files
from narrated.server_check.server_rules import (
    NO_FILE,
    SERVER_RULES,
    ServerRule,
    essence,
    is_refused,
    shortened,
)

_NAME = "podcast"
_MOST_FEED_BYTES = 64 << 20
_MOST_EPISODES = 20_000
_MOST_TAGS = 50 * _MOST_EPISODES
"""Each costs memory, whatever its length."""
_FEED_S = 60.0
_FEED_TYPES = ("application/rss+xml", "application/xml", "text/xml")
_MOST_NAMED = 3
_MOST_COVERS = 21
_REFUSED = {
    401: "Directories send no password: for a private feed, put a token into the path.",
    403: "Let everybody read the files.",
    404: "Check the address: it is that of the outbox, with `feed.xml`.",
}
_AT_ADDRESS = {"self": "Set `podcast: {base_url: …}` to the address at which you serve the outbox."}
"""Remedies that differ from those of a feed in the outbox, by the keys of their rules."""


class Progress(Protocol):
    """Shows the number of files looked at, and of all, while its context lasts."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, done: float, total: float, task: str | None = None) -> None:
        """Show both numbers."""


def check_served_podcast(address: str, progress: Progress) -> Iterator[Finding]:
    """Check the feed at an address as its readers get it, and then each file that it names."""
    with HttpClient() as client:
        try:
            answer = client.ask("GET", address, most_bytes=_MOST_FEED_BYTES, within_s=_FEED_S)
        except NoAnswer as error:
            remedy = "Check that the server runs, and the address: docs/serving.md."
            yield wrong(_NAME, f"{printable(address)} gives no feed: {error}.", remedy)
            return
        yield from _checked(client, answer, progress)


def _checked(client: HttpClient, answer: Answer, progress: Progress) -> Iterator[Finding]:
    if answer.status != 200:
        remedy = _REFUSED.get(answer.status, "The server's log says why.")
        yield wrong(_NAME, f"{printable(answer.address)} answers {answer.status}.", remedy)
        return
    if _is_too_large(answer):
        told = f"is over 64 MiB, or has over {_MOST_EPISODES:,} episodes"
        remedy = "A feed of this size is not checked. Give each folder a show of its own."
        yield wrong(_NAME, f"{printable(answer.address)} {told}.", remedy)
        return
    try:
        channel = parse_feed(answer.body)
    except NoFeed as error:
        told = f"{printable(answer.address)} is no feed: {printable(str(error))}."
        yield wrong(_NAME, told, "Give the address of `feed.xml`.")
        return
    yield from _feed_findings(client, answer)
    feed = _read(channel, answer)
    is_well = True
    for rule, found in broken(feed):
        is_well = False
        kind = wrong if rule.refuses else warning
        named = "" if found == ["the feed"] else _named(found)
        remedy = _AT_ADDRESS.get(rule.key, rule.remedy)
        yield kind(f"{rule.asked_by}, {rule.key}", rule.breach + named, remedy)
    yield from _file_findings(channel, answer, progress)
    kept = f", and keeps all {len(RULES)} rules of feeds" if is_well else ""
    episodes = count_noun(len(feed.items), "episode")
    yield well(_NAME, f"{printable(answer.address)} has {episodes}{kept}.")


def _is_too_large(answer: Answer) -> bool:
    tags, items = answer.body.count(b"<"), answer.body.count(b"<item")
    return answer.is_cut or tags > _MOST_TAGS or items > _MOST_EPISODES


class _AnyFile(dict[str, int]):
    """The files of the server: each counts as there, because it is asked for apart."""

    def __contains__(self, _: object) -> bool:
        return True


def _read(channel: etree._Element, answer: Answer) -> ReadFeed:
    base = answer.address.rpartition("/")[0] + "/"
    covers: dict[str, CoverFacts] = {}
    whole = FeedElement(channel, _AnyFile(), base, covers=covers)
    with HttpClient(public_only=answer.is_public) as client:
        for path, address in _newest_covers(whole):
            try:
                cover = client.ask("GET", address, most_bytes=HEAD_BYTES)
            except NoAnswer:  # told when each file is asked for
                break
            if cover.status == 200:
                covers[path] = cover_facts(cover.body)
    items = (replace(whole, element=item) for item in channel.iter("item"))
    return ReadFeed(whole, tuple(items))


def _newest_covers(whole: FeedElement) -> list[tuple[str, str]]:
    """Return paths and addresses of the covers of the show and of its newest episodes."""
    named = dict.fromkeys(cover_addresses(whole.element))
    return [(path, each) for each in named if (path := whole.path(each))][:_MOST_COVERS]


def _feed_findings(client: HttpClient, answer: Answer) -> Iterator[Finding]:
    """Tell how the server answers for the feed."""
    if answer.redirects:
        how = "for good" if answer.moved_for_good else "for now"
        told = f"The feed is redirected {how}, to {shortened(answer.address)}."
        yield warning("all players, redirect", told, "Give that address to players.")
    if answer.address.startswith("http:"):
        remedy = "Serve the outbox by https: docs/serving.md."
        yield warning("Apple, https", "The feed is not served by https.", remedy)
    type = essence(answer.header("content-type"))
    if type not in _FEED_TYPES:
        remedy = "Have the server send `application/rss+xml` for feed.xml: docs/serving.md."
        called = f"`{shortened(type)}`" if type else "nothing"
        yield warning("browsers, type", f"The server calls the feed {called}.", remedy)
    if MARK not in answer.body[:1024]:
        remedy = "The remedies below are for one that was."
        yield warning(_NAME, "The feed was not written by narrated.", remedy)
    yield from _answers_about_feed(client, answer)


def _answers_about_feed(client: HttpClient, answer: Answer) -> Iterator[Finding]:
    try:
        head = client.ask("HEAD", answer.address)
        if head.status != 200:
            told = f"The server refuses HEAD for the feed ({head.status})."
            yield wrong("Apple, head", told, "Use a server that answers HEAD: docs/serving.md.")
        if not _is_told_unchanged(client, answer):
            told = "The server sends the whole feed again, though it did not change."
            yield warning("all players, unchanged", told, "Use a server that knows ETag.")
    except NoAnswer as error:
        yield wrong("all players, answer", f"The server gave the feed once: then {error}.", "")


def _is_told_unchanged(client: HttpClient, answer: Answer) -> bool:
    tag, changed = answer.header("etag"), answer.header("last-modified")
    if not (tag or changed):
        return False
    headers = {"If-None-Match": tag} if tag else {"If-Modified-Since": changed}
    return client.ask("GET", answer.address, headers=headers).status == 304


def _file_findings(
    channel: etree._Element, answer: Answer, progress: Progress
) -> Iterator[Finding]:
    files = list(named_files(channel, answer.address))
    in_parts = newest(each for each in files if each.kind == Kind.SOUND)
    asking = Asking(files, in_parts, public_only=answer.is_public)
    answers: dict[NamedFile, ServedFile] = {}
    with progress:
        progress.show(0, len(files))
        for served in asking:
            answers[served.file] = served
            progress.show(len(answers), len(files))
    base = answer.address.rpartition("/")[0] + "/"
    lost = _lost_links(answers.values(), base)
    if lost:
        yield _other_address(lost, base)
    breaches = _Breaches(base)
    for file in files:
        if file in answers and file not in lost:
            breaches.add(answers[file])
    yield from breaches.findings()
    if len(answers) < len(files):
        rest = count_noun(len(files) - len(answers), "file")
        told = f"{rest} of {len(files):,} were not asked for: {asking.stopped_because}."
        yield warning(_NAME, told, "Run the command again when the server answers.")
    elif breaches.is_empty and not lost:
        told = f"The server gives {count_noun(len(files), 'file')} as players ask for them."
        yield well(_NAME, f"{told} {count_noun(len(in_parts), 'sound')} in parts, too.")


def _lost_links(answers: Iterable[ServedFile], base: str) -> list[NamedFile]:
    """Return the files outside the feed's own folder, if no server has any of them."""
    elsewhere = [each for each in answers if not each.file.address.startswith(base)]
    is_lost = all(each.problem or is_refused(each.taken, NO_FILE) for each in elsewhere)
    return [each.file for each in elsewhere] if is_lost else []


def _other_address(lost: list[NamedFile], base: str) -> Finding:
    told = f"The feed names {count_noun(len(lost), 'file')} at another address, where none is:"
    remedy = (
        f"`podcast: {{base_url: …}}` is another address. Set it to {printable(base)}, then run"
        " `narrated reload`."
    )
    return wrong("all players, base_url", told + _named([each.address for each in lost]), remedy)


class _Breaches:
    """Broken rules of the server, with the files that break them."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._files: dict[str, dict[str, list[str]]] = {}

    @property
    def is_empty(self) -> bool:
        """True if no rule is broken."""
        return not self._files

    def add(self, served: ServedFile) -> None:
        """Look at one file by all rules."""
        for rule in SERVER_RULES:
            if (answered := rule.breaks(served)) is not None:
                files = self._files.setdefault(rule.key, {}).setdefault(answered, [])
                files.append(served.file.address.removeprefix(self._base))

    def findings(self) -> Iterator[Finding]:
        """Yield each broken rule, once for each of the server's answers, the commonest first."""
        for rule in SERVER_RULES:
            by_answer: list[Any] = sorted(
                self._files.get(rule.key, {}).items(), key=lambda each: -len(each[1])
            )
            for answered, files in by_answer[:_MOST_NAMED]:
                yield _finding(rule, answered, files)
            if rest := sum(len(files) for _, files in by_answer[_MOST_NAMED:]):
                told = f"It answers otherwise for {count_noun(rest, 'other file')}, too."
                yield warning(f"{rule.asked_by}, {rule.key}", told, "")


def _finding(rule: ServerRule, answered: str, files: list[str]) -> Finding:
    kind = wrong if rule.refuses else warning
    told = rule.breach.format(answered) + _named(files)
    return kind(f"{rule.asked_by}, {rule.key}", told, rule.remedy)


def _named(found: list[str]) -> str:
    """Name the first of those that break a rule."""
    first = ", ".join(f"`{shortened(each)}`" for each in found[:_MOST_NAMED])
    rest = len(found) - _MOST_NAMED
    return f" {first}" + (f" and {rest:,} more." if rest > 0 else ".")
