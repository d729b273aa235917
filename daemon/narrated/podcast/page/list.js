"use strict";
// The list: which episodes it shows, what was heard of each, and what is not there yet.

narrated.list = (() => {
  const { one, all, kept, element, clock, reload, entryOf, keyOf, prefix } = narrated;
  const { player } = narrated;
  const LOOK_EVERY = 30_000; // milliseconds between two looks at what is being read

  const entries = all("#episodes > .entry");
  let chosen = "all";

  /** Show how much of an episode was heard. */
  function progress(entry) {
    const at = Number(kept(`at:${keyOf(entry)}`));
    const heard = kept(`heard:${keyOf(entry)}`);
    const state = one(".state", entry) ?? one(".facts", entry).appendChild(element("span", "state"));
    const left = Number(entry.dataset.seconds) - at;
    if (at) state.textContent = `${clock(left)} left`;
    else if (heard) state.textContent = "heard";
    else state.remove();
  }

  /** Show it for all that this browser knows, without asking for each of thousands. */
  function progressOfAll() {
    try {
      for (const name of Object.keys(localStorage)) {
        if (!name.startsWith(prefix)) continue;
        const entry = entryOf(name.slice(name.lastIndexOf(":") + 1));
        if (entry) progress(entry);
      }
    } catch {
      // The reader forbids storage.
    }
  }

  /** Mark the episode that is in the player. */
  function showState() {
    for (const entry of all("#episodes > [aria-current]")) {
      entry.removeAttribute("aria-current");
      label(entry, "Play");
    }
    const entry = player.current() && entryOf(player.current());
    if (!entry) return;
    entry.setAttribute("aria-current", "true");
    label(entry, player.playing() ? "Pause" : "Play");
  }

  function label(entry, act) {
    one(".play", entry).setAttribute("aria-label", `${act}: ${narrated.titleOf(entry)}`);
  }

  // Filters: all, each show where there are several, and pictures where there are some.

  function filters() {
    const shows = [...new Set(entries.map((entry) => entry.dataset.show))].filter(Boolean);
    const pictures = entries.some((entry) => entry.dataset.kind === "picture");
    const posts = entries.some((entry) => entry.dataset.kind !== "picture");
    return [
      ["All", "all", () => true],
      ...(shows.length > 1 ? shows.map((show) => [show, `show ${show}`, (of) => of.show === show]) : []),
      ...(pictures && posts ? [["Pictures", "pictures", (of) => of.kind === "picture"]] : []),
    ];
  }

  function offerFilters() {
    const offered = filters();
    one("#filters").hidden = offered.length < 2;
    one("#filters").append(...offered.map(filterButton));
  }

  function filterButton([name, value, fits]) {
    const button = element("button", "", name);
    button.type = "button";
    button.setAttribute("aria-pressed", String(value === chosen));
    button.addEventListener("click", () => {
      for (const other of all("#filters button")) other.setAttribute("aria-pressed", String(other === button));
      choose(value, fits);
    });
    return button;
  }

  function choose(value, fits) {
    chosen = value;
    for (const entry of entries) entry.hidden = !fits(entry.dataset);
    one("#episodes").classList.toggle("gallery", value === "pictures");
  }

  function clicked(event) {
    const button = event.target.closest(".play");
    if (!button) return;
    const key = keyOf(button.closest(".entry"));
    if (key === player.current()) return player.toggle();
    player.open(key);
    player.play();
  }

  // What is being read, what waits, and what failed. A reader who has no daemon behind the page
  // still sees what stood when it was sent.

  async function look() {
    try {
      showWork(await reload("now.js"));
    } catch {
      clearInterval(looking); // sent somewhere without it
    }
  }

  const looking = setInterval(() => document.hidden || look(), LOOK_EVERY);

  function showWork(work) {
    const [reading, failed, held] = [work.reading ?? [], work.failed ?? [], work.held ?? []];
    const waiting = work.waiting ?? 0;
    one("#now").hidden = !(reading.length || waiting || failed.length || held.length);
    const open = one("#now details")?.open ?? false;
    const details = element("details", "", element("summary", "", summary(work)), ...tables(work));
    details.open = open;
    one("#now").replaceChildren(heading(), details);
  }

  function heading() {
    const made = element("h2", "unseen", "What is being read");
    made.id = "now-title";
    return made;
  }

  function summary({ reading = [], waiting = 0, failed = [], held = [], paused = "" }) {
    const counts = [[reading.length, "being read"], [waiting, "waiting"], [held.length, "held back"], [failed.length, "failed"]];
    const parts = counts.filter(([count]) => count).map(([count, what]) => `${count} ${what}`);
    const words = element("span", failed.length ? "with-failures" : "", parts.join(" · "));
    return paused ? element("span", "", words, ` · paused: ${paused}`) : words;
  }

  function tables({ reading = [], next = [], waiting = 0, failed = [], held = [] }) {
    return [
      group("Being read", reading.map((file) => [file.title || file.name, `${Math.round(100 * (file.done ?? 0))} %`])),
      group("Failed", failed.map((file) => [file.name, file.problem, file.remedy])),
      group("Waiting", [...next.map((name) => [name]), ...more(waiting - next.length)]),
      group("Held back", held.map((file) => [file.name, file.why])),
    ].filter(Boolean);
  }

  const more = (count) => (count > 0 ? [[`and ${count} more`]] : []);

  function group(name, rows) {
    if (!rows.length) return null;
    const items = rows.map(([first, ...rest]) =>
      element("li", "", element("b", "", first), ...rest.filter(Boolean).map((words) => element("span", "", words))),
    );
    return element("section", "", element("h3", "", name), element("ul", "", ...items));
  }

  function begin() {
    offerFilters();
    progressOfAll();
    one("#episodes").addEventListener("click", clicked);
    one("#list .nothing").hidden = entries.length > 0;
    look();
    document.addEventListener("visibilitychange", () => document.hidden || look());
  }

  return { begin, entries, progress, showState };
})();
