"use strict";
// The text of an episode: shown as it is written, with the sentence marked that is heard.

narrated.text = (() => {
  const { one, all, element, motion } = narrated;
  const ELEMENTS = new Set(
    ("h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd table caption thead tbody tfoot tr th td blockquote " +
      "pre code figure img figcaption section div hr br a em strong del ins s sub sup span mark " +
      "abbr cite small").split(" "),
  );
  const ATTRIBUTES = new Set(
    ["class", "lang", "dir", "start", "colspan", "rowspan", "scope", "alt", "title", "data-s"],
  );
  const WHOLE = new Set("pre table ul ol dl hr".split(" ")); // a sign stands after them
  const IDS = "text-"; // so that no heading of a post takes the name of a part of the page

  let holder = null;
  let sentences = []; // [number, start, end], by their starts
  let parts = new Map(); // the elements of each sentence's number
  let heard = -1;
  let following = true;
  let reachable = null;

  /** Show the text of an episode in an element. */
  function show(within, data) {
    holder = within;
    holder.replaceChildren(copied(data.html));
    holder.lang = data.language || one("#show").lang;
    tellSaid(data.said);
    sentences = [...data.sentences].sort((one, other) => one[1] - other[1]);
    parts = new Map();
    for (const part of all("[data-s]", holder)) {
      for (const number of part.dataset.s.split(" ")) {
        if (!parts.has(+number)) parts.set(+number, []);
        parts.get(+number).push(part);
      }
    }
    sentences = sentences.filter(([number]) => parts.has(number));
    tellDoubts(data.doubtful ?? {});
    heard = -1;
    following = true;
    reach(sentences.length ? parts.get(sentences[0][0])[0] : null);
  }

  /** Put what the voice says of things under the first of each: code and tables are not read out. */
  function tellSaid(said) {
    const told = new Set();
    for (const thing of all(".announced:not(h1)", holder)) {
      const number = thing.dataset.s?.split(" ")[0];
      if (said[number] && !told.has(number)) tellOf(thing, said[number]);
      told.add(number);
    }
  }

  function tellOf(thing, words) {
    if (letters(thing.textContent) === letters(words)) return;
    const line = element("p", "said", words);
    line.dataset.s = thing.dataset.s;
    if (thing.localName === "figure") thing.append(line);
    else thing.after(line);
  }

  /** Mark the sentences whose sound is doubtful: by a line and a sign, and with words for both. */
  function tellDoubts(doubtful) {
    for (const [number, words] of Object.entries(doubtful)) {
      const own = parts.get(+number) ?? [];
      for (const part of own) {
        part.classList.add("doubtful");
        if (!part.title) part.title = words;
      }
      if (own.length) putSign(own.at(-1), words);
    }
  }

  function putSign(part, words) {
    const sign = element("span", "doubt");
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", words);
    sign.title = words;
    if (part.localName === "tr") part.lastElementChild?.append(sign);
    else if (WHOLE.has(part.localName)) part.after(sign);
    else part.append(sign);
  }

  /** The letters and digits of words alone: "An image, a cat." is "An image: a cat." for the eye. */
  function letters(words) {
    return words.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
  }

  function clear() {
    holder?.replaceChildren();
    [sentences, parts, heard, holder] = [[], new Map(), -1, null];
  }

  /** Copy our own elements out of a text. The daemon writes no others: this is the second lock. */
  function copied(html) {
    const parsed = new DOMParser().parseFromString(html, "text/html"); // it runs and loads nothing
    const copy = document.createDocumentFragment();
    copyInto(copy, parsed.body);
    return copy;
  }

  function copyInto(parent, source) {
    for (const child of source.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) parent.append(child.data);
      if (child.nodeType !== Node.ELEMENT_NODE || !ELEMENTS.has(child.localName)) continue;
      const copy = document.createElement(child.localName);
      for (const { name, value } of child.attributes) copyAttribute(copy, name, value);
      copyInto(copy, child);
      parent.append(copy);
    }
  }

  function copyAttribute(copy, name, value) {
    if (ATTRIBUTES.has(name)) copy.setAttribute(name, value);
    if ((name === "width" || name === "height") && /^\d{1,5}$/.test(value)) {
      copy.setAttribute(name, value); // so that nothing moves while pictures load
    }
    if (name === "id") copy.id = IDS + value;
    if (name === "src" && copy.localName === "img" && /^index\.files\/[\w-]+\.\w+$/.test(value)) {
      copy.loading = "lazy";
      copy.src = value;
    }
    if (name === "href" && copy.localName === "a") {
      if (/^https?:\/\/|^mailto:/i.test(value)) {
        copy.rel = "noopener noreferrer";
        copy.target = "_blank"; // the voice goes on
        copy.href = value;
      }
      if (value.startsWith("#")) copy.href = `#${IDS}${value.slice(1)}`;
    }
  }

  /** Find the last sentence that has begun; -1 before the first. */
  function at(seconds) {
    let [low, high] = [0, sentences.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sentences[middle][1] <= seconds) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Mark the sentence that is heard at a time. */
  function mark(seconds) {
    const now = at(seconds);
    if (now === heard) return;
    for (const part of partsOf(heard)) {
      part.classList.remove("heard");
      part.removeAttribute("aria-current");
    }
    heard = now;
    for (const part of partsOf(heard)) {
      part.classList.add("heard");
      part.setAttribute("aria-current", "true");
    }
    if (heard < 0) return;
    if (!holder.contains(document.activeElement)) reach(partsOf(heard)[0]);
    if (following) bringIntoView();
  }

  const partsOf = (index) => (index < 0 ? [] : parts.get(sentences[index][0]));

  /** Scroll so that the heard sentence stands in the upper half, if it left the middle. */
  function bringIntoView() {
    const part = partsOf(heard)[0];
    if (!part || !part.getClientRects().length) return;
    const { top, bottom } = part.getBoundingClientRect();
    if (top > innerHeight * 0.12 && bottom < innerHeight * 0.7) return;
    scrollTo({ top: scrollY + top - innerHeight * 0.3, behavior: motion() });
  }

  function follow(on) {
    if (following && !on) scrollTo({ top: scrollY, behavior: "instant" }); // ends one that is on
    following = on;
    one("#follow").hidden = on || heard < 0;
    if (on) bringIntoView();
  }

  /** Return the start of the sentence that an element is of; undefined if it is of none. */
  function startOf(part) {
    const number = +part.dataset.s.split(" ")[0];
    return sentences.find(([each]) => each === number)?.[1];
  }

  /** Return the start of the sentence so many before or after a time. */
  function startBeside(seconds, step) {
    const index = Math.min(sentences.length - 1, Math.max(0, at(seconds) + step));
    return sentences[index]?.[1];
  }

  // One sentence can be reached by Tab, and the others from it by arrows: a thousand stops would
  // be a trap.
  function reach(part) {
    reachable?.removeAttribute("tabindex");
    reachable = part;
    if (part) part.tabIndex = 0;
  }

  /** Move the focus to the sentence so many before or after the one that has it. */
  function step(by) {
    const order = sentences.map(([number]) => parts.get(number)[0]);
    const next = order[order.indexOf(reachable) + by];
    if (!next) return;
    reach(next);
    next.focus();
  }

  return { show, clear, mark, follow, startOf, startBeside, step };
})();
