"use strict";
// The search: all words of a question in an episode's text, of any language, with or without
// accents; shown with the sentences that hold them.

narrated.search = (() => {
  const { one, element, clock, load, entryOf, keyOf, titleOf, addressOf, say } = narrated;
  const MOST_EPISODES = 40; // shown at once
  const MOST_SENTENCES = 3; // shown of an episode
  const MOST_LETTERS = 300; // shown of a sentence, or of a line of code
  const SETTLED = 120; // milliseconds after the last key

  // Accents of Latin, Greek, Cyrillic, Hebrew and Arabic; those of other writings are letters.
  const ACCENTS = /[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]/g;
  const LETTERS = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };
  const OTHER_LETTERS = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "g");

  const input = one("#search");
  const texts = new Map(); // key: { folded text, its sentences: [[start, words], …] }
  let reading = null;
  let timer = 0;
  let shownEpisodes = MOST_EPISODES;

  /** Write letters as the search compares them: small, without accents. */
  function fold(words) {
    const plain = words.normalize("NFKD").replace(ACCENTS, "").normalize("NFC").toLowerCase();
    return plain.replace(OTHER_LETTERS, (letter) => LETTERS[letter]);
  }

  /** Load the words of all episodes, at the first key; searches meanwhile find what is there. */
  function read() {
    const numbers = document.documentElement.dataset.searches.split(" ").filter(Boolean);
    reading ??= Promise.all(
      numbers.map((number) => load(`search-${number}.js`).then(take, () => {})),
    );
    return reading;
  }

  function take({ episodes }) {
    for (const [key, sentences] of episodes) {
      const entry = entryOf(key);
      if (!entry) continue;
      texts.set(key, { sentences, folded: fold(sentences.map(([, words]) => words).join("\n")) });
    }
  }

  /** Part a question into words; those in quotation marks stay together. */
  function wordsOf(question) {
    const found = [...fold(question).matchAll(/["“„«]([^"”“»]+)["”“»]?|[^\s"“”„«»]+/g)];
    return found.map((match) => (match[1] ?? match[0]).trim()).filter(Boolean);
  }

  function find(words) {
    const found = [];
    for (const entry of narrated.list.entries) {
      const text = texts.get(keyOf(entry));
      const about = fold(one(".about", entry).textContent);
      if (!words.every((word) => about.includes(word) || text?.folded.includes(word))) continue;
      const title = fold(titleOf(entry));
      const inTitle = words.filter((word) => title.includes(word)).length;
      found.push({ entry, inTitle, sentences: text?.sentences ?? [] });
    }
    return found.sort((one, other) => other.inTitle - one.inTitle); // else as the list has them
  }

  /** Choose the sentences that hold most of the words; of as many, the first. */
  function best(sentences, words) {
    const counted = sentences.map(([start, sentence]) => {
      const folded = fold(sentence);
      return { start, sentence, count: words.filter((word) => folded.includes(word)).length };
    });
    const most = Math.max(0, ...counted.map(({ count }) => count));
    return most ? counted.filter(({ count }) => count === most).slice(0, MOST_SENTENCES) : [];
  }

  function show() {
    const words = wordsOf(input.value);
    one("#found").hidden = !words.length;
    one("#list").hidden = words.length > 0;
    if (!words.length) return;
    const found = find(words);
    const shown = found.slice(0, shownEpisodes);
    one("#found-title").textContent = told(found.length);
    one("#found ol").replaceChildren(...shown.map((each) => item(each, words)));
    if (found.length > shown.length) one("#found ol").append(element("li", "", moreButton()));
  }

  const told = (count) => (count === 1 ? "1 episode" : `${count || "No"} episodes`);

  function moreButton() {
    const button = element("button", "more", "Show more");
    button.type = "button";
    button.addEventListener("click", () => {
      shownEpisodes += MOST_EPISODES;
      show();
    });
    return button;
  }

  function item({ entry, sentences }, words) {
    const title = element("a", "", ...marked(titleOf(entry), words));
    title.href = addressOf(keyOf(entry));
    const facts = one(".facts", entry).cloneNode(true);
    const links = best(sentences, words).map((hit) => sentenceLink(entry, hit, words));
    const hits = links.map((link) => element("li", "", link));
    const heading = element("h3", "", title);
    heading.lang = one("h3", entry).lang;
    const found = element("li", "", heading, facts);
    if (hits.length) found.append(element("ul", "hits", ...hits));
    return found;
  }

  function sentenceLink(entry, { start, sentence }, words) {
    const shown = element("span", "", ...marked(excerpt(sentence, words), words));
    const time = element("time", "", start === null ? "" : clock(start));
    const link = element("a", "hit", time, shown);
    link.href = addressOf(keyOf(entry), start ?? undefined);
    if (start !== null) link.dataset.start = start;
    return link;
  }

  /** Cut a long text to what is around the first of the words in it. */
  function excerpt(text, words) {
    if (text.length <= MOST_LETTERS) return text;
    const folded = fold(text);
    const places = words.map((word) => folded.indexOf(word)).filter((place) => place >= 0);
    const before = Math.max(0, Math.min(...places) - MOST_LETTERS / 3);
    const cut = text.slice(before, before + MOST_LETTERS);
    return `${before ? "…" : ""}${cut}${before + MOST_LETTERS < text.length ? "…" : ""}`;
  }

  /** Return a text's parts, with the words that were looked for as marks. */
  function marked(text, words) {
    const letters = [...text];
    const folded = letters.map(fold);
    const whole = folded.join("");
    const owners = folded.flatMap((part, at) => [...Array(part.length)].map(() => at));
    const found = new Set();
    for (const word of words) {
      for (let at = whole.indexOf(word); at >= 0; at = whole.indexOf(word, at + word.length)) {
        for (let each = at; each < at + word.length; each += 1) found.add(owners[each]);
      }
    }
    return runs(letters, found);
  }

  function runs(letters, found) {
    const parts = [];
    letters.forEach((letter, at) => {
      const inside = found.has(at);
      if (!at || inside !== found.has(at - 1)) parts.push(inside ? element("mark") : element("span"));
      parts.at(-1).append(letter);
    });
    return parts.map((part) => (part.localName === "mark" ? part : part.textContent));
  }

  /** Play from the sentence that was found: the address alone would only show it.
   * Words that have no time are read, not played. */
  function clicked(event) {
    const link = event.target.closest("a.hit");
    if (!link?.dataset.start || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [, key] = /#e=([0-9a-f]+)/.exec(link.hash);
    narrated.player.open(key, Number(link.dataset.start));
    narrated.player.play();
    location.hash = addressOf(key);
  }

  function asked() {
    shownEpisodes = MOST_EPISODES;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!input.value.trim()) return show();
      one("#found-title").textContent = "Searching…";
      await read();
      show();
      say(input.value.trim() ? `${one("#found-title").textContent} found` : "");
    }, SETTLED);
  }

  /** End the search, and show the list again. */
  function clear() {
    input.value = "";
    show();
  }

  function begin() {
    one(".search").hidden = false;
    one(".search").addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", asked);
    one("#found").addEventListener("click", clicked);
    if (input.value) asked(); // the browser kept it through a reload
  }

  return { begin, clear, fold, active: () => Boolean(input.value) };
})();
