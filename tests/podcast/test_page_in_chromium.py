"""The page in a real Chromium, from disk and from a server, with sound by the embedded voice."""

from collections.abc import Iterator
from html import escape
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from msgspec.structs import replace

pytest.importorskip("playwright", reason="playwright is not installed: see `make test-peers`")

from narrated.podcast.episode import LinkedFile
from narrated.podcast.page_episode import PageChapter, PageDoubt, PageEpisode, PageSentence
from support.chromium import CHROMIUM, OpenPage, chromium, opened
from support.daemon import Daemon
from support.page_outbox import SHOW, write_page
from support.served import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

TEA = """---
title: Tea
lang: en
---

# Tea

Boil the water. Wait a moment.[^note] It takes [a while](https://example.org/).

[^note]: A note.

## Leaves

Add three crème-coloured leaves. Wait again. Then drink it.

| Leaf  | Minutes |
|-------|---------|
| green | 2       |
"""
CATS = "---\ntitle: Cats\nlang: en\n---\n\n# Cats\n\nCats sleep. Then they eat.\n"

AT = "document.querySelector('#sound').currentTime"
PLAYING = "!document.querySelector('#sound').paused"
HEARD = "Number(document.querySelector('#reader .heard')?.dataset.s)"
LATER = """() => {
  const [sleep, now] = [document.querySelector('#sleep'), Date.now];
  sleep.value = '5';
  sleep.dispatchEvent(new Event('change'));
  Date.now = () => now() + 301_000;
}"""
MARKED = "[...document.querySelectorAll('.text .doubtful:not(.said)')]"
STOP = "document.querySelector('#sound').pause()"
READING = "document.querySelectorAll('.text [data-s]').length > 3"
FOUND = "document.querySelectorAll('#found .hit').length"
SHOWN = "[...document.querySelectorAll('.entry:not([hidden]) h3')].map((each) => each.textContent)"
RECORD = """() => {
  window.marks = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const number = +target.dataset.s;
      if (!target.classList.contains('heard') || marks.at(-1)?.[0] === number) continue;
      marks.push([number, document.querySelector('#sound').currentTime]);
    }
  }).observe(document.querySelector('#reader'), { subtree: true, attributeFilter: ['class'] });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests; each page has a context of its own."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """A home with two narrated posts, whose outbox has a page."""
    home = tmp_path_factory.mktemp("blog")
    daemon = Daemon(home, speech={"engine": "pico"}, podcast={"title": "A blog"})
    (daemon.inbox / "tea.md").write_text(TEA)
    (daemon.inbox / "cats.md").write_text(CATS)
    assert daemon.ask("once").returncode == 0, daemon.log
    return daemon


@pytest.fixture(scope="module")
def starts(blog: Daemon) -> list[float]:
    """When each sentence of the post about tea begins, as its manifest has it."""
    return [each["start_s"] for each in blog.manifest("tea")["sentences"]]


@pytest.fixture(scope="module", params=["disk", "server"])
def address(blog: Daemon, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the page, from disk and from `narrated serve`."""
    if request.param == "disk":
        yield f"file://{blog.outbox}/index.html"
        return
    with serving(blog) as server:
        yield f"http://127.0.0.1:{server.port}/index.html"


@pytest.fixture
def page(browser: Any, blog: Daemon) -> Iterator[OpenPage]:
    """The page from disk."""
    with opened(browser, f"file://{blog.outbox}/index.html") as ready:
        yield ready


def _read(page: OpenPage, title: str = "Tea") -> None:
    """Open the text of an episode."""
    page.page.click(f"#episodes >> text={title}")
    page.until(READING)


def test_page_plays_an_episode(browser: Any, blog: Daemon, address: str) -> None:
    """A click plays: the media element has the manifest's length, the system the title."""
    with opened(browser, address) as page:
        page.page.click("[aria-label='Play: Tea']")
        page.until(f"{PLAYING} && {AT} > 0.2")
        length = page.get("document.querySelector('#sound').duration")
        assert length == pytest.approx(blog.manifest("tea")["duration_s"], abs=0.1)
        assert page.get("navigator.mediaSession.metadata.title") == "Tea"
        assert page.page.get_attribute("#episodes > [aria-current]", "data-sound") == "tea.mp3"


def test_page_marks_each_sentence(browser: Any, address: str, starts: list[float]) -> None:
    """100 ms after a sentence's start it is marked, and 100 ms before it is not yet."""
    with opened(browser, address) as page:
        _read(page)
        page.until("document.querySelector('#sound').readyState > 0")
        for number, start in enumerate(starts[1:], 1):
            page.get(f"narrated.player.seek({start + 0.1})")
            page.until(f"{HEARD} === {number}")
            page.get(f"narrated.player.seek({start - 0.1})")
            page.until(f"{HEARD} === {number - 1}")


def test_page_marks_while_it_plays(page: OpenPage, starts: list[float], figure: Any) -> None:
    """While it plays, each sentence is marked in its turn, not early, and within 100 ms."""
    _read(page)
    page.get(RECORD)
    last = range(len(starts) - 4, len(starts))
    for _ in range(5):  # the screen of a busy machine may be late, but not always
        page.get(f"narrated.player.seek({starts[last[0]] - 0.2})")
        page.get("marks.length = 0, narrated.player.play()")
        page.until(f"marks.length >= {len(last)}")
        page.get(STOP)
        marks = page.get("marks")[: len(last)]
        assert [number for number, _ in marks] == list(last)
        lags = [at - starts[number] for number, at in marks]
        assert min(lags) > -0.001  # the rounding of the manifest's milliseconds
        if max(lags) < 0.1:
            break
    figure(f"marked {median(lags) * 1000:.0f} ms late, at worst {max(lags) * 1000:.0f} ms")
    assert max(lags) < 0.1


def test_click_on_sentence_jumps(page: OpenPage, starts: list[float]) -> None:
    """A click on a sentence plays from it, and so does Enter on one that has the focus."""
    _read(page)
    page.page.click(".text [data-s='3']")
    page.until(f"{PLAYING} && {AT} >= {starts[3]} && {HEARD} === 3")
    page.get(STOP)
    page.page.focus("#reader [data-s][tabindex='0']")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    page.until(f"{PLAYING} && {AT} >= {starts[4]}")


def test_links_inside_texts_work(page: OpenPage) -> None:
    """A note is gone to without losing the episode; a link to the web opens beside the page."""
    _read(page)
    page.page.click(".text sup a")
    page.until("document.activeElement.closest('.footnotes li') !== null")
    assert page.get("/^#e=[0-9a-f]+$/.test(location.hash)")
    assert page.get(f"!({PLAYING})")
    assert page.page.get_attribute("a:has-text('a while')", "target") == "_blank"
    assert page.page.get_attribute("a:has-text('a while')", "rel") == "noopener noreferrer"


def test_search_plays_what_it_finds(browser: Any, address: str) -> None:
    """Words without accents find their sentence; a click on it plays from there."""
    with opened(browser, address) as page:
        assert not [each for each in page.requests if "search-" in each]
        page.page.keyboard.press("/")
        page.page.keyboard.type("LEAVES creme")
        page.until(f"{FOUND} === 1")
        page.page.click("#found .hit")
        page.until(PLAYING)
        page.until("document.querySelector('.text .heard')?.textContent.includes('crème')")
        page.page.keyboard.press("Escape")
        page.page.fill("#search", "no such word")
        page.until("document.querySelector('#found-title').textContent === 'No episodes'")


def test_page_resumes_after_a_reload(browser: Any, address: str) -> None:
    """After a reload the episode goes on where it stopped, at the speed of before."""
    with opened(browser, address) as page:
        _read(page)
        page.page.select_option("#speed", "1.25")
        page.get("narrated.player.seek(3)")
        page.until(f"{AT} > 2.9 && document.querySelector('#sound').readyState > 0")
        page.go()
        page.until(f"{AT} > 2.9")
        assert page.get("document.querySelector('#sound').playbackRate") == 1.25
        assert page.page.inner_text("#episodes .state").endswith("left")
        keys = page.get("Object.keys(localStorage)")
        assert keys, "it keeps nothing"
        assert all(key.startswith("narrated:") for key in keys), keys


def test_address_opens_a_moment(page: OpenPage, starts: list[float]) -> None:
    """An address names an episode and a time."""
    key = page.page.get_attribute("#episodes > [data-sound='tea.mp3']", "id")
    page.go(f"#{key}&t={starts[3] + 0.2}")
    page.until(f"{HEARD} === 3")


def test_search_finds_what_is_not_said(browser: Any, tmp_path: Path) -> None:
    """Code and rows are found and lead to the sentence before; without a time, to the episode."""
    timeless = replace(_episode(2), html="<pre><code>early()</code></pre>", sentences=())
    written = write_page(tmp_path, [replace(_episode(1), html=_html()), timeless])
    with opened(browser, f"file://{written}") as page:
        page.page.fill("#search", '"a = 1"')
        page.until(f"{FOUND} === 1")
        assert page.page.inner_text("#found .hit time") == "0:05"
        page.page.fill("#search", "early()")
        page.page.click("#found .hit:has-text('early')")
        page.until("document.querySelector('.text').textContent === 'early()'")
        assert page.get(f"!({PLAYING})")


def test_search_cuts_a_long_line(browser: Any, tmp_path: Path) -> None:
    """Of a line of code without end, the search shows what is around the words."""
    line = f"{'x' * 50_000} needle {'y ' * 50_000}"
    episode = replace(_episode(1), html=f"<pre>{line}</pre>")
    with opened(browser, f"file://{write_page(tmp_path, [episode])}") as page:
        page.page.fill("#search", "needle")
        page.until("document.querySelector('#found .hit mark')?.textContent === 'needle'")
        assert len(page.page.inner_text("#found .hit span")) < 400
        page.until("document.documentElement.scrollWidth <= innerWidth")


def test_reload_goes_on_where_it_stopped(page: OpenPage) -> None:
    """The time in an address counts once: a reload goes on where the voice was."""
    key = page.page.get_attribute("#episodes > [data-sound='tea.mp3']", "id")
    page.go(f"#{key}&t=1")
    page.until(f"{AT} === 1")
    page.get("narrated.player.seek(3)")
    page.until(f"{AT} === 3 && narrated.kept('last') && !document.querySelector('#sound').seeking")
    page.reload()
    page.until(f"{READING} && {AT} === 3")
    assert page.get("location.hash") == f"#{key}"


def test_hidden_page_keeps_its_place(browser: Any, tmp_path: Path) -> None:
    """A page that paints nothing keeps the place while it plays, and its sleep timer stops it."""
    with opened(browser, f"file://{write_page(tmp_path, [_episode(1)])}") as page:
        page.get("window.requestAnimationFrame = () => 1")
        page.page.click("[aria-label='Play: Post 1']")
        page.get("document.querySelector('#sound').playbackRate = 8")
        page.until(f"{PLAYING} && narrated.kept('at:0000000000000001') > 5")
        page.get(LATER)
        page.until(f"!({PLAYING})")
        assert page.page.input_value("#sleep") == ""
        assert page.page.inner_text("#said") == "Stopped by the sleep timer"


def test_sleep_timer_ends_in_a_pause(browser: Any, tmp_path: Path) -> None:
    """A timer that runs out in a pause is over: the next click plays, and the page tells it."""
    with opened(browser, f"file://{write_page(tmp_path, [_episode(1)])}") as page:
        page.page.click("[aria-label='Play: Post 1']")
        page.until(f"{PLAYING} && {AT} > 0")
        page.get(STOP)
        page.get(LATER)
        page.page.click("#toggle")
        page.until("document.querySelector('#said').textContent === 'The sleep timer is over'")
        played = page.get(AT)
        page.until(f"{PLAYING} && {AT} > {played}")
        assert page.page.input_value("#sleep") == ""


def test_length_is_told_before_it_plays(page: OpenPage) -> None:
    """The player tells the length of an episode as soon as it has it, and of the next as well."""
    for key in page.get("narrated.list.entries.map(narrated.keyOf)"):
        length = page.get(f"narrated.clock(narrated.entryOf('{key}').dataset.seconds)")
        page.get(f"narrated.player.open('{key}')")
        assert page.get("document.querySelector('#player .whole').textContent") == length
        told = page.page.get_attribute("#place", "aria-valuetext")
        assert told == f"0:00 of {length}"


def test_page_tells_why_a_post_is_held(browser: Any, tmp_path: Path) -> None:
    """A post that is held back is told with its reason."""
    held = [{"name": "soon.md", "why": "Its date is to come."}]
    with opened(browser, f"file://{write_page(tmp_path, [], held=held)}") as page:
        page.until("document.querySelector('#now').textContent.includes('Its date is to come.')")


def test_lost_sound_is_told_in_full(page: OpenPage) -> None:
    """The words about a sound that is gone are cut at no width."""
    _read(page)
    page.get("document.querySelector('#sound').dispatchEvent(new Event('error'))")
    words = "const words = document.querySelector('#player .of');"
    for width in (390, 820, 1440):
        page.page.set_viewport_size({"width": width, "height": 800})
        page.until(f"innerWidth === {width}")
        assert page.page.is_visible("#player .of")
        cut = "words.scrollWidth > words.clientWidth || words.scrollHeight > words.clientHeight"
        assert not page.get(f"(() => {{ {words} return {cut}; }})()"), width


def test_next_episode_follows(page: OpenPage) -> None:
    """At its end an episode is followed by the next of the list; a timer may stop it there."""
    first, second = page.page.locator("#episodes h3").all_inner_texts()
    page.page.click(f"[aria-label='Play: {first}']")
    page.until(f"{PLAYING} && {AT} > 0")
    page.get("narrated.player.seek(1e9)")
    page.until(f"document.querySelector('#player .name').textContent === '{second}'")
    page.until(PLAYING)
    page.page.select_option("#sleep", "end")
    page.get("narrated.player.seek(1e9)")
    page.until(f"!({PLAYING})")
    assert page.page.inner_text("#player .name") == second


def test_keys_work_and_trap_nobody(page: OpenPage) -> None:
    """Keys play, move and help; fields keep theirs, and Tab leaves the text at once."""
    _read(page)
    press = page.page.keyboard.press
    press("Space")
    page.until(PLAYING)
    press("Space")
    page.until(f"!({PLAYING})")
    page.get("narrated.player.seek(0)")
    press("Shift+ArrowRight")
    page.until(f"{AT} > 0")
    press("?")
    assert page.page.is_visible("#keys")
    press("Escape")
    page.page.focus("#reader [data-s][tabindex='0']")
    press("Tab")
    assert not page.get("document.activeElement.matches('[data-s]')")
    press("Escape")
    page.until("!document.documentElement.dataset.view")
    page.page.focus("#search")
    page.page.keyboard.type("a ?")
    assert page.page.input_value("#search") == "a ?"
    assert not page.page.is_visible("#keys")
    assert page.get(f"!({PLAYING})")


def test_scroll_by_hand_is_left_alone(browser: Any, tmp_path: Path) -> None:
    """The text follows the voice until the reader scrolls; a button takes it up again."""
    gap = f"<p>{'<br>' * 60}</p>"
    spread = replace(_episode(1), html=_html().replace("</p>", f"</p>{gap}"))
    with opened(browser, f"file://{write_page(tmp_path, [spread])}") as page:
        _read(page, "Post 1")
        page.page.click(".listen")
        page.until("scrollY > 500")
        page.page.mouse.wheel(0, -100)
        page.until("!document.querySelector('#follow').hidden")
        page.page.mouse.wheel(0, -100_000)
        page.until("scrollY === 0")
        page.page.click("#follow")
        page.until("scrollY > 500")


def test_page_fits_its_width(browser: Any, tmp_path: Path) -> None:
    """Nothing makes the page wider than the screen: no word, no table, no code."""
    wide = "M" * 400
    cells = "</td><td>".join([wide[:40]] * 9)
    text = (
        f"<h2>{wide}</h2><p>{wide}</p><pre><code>{wide}</code></pre>"
        f"<table><tr><td>{cells}</td></tr></table>{_html()}"
    )
    episode = replace(_episode(1, title=wide), html=text, description=wide)
    written = write_page(tmp_path, [episode], replace(SHOW, title=wide, description=wide))
    with opened(browser, f"file://{written}") as page:
        _assert_fits(page)
        page.page.click("#episodes h3 a")
        page.until(READING)
        _assert_fits(page)


def _assert_fits(page: OpenPage) -> None:
    for width in (390, 820, 1440):
        page.page.set_viewport_size({"width": width, "height": 800})
        page.until(f"innerWidth === {width}")
        assert page.get("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Any, tmp_path: Path, scheme: str) -> None:
    """Axe has nothing against list, search, text and help, of 50 episodes, light and dark."""
    kinds = ["picture" if number % 9 == 3 else "post" for number in range(50)]
    episodes = [_episode(number, kind=kind) for number, kind in enumerate(kinds)]
    episodes[0] = replace(episodes[0], doubts=DOUBTS)
    failed = [{"name": "half.md", "problem": "It ends early.", "remedy": "Send it again."}]
    reading = [{"name": "a.md", "title": "A", "done": 0.5}]
    written = write_page(tmp_path, episodes, reading=reading, waiting=1, failed=failed)
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
    settings = {"color_scheme": scheme, "reduced_motion": "reduce"}
    with opened(browser, f"file://{written}", **settings) as page:
        page.until("!document.querySelector('#now').hidden")
        page.get("document.querySelector('#now details').open = true")
        page.get(axe)
        assert _violations(page) == []
        page.page.fill("#search", "word")
        page.until(FOUND)
        assert _violations(page) == []
        page.page.fill("#search", "")
        page.until("!document.querySelector('#list').hidden")
        page.page.click("#episodes h3 a")
        page.until(READING)
        page.get("narrated.player.seek(1.5)")
        page.until(f"{HEARD} === 1")
        assert _violations(page) == []
        page.page.keyboard.press("?")
        assert _violations(page) == []


def test_doubtful_sentences_are_marked(browser: Any, tmp_path: Path) -> None:
    """A doubtful sentence has a line, and a sign whose words say why; the list says nothing.

    Text, code and rows have it; it is no part of the words.
    """
    written = write_page(tmp_path, [replace(_episode(1), doubts=DOUBTS)])
    with opened(browser, f"file://{written}") as page:
        assert "doubt" not in page.get("document.querySelector('#episodes').innerHTML")
        page.page.click("#episodes h3 a")
        page.until(READING)
        signs = page.page.get_by_role("img", name="Doubtful sound: it stops for 1.1 s inside.")
        assert signs.count() == 3
        assert page.get(f"{MARKED}.map((each) => each.dataset.s)") == ["1", "5", "6"]
        first = f"{MARKED}[0]"
        assert page.get(f"{first}.textContent") == "It says 1."
        assert page.get(f"getComputedStyle({first}).textDecorationStyle") == "dotted"
        assert page.get(f"{first}.title").startswith("Doubtful sound: it stops")
        assert page.get("document.querySelector('.doubts').textContent") == "3 doubtful sentences"
        page.get("document.querySelectorAll('.doubt')[0].click()")
        page.until(f"{AT} >= 1")


def _violations(page: OpenPage) -> list[Any]:
    told = "violations.map(({ id, nodes }) => [id, nodes[0].html])"
    settings = "{ preload: false, resultTypes: ['violations'] }"
    found = f"axe.run({settings}).then(({{ violations }}) => {told})"
    return list(page.get(found))


STOPS = "Doubtful sound: it stops for 1.1 s inside."
DOUBTS = (PageDoubt(1.0, 2.0, STOPS), PageDoubt(5.0, 7.0, STOPS))
HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>&lt;\u2028"


def test_hostile_outbox_runs_nothing(browser: Any, tmp_path: Path) -> None:
    """Titles, names, captions and texts with scripts run none, and show as written."""
    text = f"<p><span class='s' data-s='0'>{escape(HOSTILE)}</span></p>{HOSTILE}" + _html()
    hostile = replace(
        _episode(1, title=HOSTILE),
        show=HOSTILE,
        author=HOSTILE,
        description=HOSTILE,
        language=HOSTILE,
        html=text + '<a href="javascript:alert(4)">a</a><iframe src="x"></iframe><form action="x">',
        sound=LinkedFile(f"{HOSTILE.replace('/', '')}.mp3", "audio/mpeg"),
        chapters=(PageChapter(0, HOSTILE), PageChapter(1, HOSTILE)),
    )
    show = replace(SHOW, title=HOSTILE, author=HOSTILE, description=HOSTILE, link=HOSTILE)
    failed = [{"name": HOSTILE, "problem": HOSTILE, "remedy": HOSTILE}]
    written = write_page(tmp_path, [hostile, _episode(2)], show, failed=failed)
    with opened(browser, f"file://{written}") as page:
        page.page.fill("#search", "onerror")
        page.until("document.querySelector('#found h3')")
        page.page.fill("#search", "")
        page.page.click("#episodes h3 a")
        page.until(READING)
        shown = page.page.inner_text("#reader-title")
        page.page.hover("#player .playing")
        page.until("document.querySelectorAll('.chapters button').length === 2")
        assert "<script>alert(2)</script>" in shown
        assert (
            page.get(
                "document.querySelectorAll('#reader :is(script, iframe, form, svg svg)').length"
            )
            == 0
        )
        assert page.get("document.querySelector('#reader .text a').hasAttribute('href')") is False
        # The daemon writes no handler; of one that stands there all the same the browser tells.
        page.messages[:] = [each for each in page.messages if "has been blocked" not in each]


def test_thousands_are_usable_at_once(browser: Any, tmp_path: Path, figure: Any) -> None:
    """With 2,000 episodes the page needs less than a second of CPU until it can be used."""
    written = write_page(tmp_path, [_episode(number) for number in range(2000)])
    context = browser.new_context()
    page = OpenPage(context.new_page(), f"file://{written}")
    line = context.new_cdp_session(page.page)
    line.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.go()
    before = _cpu_s(line)
    page.page.fill("#search", "word 1999")
    page.until(f"{FOUND} > 0")
    searched = _cpu_s(line) - before
    figure(f"{before:.2f} s CPU to be ready, {searched:.2f} s to load and search all words")
    assert page.messages == []
    assert before < 1
    assert searched < 1
    context.close()


def _cpu_s(line: Any) -> float:
    """CPU time of the page's main thread, so that a busy machine does not count."""
    metrics = line.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def test_list_works_without_scripts(browser: Any, blog: Daemon) -> None:
    """Without JavaScript the page is a list in which each episode can be heard."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{blog.outbox}/index.html")
    assert page.locator("#episodes audio[controls]").count() == 2
    assert page.locator("#episodes audio").first.is_visible()
    assert not page.locator(".play, .search, #player").first.is_visible()
    context.close()


def test_print_has_the_text_alone(page: OpenPage) -> None:
    """On paper there is the title and the text, and nothing to click on."""
    _read(page)
    page.page.emulate_media(media="print")
    assert page.page.is_visible(".text p")
    assert not page.page.is_visible("#player")
    assert not page.page.is_visible(".return")


def test_pictures_have_a_gallery(browser: Any, tmp_path: Path) -> None:
    """Loose pictures can be looked at by themselves, with their captions; shows as well."""
    episodes = [_episode(1), replace(_episode(2, kind="picture"), folder="other")]
    with opened(browser, f"file://{write_page(tmp_path, episodes, SHOW, SHOW)}") as page:
        page.page.click("#filters >> text=Pictures")
        assert page.get(SHOWN) == ["Post 2"]
        assert page.page.is_visible("#episodes.gallery [data-kind=picture] .description")
        page.page.click("#filters >> text=A blog (/)")
        assert page.get(SHOWN) == ["Post 1"]
        page.page.click("#filters >> text=A blog (other)")
        assert page.get(SHOWN) == ["Post 2"]


def _episode(number: int, *, title: str = "", kind: str = "post") -> PageEpisode:
    """An episode of silence."""
    return PageEpisode(
        key=f"{number:016x}",
        title=title or f"Post {number}",
        dated_s=1_709_942_400.0 - number * 86_400,
        duration_s=60.0,
        sound=LinkedFile("post.mp3", "audio/mpeg"),
        show="A blog",
        author="Ada",
        description=f"All about {number}.",
        kind=kind,
        html=_html(),
        sentences=tuple(
            PageSentence(each, float(each), each + 1.0, f"Sentence {each} has a word {number}.")
            for each in range(40)
        ),
        chapters=(PageChapter(0, "One"), PageChapter(20, "Two")),
        files=(LinkedFile(f"post-{number}.vtt", "text/vtt"),),
    )


def _html() -> str:
    spoken = "".join(
        f'<p><span class="s" data-s="{each}">It says {each}.</span></p>' for each in range(4)
    )
    return (
        f'<div lang="en"><h2>A heading</h2>{spoken}<pre class="announced" data-s="5"><code>a = 1'
        '</code></pre><table class="announced" data-s="6"><tr><th>A</th></tr><tr><td>1</td></tr>'
        "</table><blockquote><p>Said.</p></blockquote><ol><li>One</li></ol></div>"
    )
