"use strict";
// The list: which episodes it shows, what was heard of each, and what is not there yet.

narrated.list = (() => {
  const { one, all, kept, element, clock, reload, entryOf, keyOf, showOf, prefix } = narrated;
  const { player } = narrated;
  const LOOK_EVERY = 30_000; // milliseconds between two looks at what is being read
  const NOTHING = { reading: [], waiting: 0, next: [], stuck: [], failed: [], held: [] };

  const entries = all("#episodes > .entry");
  let chosen = "all";

  /** Show how much of an episode was heard. */
  function progress(entry) {
    const at = Number(kept(`at:${keyOf(entry)}`));
    const heard = kept(`heard:${keyOf(entry)}`);
    const facts = one(".facts", entry);
    const state = one(".state", entry) ?? facts.appendChild(element("span", "state"));
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
    const shows = new Map(entries.map((entry) => [entry.dataset.show, showOf(entry)]));
    const pictures = entries.some((entry) => entry.dataset.kind !== "post");
    const posts = entries.some((entry) => entry.dataset.kind === "post");
    return [
      ["All", "all", () => true],
      ...(shows.size > 1 ? [...shows].map(showFilter) : []),
      ...(pictures && posts ? [["Pictures", "pictures", (of) => of.kind !== "post"]] : []),
    ];
  }

  /** Offer a show, a folder with its title; where several have one title, the folder as well. */
  function showFilter([folder, title], at, shows) {
    const isOne = shows.filter(([, other]) => other === title).length === 1;
    const name = isOne ? title : `${title} (${folder || "/"})`;
    return [name, `show ${folder}`, (of) => of.show === folder];
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
      for (const other of all("#filters button")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
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
      showWork({ ...NOTHING, ...(await reload("now.js")) });
    } catch {
      clearInterval(looking); // sent somewhere without it
    }
  }

  const looking = setInterval(() => document.hidden || look(), LOOK_EVERY);

  function showWork(work) {
    const { reading, waiting, stuck, failed, held, running } = work;
    const files = [...reading, ...stuck, ...failed, ...held];
    one("#now").hidden = !files.length && !waiting;
    const open = one("#now details")?.open ?? false;
    const details = element("details", "", element("summary", "", summary(work)), ...groups(work));
    details.open = open;
    if (work.told_s) details.append(element("p", "small", `As of ${day(work.told_s)}`));
    const heading = element("h2", "unseen", running ? "Being read" : "What was being read");
    heading.id = "now-title";
    one("#now").replaceChildren(heading, details);
  }

  /** Say in one line how many files are where; a daemon that is stopped reads none. */
  function summary(work) {
    const { reading, waiting, stuck, held, held_count, failed, failed_count, paused } = work;
    const counts = [
      [reading.length, "being read"],
      [waiting, "waiting"],
      [work.stuck_count ?? stuck.length, "held up"],
      [held_count ?? held.length, "held back"],
      [failed_count ?? failed.length, "failed"],
    ];
    const parts = counts.filter(([count]) => count).map(([count, state]) => `${count} ${state}`);
    if (paused) parts.push(`paused: ${paused}`);
    if (!work.running) parts.push("narrated is stopped");
    return parts.join(" · ");
  }

  function groups({ reading, next, waiting, stuck, failed, held, ...counts }) {
    const problem = (file) => [file.name, file.problem, file.remedy];
    const reason = (post) => [post.name, post.why];
    return [
      group("Being read", reading.map((file) => [file.name, percent(file.done)])),
      group("Failed", [...failed.map(problem), ...more(counts.failed_count - failed.length)]),
      group("Held up", [...stuck.map(problem), ...more(counts.stuck_count - stuck.length)]),
      group("Waiting", [...next.map((name) => [name]), ...more(waiting - next.length)]),
      group("Held back", [...held.map(reason), ...more(counts.held_count - held.length)]),
    ].filter(Boolean);
  }

  const day = (seconds) => new Date(seconds * 1000).toLocaleString();
  const percent = (done) => (done ? `${Math.round(100 * done)} %` : "");
  const more = (count) => (count > 0 ? [[`and ${count} more`]] : []);

  function group(name, rows) {
    if (!rows.length) return null;
    const items = rows.map(([first, ...rest]) => {
      const told = rest.filter(Boolean).map((words) => element("span", "", words));
      return element("li", "", element("b", "", first), ...told);
    });
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
