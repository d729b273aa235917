"""The settings of new jobs, by the configuration."""

from narrated.config.podcast import has_page
from narrated.config.values import Config
from narrated.jobs.plan import JobDefaults, OutputSettings
from narrated.script.default_voice import SpeechEngines


def job_defaults(config: Config, engines: SpeechEngines) -> JobDefaults:
    """Build the settings of new jobs; `engines` are those that may speak."""
    pictures = config.pictures
    return JobDefaults(
        settings=config.settings,
        output=OutputSettings.of(config.audio),
        engines=engines,
        captions=pictures.captions,
        caption_options=pictures.options,
        picture_roots=pictures.roots,
        picture_wait_s=float(pictures.wait),
        lexicon=config.reading.lexicon,
        ignore=config.ignore,
        since=config.since,
        holds_drafts=config.reading.drafts == "hold",
        review=config.review,
        has_page=has_page(config),
    )
