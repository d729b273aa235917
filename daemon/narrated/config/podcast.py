"""Checks the configuration's `podcast:`, and gives the show that it describes."""

from narrated.config.values import Config, PodcastConfig
from narrated.errors import ConfigurationError
from narrated.podcast.show import Show
from narrated.podcast.show_section import ShowSection, problems
from narrated.podcast.shows import ShowSettings, with_section


def check_podcast(config: Config) -> None:
    """Refuse what a feed cannot say, with the key and the remedy. Errors: ConfigurationError."""
    if config.podcast is None:
        return
    for each in problems(_section(config.podcast)):
        raise ConfigurationError(
            f"{config.source}: `podcast.{each.key}`: {each.problem}", each.remedy
        )


def show_settings(config: Config) -> ShowSettings | None:
    """Give what the configuration says of the shows; None if the outbox is no podcast."""
    show = show_of(config)
    if show is None or config.podcast is None:
        return None
    is_each = config.podcast.folders == "each"
    return ShowSettings(show, is_each, config.ignore, cover_in_inbox(config))


def cover_in_inbox(config: Config) -> str:
    """Return the inbox path of the outbox's cover; empty if it stands elsewhere, or is drawn."""
    image = config.podcast.image if config.podcast else None
    if image is None or not image.is_relative_to(config.inbox):
        return ""
    return str(image.relative_to(config.inbox))


def show_of(config: Config) -> Show | None:
    """Give the show of the outbox's root; None if the outbox is no podcast."""
    if config.podcast is None:
        return None
    usual = Show(title="", language=config.reading.language)
    return with_section(usual, _section(config.podcast))


def _section(podcast: PodcastConfig) -> ShowSection:
    names = podcast.category
    return ShowSection(
        title=podcast.title,
        author=podcast.author,
        description=podcast.description,
        language=podcast.language or None,
        category=(names,) if isinstance(names, str) else names,
        explicit=podcast.explicit,
        owner_name=podcast.owner.name,
        owner_email=podcast.owner.email,
        base_url=podcast.base_url,
        link=podcast.link,
        type=podcast.type,
        picture="" if podcast.image is None else str(podcast.image),
    )


def has_page(config: Config) -> bool:
    """True if the outbox is a podcast with a page."""
    return config.podcast is not None and config.podcast.page
