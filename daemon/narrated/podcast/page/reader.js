"use strict";
// The reader: one episode with its text and chapters. The address says which: #e=<key>&t=<seconds>.

narrated.reader = (() => {
  const { one, all, element, clock, load, entryOf, titleOf, addressOf, motion } = narrated;
  const { player, text } = narrated;

  const reader = one("#reader");
  const pageTitle = document.title;
  let shown = null; // the key of the episode that is shown
  let chapters = [];
  let listAt = 0; // where the reader had scrolled the list to

  const key = () => shown;

  /** Read which episode an address asks for, and from when. */
  function asked(hash) {
    const [, key, seconds] = /^#e=([0-9a-f]+)(?:&t=(\d+(?:\.\d+)?))?$/.exec(hash) ?? [];
    return { key, at: seconds === undefined ? undefined : Number(seconds) };
  }

  /** Show what the address asks for. */
  function follow() {
    const { key, at } = asked(location.hash);
    if (!key || !entryOf(key)) return leave();
    if (!player.playing() || at !== undefined) player.open(key, at);
    if (at !== undefined) history.replaceState(null, "", addressOf(key)); // a reload goes on
    if (key !== shown) enter(key);
    return undefined;
  }

  function enter(key) {
    if (!shown) listAt = scrollY;
    shown = key;
    const entry = entryOf(key);
    document.documentElement.dataset.view = "reader";
    reader.hidden = false;
    document.title = `${titleOf(entry)} · ${pageTitle}`;
    head(entry);
    text.clear();
    showChapters([]);
    one(".files", reader).hidden = true;
    scrollTo(0, 0);
    one("#reader-title").focus({ preventScroll: true });
    load(`${key}.js`).then(fill, (error) => unread(key, error));
  }

  function head(entry) {
    const cover = one("img.cover", entry);
    one("header .cover", reader).hidden = !cover;
    if (cover) one("header .cover", reader).src = cover.src;
    const title = element("h1", "", titleOf(entry));
    title.lang = one("h3", entry).lang;
    title.dir = "auto";
    setTitle(title);
    reader.dataset.kind = entry.dataset.kind;
    one("header .facts", reader).replaceChildren(
      ...all(".facts > *", entry).map((part) => part.cloneNode(true)),
    );
    showState();
  }

  /** Show the text, once it is there, unless the reader went on meanwhile. */
  function fill(data) {
    if (data.key !== shown) return;
    if (data.author) one("header .facts", reader).append(element("span", "author", data.author));
    tellDoubts(Object.keys(data.doubtful ?? {}).length);
    text.show(one(".text", reader), data);
    takeTitle();
    showChapters(data.chapters);
    showFiles(data);
    tick(player.now());
  }

  /** Say how many sentences are marked as doubtful: quietly, for whoever opened the text. */
  function tellDoubts(count) {
    if (!count) return;
    const words = count === 1 ? "1 doubtful sentence" : `${count} doubtful sentences`;
    one("header .facts", reader).append(element("span", "doubts", words));
  }

  function unread(key, error) {
    if (key !== shown) return;
    const words = `The text is not here: ${error.message}. Load the page again.`;
    one(".text", reader).replaceChildren(element("p", "nothing", words));
  }

  /** Let the text's own title, whose sentence can be marked, stand for the page's. */
  function takeTitle() {
    const first = one(".text", reader).firstElementChild;
    if (first?.localName === "h1") setTitle(first);
  }

  function setTitle(title) {
    const before = one("#reader-title");
    const had = document.activeElement === before;
    title.id = "reader-title";
    title.tabIndex = -1;
    before.replaceWith(title);
    if (had) title.focus({ preventScroll: true });
  }

  function showChapters(given) {
    chapters = given.map(([seconds, title]) => [seconds, chapterButton(seconds, title)]);
    one(".chapters ol", reader).replaceChildren(
      ...chapters.map(([, button]) => element("li", "", button)),
    );
    one(".chapters", reader).hidden = chapters.length < 2;
  }

  function chapterButton(seconds, title) {
    const [name, time] = [element("span", "", title), element("time", "", clock(seconds))];
    const button = element("button", "", name, time);
    button.type = "button";
    button.addEventListener("click", () => playFrom(seconds));
    return button;
  }

  function showFiles(data) {
    const files = one(".files", reader);
    const links = [[data.sound, ""], ...data.files].map(([address]) => {
      const link = element("a", "", nameOf(address));
      link.href = address;
      link.download = "";
      return element("li", "", link);
    });
    files.replaceChildren(element("h2", "", "Files"), element("ul", "", ...links));
    files.hidden = false;
  }

  const nameOf = (address) => {
    const last = address.split("/").at(-1);
    try {
      return decodeURIComponent(last);
    } catch {
      return last; // a name of bytes that are no Unicode
    }
  };

  /** Go back to the list, to where the reader was in it. */
  function leave() {
    const { hash } = location;
    if (!shown) return;
    const entry = entryOf(shown);
    shown = null;
    delete document.documentElement.dataset.view;
    reader.hidden = true;
    document.title = pageTitle;
    text.clear();
    one("#follow").hidden = true;
    scrollTo(0, listAt);
    if (!hash || hash === "#") one("h3 a", entry).focus({ preventScroll: true });
  }

  /** Play the shown episode from a time. */
  function playFrom(seconds) {
    player.open(shown, seconds);
    text.follow(true);
    player.play();
  }

  function tick(seconds) {
    if (!shown || shown !== player.current()) return;
    text.mark(seconds);
    markChapter(seconds);
  }

  function markChapter(seconds) {
    const current = chapters.findLast(([start]) => start <= seconds)?.[1];
    for (const [, button] of chapters) {
      if (button === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  function showState() {
    const heard = shown === player.current() && player.playing();
    one(".listen span", reader).textContent = heard ? "Pause" : "Listen";
    one(".listen", reader).classList.toggle("on", heard);
  }

  function listen() {
    if (shown === player.current()) return player.toggle();
    player.open(shown);
    return player.play();
  }

  function clicked(event) {
    const link = event.target.closest("a[href]");
    if (link) return jump(event, link);
    const part = event.target.closest("[data-s]");
    if (!part || !getSelection().isCollapsed) return undefined; // words are being selected
    const start = text.startOf(part);
    return start === undefined ? undefined : playFrom(start);
  }

  /** Go to a footnote, and leave the address alone: it says which episode is read. */
  function jump(event, link) {
    const address = link.getAttribute("href");
    if (!address.startsWith("#")) return;
    event.preventDefault();
    const to = document.getElementById(address.slice(1));
    if (!to) return;
    text.follow(false);
    to.scrollIntoView({ block: "center", behavior: motion() });
    to.tabIndex = -1;
    to.focus({ preventScroll: true });
  }

  function keyed(event) {
    if (!event.target.matches("[data-s]") || event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) text.step(steps[event.key]);
    else if (event.key === "Enter") playFrom(text.startOf(event.target));
    else return;
    event.preventDefault();
  }

  /** Leave the page where the reader scrolls it to, until the next click. */
  function scrolledByHand(event) {
    const keys = ["PageDown", "PageUp", "Home", "End", "ArrowDown", "ArrowUp"];
    if (event.type === "keydown" && !keys.includes(event.key)) return;
    if (shown && shown === player.current() && player.playing()) text.follow(false);
  }

  function begin() {
    addEventListener("hashchange", follow);
    for (const type of ["wheel", "touchmove", "keydown"]) {
      addEventListener(type, scrolledByHand, { passive: true });
    }
    reader.addEventListener("click", clicked);
    reader.addEventListener("keydown", keyed);
    one(".listen", reader).addEventListener("click", listen);
    one("#follow").addEventListener("click", () => text.follow(true));
    player.ways.ticked = tick;
    follow();
  }

  return { begin, key, showState, startBeside: text.startBeside };
})();
