"use strict";
// Everything that the other scripts share: the page's data, the browser's memory, and elements.
// The scripts are classic ones, since a browser loads no modules from disk.

const narrated = (() => {
  const FOLDER = "index.files/";
  const podcast = document.documentElement.dataset.podcast;
  const loading = new Map();
  const receivers = new WeakMap();

  /** Load a script of data once, and promise its data. */
  function load(name) {
    if (!loading.has(name)) {
      const data = fetched(name);
      data.catch(() => loading.delete(name));
      loading.set(name, data);
    }
    return loading.get(name);
  }

  /** Load a script of data again, and promise what it says now. */
  function reload(name) {
    return fetched(`${name}?${Date.now()}`);
  }

  function fetched(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      receivers.set(script, resolve);
      script.addEventListener("load", () => {
        script.remove();
        reject(new Error(`${name} holds no data`)); // nothing happens if it did
      });
      script.addEventListener("error", () => {
        script.remove();
        reject(new Error(`${name} cannot be loaded`));
      });
      script.src = FOLDER + name;
      document.head.append(script);
    });
  }

  /** Take the data of a script: each script of data calls this, and nothing else. */
  function take(kind, data) {
    receivers.get(document.currentScript)?.(data);
  }

  // A browser has one storage for all pages from disk: the podcast's number keeps ours apart.
  const prefix = `narrated:${podcast}:`;

  function kept(name) {
    try {
      return localStorage.getItem(prefix + name);
    } catch {
      return null; // the reader forbids it
    }
  }

  function keep(name, value) {
    try {
      if (value === null) localStorage.removeItem(prefix + name);
      else localStorage.setItem(prefix + name, value);
    } catch {
      // Forbidden or full: the page works without memory.
    }
  }

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  /** Make an element with a class and children; words are text, never markup. */
  function element(tag, name = "", ...children) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.append(...children);
    return made;
  }

  /** Write seconds as a clock does: 1:02:03. */
  function clock(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const parts = [Math.floor(whole / 60) % 60, whole % 60];
    if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
    return parts.map((part, at) => (at ? String(part).padStart(2, "0") : part)).join(":");
  }

  /** Tell those who cannot see the page what just happened, once. */
  function say(words) {
    one("#said").textContent = words;
  }

  const entryOf = (key) => (/^[0-9a-f]+$/.test(key) ? document.getElementById(`e=${key}`) : null);
  const keyOf = (entry) => entry.id.slice(2);
  const titleOf = (entry) => one("h3", entry).textContent;
  const showOf = (entry) => one(".facts .of", entry)?.textContent ?? "";
  const addressOf = (key, seconds) =>
    `#e=${key}${seconds === undefined ? "" : `&t=${Math.floor(seconds * 10) / 10}`}`;

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const motion = () => (calm.matches ? "auto" : "smooth");

  return {
    load, reload, take, kept, keep, one, all, element, clock, say,
    entryOf, keyOf, titleOf, showOf, addressOf, motion, prefix,
  };
})();
