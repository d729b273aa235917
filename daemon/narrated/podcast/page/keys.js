"use strict";
// The keys. None is taken from a field, a button, or the browser; one choice turns all off.

narrated.keys = (() => {
  const { one, kept, keep } = narrated;
  const { player, reader, search } = narrated;

  const dialog = one("#keys");
  const on = one("#keys-on");

  const ACTS = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    ArrowLeft: () => player.move(-player.BACK),
    ArrowRight: () => player.move(player.AHEAD),
    "Shift+ArrowLeft": () => besides(-1),
    "Shift+ArrowRight": () => besides(1),
    "<": () => player.stepSpeed(-1),
    ">": () => player.stepSpeed(1),
    n: () => player.next(),
  };
  const ANYWHERE = {
    "?": () => dialog.showModal(),
    "/": () => {
      if (reader.key()) location.hash = "";
      setTimeout(() => one("#search").focus()); // the list comes back first
    },
  };

  /** Play from the sentence before or after the one that is heard. */
  function besides(by) {
    const start = reader.startBeside(player.now(), by);
    if (start !== undefined) player.seek(start);
  }

  /** True if an element needs the key itself. */
  function takes(target, key) {
    if (target.matches("input:not([type=checkbox], [type=range]), select, textarea")) return true;
    return key === " " && target.matches("button, summary, a, input");
  }

  function pressed(event) {
    const { key, target } = event;
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (key === "Escape") return escaped(target);
    if (!on.checked || dialog.open || takes(target, key)) return;
    const named = event.shiftKey && key.startsWith("Arrow") ? `Shift+${key}` : key;
    const act = ANYWHERE[named] ?? ACTS[named.length > 1 ? named : named.toLowerCase()];
    if (!act || (named in ACTS && !player.current())) return; // Space scrolls where nothing plays
    event.preventDefault();
    act();
  }

  function escaped(target) {
    if (dialog.open) return;
    if (search.active() && !reader.key()) search.clear();
    else if (target.matches("#search")) target.blur();
    else if (reader.key()) location.hash = "";
  }

  function begin() {
    on.checked = kept("keys") !== "off";
    on.addEventListener("change", () => keep("keys", on.checked ? null : "off"));
    one("#help").addEventListener("click", () => dialog.showModal());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.addEventListener("keydown", pressed);
  }

  return { begin };
})();
