"""Parts that blog platforms put into a text: subscriptions, buttons, previews of other pages.

Substack, Medium, Ghost and WordPress mark them by class names; a Markdown export leaves words.
"""

import re

from narrated.reading.document import Blocks, Paragraph, Text, Unspoken, plain
from narrated.reading.html_element_names import names

_REASONS = {
    "an invitation to subscribe": """
        subscription-widget subscription-widget-wrap subscription-widget-wrap-editor
        subscribe-widget paywall-jump install-substack-app-embed kg-signup-card kg-email-cta-card
        kg-subscribe-card gh-subscribe gh-post-upgrade-cta wp-block-jetpack-subscriptions
        jetpack_subscription_widget mailpoet_form
        """,
    "a button": """
        button-wrapper captioned-button-wrap kg-button-card kg-btn wp-block-buttons wp-block-button
        wp-block-button__link wp-block-file__button community-chat directMessage
        """,
    "a poll": "poll-embed poll-wrapper wp-block-jetpack-poll",
    "another post shown inside": """
        digest-post-embed embedded-post-wrap embedded-publication-wrap graf--mixtapeEmbed
        mixtapeEmbed kg-bookmark-metadata kg-bookmark-thumbnail wp-embedded-content
        """,
    "a recording": "kg-audio-card audio-embed",
    "a video": "kg-video-container native-video-embed",
    "a file to download": "kg-file-card file-embed-wrapper wp-block-file",
    "a sign beside a note": "kg-callout-emoji",
    "other posts of the blog": """
        jp-relatedposts wp-block-latest-posts wp-block-latest-comments wp-block-rss
        wp-block-archives wp-block-categories wp-block-tag-cloud wp-block-calendar
        """,
    "links to other sites": "wp-block-social-links sharedaddy sd-sharing",
}
WIDGETS = {name: reason for reason, listed in _REASONS.items() for name in names(listed)}
"""The reason to skip an element, by its class."""
CALLOUTS = names("kg-callout-card")
"""Classes of elements that are notes."""
_LONGEST = 300
_LONGEST_WORD = 20
_LINKED = re.compile(
    r"subscribe(?: now| here| today| for free| to .{1,60})?|share(?: this post| .{1,60})?|share"
    r"|leave a comment|\d{0,4} ?comments?|give a gift subscription|upgrade to paid|upgrade now"
    r"|refer a friend|read in (?:the )?app|start (?:your |a )?(?:free|7-day free) trial|sign up"
    r"|get \d{1,2}% off.{0,60}|donate subscriptions|get the app|follow|listen|join (?:the )?chat"
    r"|message .{1,60}|claim my free post|start writing(?: today)?|open in app|sign in|clap",
    re.I,
)
_BARE = re.compile(
    r"subscribe(?: now)?|share|restack|sign (?:up|in)|leave a comment"
    r"|sign up to discover human stories[^\n]{0,80}|get an email whenever .{1,60} publishes\.?"
    r"|press enter or click to view image in full size"
    r"|share this post|give a gift subscription|refer a friend"
    r"|get the app|open in app|member-only story|sign up\s+sign in|top highlight"
    r"|(?:.{1,60}·\s*)?\d{1,3} min(?:ute)? read(?:\s*·.{0,60})?"
    r"|(?:thanks|thank you) for reading\b[^.!?\n]{0,120}[.!]\s*"
    r"(?:subscribe (?:for free )?to receive new posts[^.!?\n]{0,80}[.!]?"
    r"|this post is public,? so feel free to share it[.!]?)"
    r"|subscribe (?:for free )?to receive new posts(?: and support (?:my|our) work)?[.!]?"
    r"|this post is public,? so feel free to share it[.!]?"
    r"|.{1,80} is a reader-supported publication\. to receive new posts and support "
    r"(?:my|our) work, consider becoming a (?:free or )?paid subscriber\.?"
    r"|share .{1,80}\s+share|type your email…?\s*subscribe",
    re.I,
)


_BESIDE_OTHERS = re.compile(
    r"follow|following|listen|share|restack|clap|claps|subscribe|respond"
    r"|\d{1,4}(?:\.\d)?\s?[KkM]?(?: (?:claps?|responses?|comments?|likes?|shares?))?|-{1,3}|·",
    re.I,
)
_COUNT = re.compile(r"[\d.\sKkM·-]+")
_SHORTEST_RUN = 2


def silence_furniture(blocks: list[Blocks]) -> list[Blocks]:
    """Silence words such as Follow and Listen, and counts of claps, where two stand together.

    Medium writes each as a paragraph of its own; alone, such a word may be a text.
    """
    done: list[Blocks] = []
    run: list[Blocks] = []
    for block in blocks:
        if _is_furniture(block):
            run.append(block)
            continue
        done += [*_silenced(run), block]
        run.clear()
    return done + _silenced(run)


def _silenced(run: list[Blocks]) -> list[Blocks]:
    words = [block for block in run if not _COUNT.fullmatch(_words_of(block))]
    if len(run) < _SHORTEST_RUN or not words:
        return run
    return [_as_unspoken(block) for block in run]


def _as_unspoken(block: Blocks) -> Blocks:
    if isinstance(block, Unspoken):
        return block
    return Unspoken("invitation", "an invitation of the blog, not its text", _words_of(block))


def _is_furniture(block: Blocks) -> bool:
    if isinstance(block, Unspoken):
        return block.kind == "invitation"
    words = _words_of(block)
    return bool(words) and _BESIDE_OTHERS.fullmatch(words) is not None


def _words_of(block: Blocks) -> str:
    """Return the text of a short paragraph; else nothing."""
    if isinstance(block, Unspoken):
        return block.text
    if not isinstance(block, Paragraph) or len(block.spans) != 1:
        return ""
    only = block.spans[0]
    # Most are long texts: their first words tell it.
    words = only.text.split(None, _LONGEST_WORD) if isinstance(only, Text) else [plain((only,))]
    text = " ".join(words)
    return text if len(text) <= _LONGEST_WORD else ""


def is_invitation(text: str, is_link: bool) -> bool:
    """True if a paragraph only invites to subscribe, share or comment; `is_link`: it is a link."""
    if len(text) > _LONGEST:
        return False
    bare = text.strip(" ·|*[]()→👉")
    return _BARE.fullmatch(bare) is not None or (is_link and _LINKED.fullmatch(bare) is not None)
