"""The page's markup that is the same for each outbox: its signs, its reader, its player, its help.

Only scripts use it, so that all of it is hidden until they run.
"""

_SIGNS = {
    "play": '<path class="full" d="M8 5v14l11-7z"/>',
    "pause": '<path class="full" d="M7 5h3.5v14H7zM13.5 5H17v14h-3.5z"/>',
    "back": '<path d="M10.5 5H12a8 8 0 1 1-7.6 5.5M13.5 2l-3 3 3 3"/>',
    "ahead": '<path d="M13.5 5H12a8 8 0 1 0 7.6 5.5M10.5 2l3 3-3 3"/>',
    "next": '<path class="full" d="M6 5.8v12.4l8.5-6.2z"/><path d="M17.5 5.5v13"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
    "left": '<path d="M19 12H5m6-6-6 6 6 6"/>',
    "keys": '<rect x="2.5" y="6" width="19" height="12" rx="2"/>'
    '<path d="M6.5 10h0m3.7 0h0m3.6 0h0m3.7 0h0M8 14h8"/>',
    "feed": '<circle class="full" cx="6" cy="18" r="1.2"/>'
    '<path d="M5 12a7 7 0 0 1 7 7M5 6a13 13 0 0 1 13 13"/>',
    "follow": '<path d="M12 4v14m-6-6 6 6 6-6"/>',
    "moon": '<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
}


def sign(name: str) -> str:
    """Return a sign that is decoration: what stands beside it, or its button's label, says it."""
    return f'<svg class="sign sign-{name}" aria-hidden="true"><use href="#sign-{name}"/></svg>'


_SYMBOLS = "".join(
    f'<symbol id="sign-{name}" viewBox="0 0 24 24">{drawn}</symbol>'
    for name, drawn in _SIGNS.items()
)
PAGE_BEGIN = f'<svg class="signs" aria-hidden="true" width="0" height="0">{_SYMBOLS}</svg>\n'

SEARCH = f"""\
<form class="search" role="search" hidden>
<label for="search" class="unseen">Search all texts</label>
{sign("search")}<input id="search" type="search" placeholder="Search all texts" autocomplete="off" \
spellcheck="false" enterkeyhint="search"><kbd aria-hidden="true">/</kbd>
</form>
"""

_READER = f"""\
<article id="reader" aria-labelledby="reader-title" hidden>
<a class="return" href="#">{sign("left")}All episodes</a>
<header>
<img class="cover" alt="" width="320" height="320">
<div>
<h1 id="reader-title" tabindex="-1"></h1>
<p class="facts"></p>
<p class="acts"><button type="button" class="listen">{sign("play")}<span>Listen</span></button></p>
</div>
</header>
<div class="columns">
<nav class="chapters" aria-label="Chapters" hidden><h2>Chapters</h2><ol></ol></nav>
<div class="text"></div>
</div>
<footer class="files" hidden></footer>
</article>
"""

_SPEEDS = ("0.75", "0.9", "1", "1.1", "1.25", "1.5", "1.75", "2", "2.5", "3")
_MINUTES = (5, 10, 15, 30, 45, 60)
_SPEED_OPTIONS = "".join(
    f'<option value="{each}"{" selected" if each == "1" else ""}>{each} ×</option>'
    for each in _SPEEDS
)
_SLEEP_OPTIONS = "".join(
    [
        '<option value="">off</option>',
        *(f'<option value="{each}">{each} min</option>' for each in _MINUTES),
        '<option value="end">at its end</option>',
    ]
)

_PLAYER = f"""\
<button type="button" id="follow" hidden>{sign("follow")}Back to the voice</button>
<section id="player" aria-label="Player" hidden>
<audio id="sound" preload="none"></audio>
<input id="place" type="range" min="0" max="1" value="0" step="any" aria-label="Place">
<a class="playing" href="#"><img class="cover" alt="" width="320" height="320">\
<span class="names"><span class="name"></span><span class="of"></span></span></a>
<div class="moves">
<button type="button" id="back" aria-label="Back 15 seconds">{sign("back")}<b>15</b></button>
<button type="button" id="toggle" aria-label="Play">\
{sign("play")}{sign("pause")}</button>
<button type="button" id="ahead" aria-label="Ahead 30 seconds">{sign("ahead")}<b>30</b></button>
<button type="button" id="next" aria-label="Next episode">{sign("next")}</button>
</div>
<p class="times"><span class="at">0:00</span> <span class="unseen">of</span> \
<span class="whole">0:00</span></p>
<div class="ways">
<label><span class="unseen">Speed</span><select id="speed">{_SPEED_OPTIONS}</select></label>
<label><span class="unseen">Sleep timer</span>{sign("moon")}<select id="sleep">{_SLEEP_OPTIONS}\
</select></label>
<button type="button" id="help" aria-label="Keys" aria-haspopup="dialog">{sign("keys")}</button>
</div>
</section>
"""

_KEYS = (
    ("Space", "play or pause"),
    ("←", "15 seconds back"),
    ("→", "30 seconds ahead"),
    ("Shift ←", "the sentence before"),
    ("Shift →", "the sentence after"),
    ("&lt;", "slower"),
    ("&gt;", "faster"),
    ("N", "next episode"),
    ("/", "search"),
    ("Esc", "back to the list"),
    ("?", "these keys"),
)
_KEY_ROWS = "".join(
    f"<div><dt>{' '.join(f'<kbd>{part}</kbd>' for part in keys.split())}</dt><dd>{act}</dd></div>"
    for keys, act in _KEYS
)
_HELP = f"""\
<dialog id="keys" aria-labelledby="keys-title">
<form method="dialog"><button aria-label="Close">{sign("close")}</button></form>
<h2 id="keys-title">Keys</h2>
<dl>{_KEY_ROWS}</dl>
<p>A click on a sentence plays from it. With the keyboard: Tab to the text, then ↑ or ↓, and Enter.\
</p>
<p><label><input type="checkbox" id="keys-on" checked> Use these keys</label></p>
<p class="small">The browser keeps where you stopped, the speed and this choice, \
on this device alone.</p>
</dialog>
<p id="said" class="unseen" role="status"></p>
"""

LIST_END = '</ol>\n<p class="nothing" hidden>Nothing here yet.</p>\n</section>\n'
PAGE_END = f"{LIST_END}{_READER}</main>\n{_PLAYER}{_HELP}</body>\n</html>\n".encode()
