"""The rules of Apple, Spotify, players and Podcasting 2.0 for a feed, a row each.

https://podcasters.apple.com/support/823-podcast-requirements
https://support.spotify.com/us/creators/article/podcast-specification-doc/
https://podcasting2.org/docs/podcast-namespace
"""

from collections.abc import Iterator
from dataclasses import dataclass

from narrated.podcast.episode import SOUNDS
from narrated.podcast.feed_checks import (
    APPLE_SUFFIXES,
    Finds,
    dated_s,
    has_active_text,
    has_cover_of_other_size,
    has_no_category,
    has_no_duration,
    has_no_guid,
    has_no_transcript_of_apple,
    has_other_images_somewhere,
    has_other_size,
    has_other_type,
    has_relative_picture,
    has_strange_chapters,
    has_strange_cover,
    has_strange_file,
    has_strange_person,
    has_strange_transcript,
    has_transcript_of_no_language,
    is_elsewhere,
    is_guid_taken_for_a_link,
    is_in_the_future,
    is_locked_by_nobody,
    is_password_told,
    is_relative,
    is_too_long,
    lacks_a_file,
    misnumbered,
    of_channel,
    of_items,
    out_of_order,
    refused_names,
    repeated,
    sound,
    sound_bytes,
    sound_path,
    tells_no_machine,
)
from narrated.podcast.feed_reading import ITUNES, PODCAST, ReadFeed
from narrated.podcast.show_section import SHOW_TYPES
from narrated.reading.language_tags import language_tag

LEAST_KNOWN_BYTES = 16_384
"""AntennaPod takes a smaller sound for one whose length nobody knows."""
MOST_TITLE_BYTES = 255
EPISODE_TYPES = ("full", "trailer", "bonus")
MEDIA = ("podcast", "music", "video", "film", "audiobook", "newsletter", "blog", "course")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a feed."""

    key: str
    asked_by: str
    breach: str
    """The breach, as a sentence."""
    remedy: str
    finds: Finds
    """Yields what breaks it: titles of items, or the value in question."""
    refuses: bool = True
    """True if whoever asks for it refuses the feed, or an episode; else something looks worse."""


def broken(feed: ReadFeed) -> Iterator[tuple[Rule, list[str]]]:
    """Yield each rule that a feed breaks, with what breaks it."""
    for rule in RULES:
        if found := list(rule.finds(feed)):
            yield rule, found


_AGAIN = "Run `narrated refresh` for it; report a bug if the feed stays so."
_SERVE = "Set `podcast: {base_url: …}`: docs/podcast.md."

RULES: tuple[Rule, ...] = (
    Rule("title", "RSS", "The show has no title.", "Set `podcast: {title: …}`.",
         of_channel(lambda each: not each.text("title"))),
    Rule("description", "RSS", "The show has no description.",
         "Set `podcast: {description: …}`.",
         of_channel(lambda each: not each.text("description"))),
    Rule("long title", "Apple", "The show's title is over 255 bytes.",
         "Shorten `podcast: {title: …}`.",
         of_channel(lambda each: len(each.text("title").encode()) > MOST_TITLE_BYTES)),
    Rule("link", "RSS", "The show has no website.", "Set `podcast: {link: …}`.",
         of_channel(lambda each: not each.text("link"))),
    Rule("long description", "Apple", "The show's description is over 4,000 bytes.",
         "Shorten `podcast: {description: …}`.", of_channel(is_too_long)),
    Rule("language", "Apple", "The show's language is none.", "Set `podcast: {language: en}`.",
         of_channel(lambda each: not language_tag(each.text("language")))),
    Rule("category", "Apple", "The show has none of Apple's categories.",
         "Set `podcast: {category: Technology}`, or another of Apple's.",
         of_channel(has_no_category)),
    Rule("explicit", "Apple", "The feed does not say if the show is for children.", _AGAIN,
         of_channel(lambda each: each.text(f"{ITUNES}explicit") not in ("true", "false"))),
    Rule("author", "Apple", "The show has no author.", "Set `podcast: {author: …}`.",
         of_channel(lambda each: not each.text(f"{ITUNES}author"))),
    Rule("image", "Apple", "The show has no cover.", _AGAIN,
         of_channel(lambda each: not each.attribute(f"{ITUNES}image", "href"))),
    Rule("no image", "Apple", "The show's cover is not in the outbox.",
         "The next change of the outbox writes it again.",
         of_channel(lambda each: not each.is_there(each.attribute(f"{ITUNES}image", "href")))),
    Rule("cover kind", "Apple", "The show's cover is no JPEG or PNG by its name.", _AGAIN,
         of_channel(has_strange_cover)),
    Rule("cover", "Apple", "The show's cover is no square of 1400 to 3000 pixels in RGB.",
         "Delete it, and the next change of the outbox writes it again.",
         of_channel(has_cover_of_other_size)),
    Rule("type", "Apple", "The show is neither episodic nor serial.",
         "Set `podcast: {type: episodic}`.",
         of_channel(lambda each: each.text(f"{ITUNES}type") not in SHOW_TYPES), refuses=False),
    Rule("owner", "Spotify", "The feed names no address of its owner.",
         "Set `podcast: {owner: {email: …}}`; Spotify sends a code there. Everybody may read it.",
         of_channel(lambda each: "@" not in each.text(f"{ITUNES}owner/{ITUNES}email"))),
    Rule("guid", "Podcasting 2.0", "The show has no number.", _AGAIN, of_channel(has_no_guid)),
    Rule("medium", "Podcasting 2.0", "The medium of the show is unknown.", _AGAIN,
         of_channel(lambda each: each.text(f"{PODCAST}medium") not in MEDIA), refuses=False),
    Rule("machine", "Podcasting 2.0", "The feed does not tell that a machine speaks.", _AGAIN,
         of_channel(tells_no_machine), refuses=False),
    Rule("locked", "Podcasting 2.0", "The feed is locked, and names no owner to ask.",
         "Set `podcast: {owner: {email: …}}`.",
         of_channel(is_locked_by_nobody), refuses=False),
    Rule("images", "Podcasting 2.0", "`podcast:images` has another cover than Apple is told of.",
         _AGAIN, has_other_images_somewhere, refuses=False),
    Rule("self", "Podcasting 2.0", "The feed does not tell its own address.",
         "Run `narrated reload`: the feed follows `podcast: {base_url: …}`.",
         of_channel(is_elsewhere), refuses=False),
    Rule("episodes", "Apple", "There is no episode.", "Drop a post into the inbox.",
         lambda feed: [] if feed.items else ["the feed"]),
    Rule("address", "Apple", "Links are relative: only gPodder follows them.", _SERVE,
         of_items(is_relative)),
    Rule("https", "Apple", "The sound is not served by https.",
         "Serve the outbox by https, and set `podcast: {base_url: https://…}`.",
         of_items(lambda item: sound(item).startswith("http:")), refuses=False),
    Rule("item title", "Apple", "An episode has no title.", _AGAIN,
         of_items(lambda item: not item.text("title"))),
    Rule("item markup", "all players", "A title has `<`, and players hide what follows.", _AGAIN,
         of_items(lambda item: "<" in item.text("title")), refuses=False),
    Rule("item guid", "RSS", "An episode has no number.", _AGAIN,
         of_items(lambda item: not item.text("guid"))),
    Rule("permalink", "RSS", "The number of an episode counts as an address.", _AGAIN,
         of_items(is_guid_taken_for_a_link), refuses=False),
    Rule("same guid", "all players", "Two episodes have one number, so players show one of them.",
         _AGAIN, repeated(lambda item: item.text("guid"))),
    Rule("same sound", "all players", "Two episodes have one sound.", _AGAIN, repeated(sound)),
    Rule("sound", "Apple", "An episode has no sound of a known type.", _AGAIN,
         of_items(lambda item: sound(item, "type") not in SOUNDS.values())),
    Rule("sounds", "RSS", "An episode has more than one sound.", _AGAIN,
         of_items(lambda item: len(item.all("enclosure")) > 1)),
    Rule("sound type", "Apple", "The type of a sound is not that of its suffix.", _AGAIN,
         of_items(has_other_type)),
    Rule("password", "Apple", "An address holds a name or a password, and Apple sends neither.",
         "Put a token into the path instead: docs/serving.md.", of_items(is_password_told)),
    Rule("length", "Apple", "The length of a sound is not told.", _AGAIN,
         of_items(lambda item: sound_bytes(item) <= 0)),
    Rule("short", "AntennaPod", "A sound is under 16 KiB, so its length counts as unknown.", "",
         of_items(lambda item: 0 < sound_bytes(item) < LEAST_KNOWN_BYTES), refuses=False),
    Rule("format", "Apple", "Apple takes mp3 and m4a alone, told by the end of the address.",
         "Set `audio: {format: mp3}` or `m4a`, then run `narrated refresh`.",
         of_items(lambda item: not sound_path(item).endswith(APPLE_SUFFIXES))),
    Rule("name", "Apple", "Apple takes only ASCII letters and digits in an address.",
         "Such names were given before the outbox was a podcast, and stay: other players take them."
         " To change one, rename its source.",
         refused_names),
    Rule("other name", "Apple", "A cover, transcript or chapters have such an address.",
         "Rename the source to change it.", of_items(has_strange_file), refuses=False),
    Rule("date", "Apple", "An episode has no date of RFC 2822.", _AGAIN,
         of_items(lambda item: dated_s(item) is None)),
    Rule("future", "AntennaPod", "An episode is of the future, and players drop it.",
         "Check the clock of the box, then run `narrated refresh`.", of_items(is_in_the_future)),
    Rule("order", "all players", "An older episode stands before a newer one.", _AGAIN,
         out_of_order, refuses=False),
    Rule("duration", "Apple", "An episode does not tell its duration.", _AGAIN,
         of_items(has_no_duration), refuses=False),
    Rule("item explicit", "Apple", "An episode does not say if it is for children.", _AGAIN,
         of_items(lambda item: item.text(f"{ITUNES}explicit") not in ("true", "false")),
         refuses=False),
    Rule("episode type", "Apple", "An episode is neither full, nor a trailer, nor a bonus.", _AGAIN,
         of_items(lambda item: item.text(f"{ITUNES}episodeType") not in EPISODE_TYPES),
         refuses=False),
    Rule("item cover", "Apple", "A cover is no JPEG or PNG by its name.", _AGAIN,
         of_items(has_strange_cover), refuses=False),
    Rule("cover size", "Apple", "A cover is no square of 1400 to 3000 pixels in RGB.", _AGAIN,
         of_items(has_cover_of_other_size), refuses=False),
    Rule("item description", "Apple", "An episode has no description.",
         "Give the post a first paragraph, or a `description:` in its front matter.",
         of_items(lambda item: not item.text("description")), refuses=False),
    Rule("long item", "Apple", "A description is over 4,000 bytes.", _AGAIN,
         of_items(is_too_long)),
    Rule("text", "all players", "The text of an episode has what no player may run.", _AGAIN,
         of_items(has_active_text)),
    Rule("picture", "all players", "The text of an episode shows a picture at no address.", _SERVE,
         of_items(has_relative_picture), refuses=False),
    Rule("person", "Podcasting 2.0", "A person has no name, or one of over 128 signs.", _AGAIN,
         of_items(has_strange_person), refuses=False),
    Rule("apple transcript", "Apple", "An episode has transcripts, but none as VTT or SRT.",
         _AGAIN, of_items(has_no_transcript_of_apple), refuses=False),
    Rule("spoken language", "Podcasting 2.0", "A transcript is of no language.", _AGAIN,
         of_items(has_transcript_of_no_language), refuses=False),
    Rule("transcript", "AntennaPod", "A transcript has a type that players do not know.", _AGAIN,
         of_items(has_strange_transcript), refuses=False),
    Rule("chapters", "Podcasting 2.0", "Chapters have a type that players do not know.", _AGAIN,
         of_items(has_strange_chapters), refuses=False),
    Rule("numbers", "Apple", "The episodes of a serial are not numbered in their order.", _AGAIN,
         misnumbered),
    Rule("no sound", "all players", "The sound of an episode is not in the outbox.",
         "The next change of the outbox takes it out of the feed; so does `narrated once`.",
         of_items(lambda item: not item.is_there(sound(item)))),
    Rule("other length", "all players", "A sound has another length than the feed says.",
         "The next change of the outbox mends it.", of_items(has_other_size)),
    Rule("no file", "all players", "A transcript, cover or chapters are not in the outbox.",
         "Run `narrated refresh` for it.", of_items(lacks_a_file), refuses=False),
)  # fmt: skip
"""All rules, those of the show first."""
