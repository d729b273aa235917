"use strict";
// The player: what is heard, how fast, from where, until when, and what comes next.

narrated.player = (() => {
  const { one, kept, keep, clock, say, entryOf, keyOf, titleOf, showOf, addressOf } = narrated;
  const BACK = 15;
  const AHEAD = 30;
  const KEEP_EVERY = 5; // seconds of sound between two notes of the place
  const PAINT_EVERY = 0.2; // seconds of sound between two paintings of the place

  const sound = one("#sound");
  const place = one("#place");
  let entry = null;
  let wanted = null; // where to begin, once the sound's length is known
  let noted = 0;
  let sleepAt = null;
  let frame = 0;
  let dragged = false;
  const painted = { at: NaN, whole: NaN };

  const ways = { ticked: () => {}, changed: () => {} };

  /** Put an episode into the player; begin at a time, or where the reader stopped. */
  function open(key, at) {
    const chosen = entryOf(key);
    if (!chosen) return false;
    if (chosen !== entry) {
      note();
      entry = chosen;
      const stopped = Number(kept(`at:${key}`));
      wanted = at ?? stopped;
      if (at === undefined && stopped) say(`Goes on at ${clock(stopped)}`);
      sound.src = entry.dataset.sound;
      sound.defaultPlaybackRate = sound.playbackRate = Number(one("#speed").value);
      sound.preload = "metadata";
      noted = wanted;
      keep("last", key);
      describe();
    } else if (at !== undefined) {
      seek(at);
    }
    show();
    ways.changed();
    return true;
  }

  function play() {
    sound.play().catch((error) => {
      // The browser waits for the reader's own click, or another episode came between.
      if (error.name !== "NotAllowedError" && error.name !== "AbortError") refused();
    });
  }

  const playing = () => !sound.paused && !sound.ended;
  const toggle = () => (sound.paused ? play() : sound.pause());
  const current = () => (entry ? keyOf(entry) : null);
  const now = () => wanted ?? sound.currentTime;
  const told = () => Number(entry?.dataset.seconds ?? 0);
  const length = () => (Number.isFinite(sound.duration) ? sound.duration : told());

  function seek(seconds) {
    const within = Math.min(Math.max(0, seconds), length());
    if (wanted === null) sound.currentTime = within;
    else wanted = within; // its length is not known yet
    show();
  }

  const move = (by) => entry && seek(now() + by);

  /** Return the entry after the one that is heard, as the list shows them. */
  function following() {
    let next = entry?.nextElementSibling;
    while (next?.hidden) next = next.nextElementSibling;
    return next ?? null;
  }

  function preceding() {
    let before = entry?.previousElementSibling;
    while (before?.hidden) before = before.previousElementSibling;
    return before ?? null;
  }

  function change(to) {
    if (!to) return;
    const reading = narrated.reader.key() === current();
    open(keyOf(to));
    play();
    if (reading) location.hash = addressOf(keyOf(to));
  }

  /** Keep where the reader stopped, so that a reload goes on there. */
  function note() {
    if (!entry) return;
    const at = now();
    const ended = wanted === null && (sound.ended || at > length() - 2);
    keep(`at:${keyOf(entry)}`, ended || at < 2 ? null : at.toFixed(1));
    if (ended) keep(`heard:${keyOf(entry)}`, "1");
    noted = at;
    narrated.list.progress(entry);
  }

  // While it plays each picture of the screen asks where it is: timeupdate comes four times a
  // second, too late for a sentence.
  function tick() {
    show();
    frame = playing() ? requestAnimationFrame(tick) : 0;
  }

  /** Do what a hidden page does as well: it has timeupdate, and no pictures. */
  function went() {
    show();
    if (Math.abs(now() - noted) > KEEP_EVERY) note();
    if (isSleepOver()) fallAsleep();
  }

  function show() {
    const [at, whole] = [now(), length()];
    ways.ticked(at);
    if (dragged) return;
    showPlace(at, whole);
  }

  function showPlace(at, whole) {
    if (Math.abs(at - painted.at) < PAINT_EVERY && whole === painted.whole) return;
    Object.assign(painted, { at, whole });
    const [shown, words] = [clock(at), `${clock(at)} of ${clock(whole)}`];
    place.max = Math.max(1, whole);
    place.value = at;
    place.style.setProperty("--done", `${(100 * at) / Math.max(1, whole)}%`);
    if (place.getAttribute("aria-valuetext") === words) return;
    one("#player .at").textContent = shown;
    one("#player .whole").textContent = clock(whole);
    place.setAttribute("aria-valuetext", words);
  }

  /** Show what is in the player, here and on the system's own controls. */
  function describe() {
    const title = titleOf(entry);
    const cover = one("img.cover", entry);
    one("#player").hidden = false;
    document.documentElement.classList.add("with-player");
    one("#player .name").textContent = title;
    one("#player .name").lang = one("h3", entry).lang;
    tellBelow(showOf(entry), false);
    one("#player .playing").href = addressOf(keyOf(entry));
    one("#player .cover").hidden = !cover;
    if (cover) one("#player .cover").src = cover.src;
    one("#next").disabled = !following();
    tellSystem(title, cover);
  }

  function tellSystem(title, cover) {
    if (!("mediaSession" in navigator)) return;
    const album = showOf(entry) || document.title;
    // A browser fetches no picture for it from disk, and complains.
    const shown = cover && location.protocol !== "file:";
    const artwork = shown ? [{ src: cover.src, sizes: "320x320" }] : [];
    navigator.mediaSession.metadata = new MediaMetadata({ title, artist: album, album, artwork });
  }

  function tellSystemPlace() {
    if (!("mediaSession" in navigator) || !Number.isFinite(sound.duration)) return;
    navigator.mediaSession.setPositionState({
      duration: sound.duration,
      playbackRate: sound.playbackRate,
      position: Math.min(sound.currentTime, sound.duration),
    });
  }

  function setSpeed(speed) {
    one("#speed").value = speed;
    sound.defaultPlaybackRate = sound.playbackRate = Number(speed);
    keep("speed", speed);
  }

  /** Choose the next faster (1) or slower (-1) speed. */
  function stepSpeed(by) {
    const speeds = [...one("#speed").options].map((option) => option.value);
    const next = speeds[speeds.indexOf(one("#speed").value) + by];
    if (!next) return;
    setSpeed(next);
    say(`Speed ${next}`);
  }

  function setSleep(after) {
    sleepAt = after && after !== "end" ? Date.now() + Number(after) * 60_000 : null;
    if (!after) say("Sleep timer off");
    else say(after === "end" ? "Stops at the end of the episode" : `Stops in ${after} minutes`);
  }

  const isSleepOver = () => sleepAt !== null && Date.now() >= sleepAt;

  function endSleep(words) {
    sleepAt = null;
    one("#sleep").value = "";
    say(words);
  }

  function fallAsleep() {
    sound.pause();
    endSleep("Stopped by the sleep timer");
  }

  function ended() {
    note();
    if (one("#sleep").value === "end") return fallAsleep();
    change(following());
  }

  function refused() {
    const words = "The sound is gone, or the network is. Load the page again.";
    say(words);
    tellBelow(words, true);
  }

  /** Show the name of the show, or a problem, below the title. */
  function tellBelow(words, isProblem) {
    one("#player .of").textContent = words;
    one("#player .names").classList.toggle("problem", isProblem);
  }

  function began() {
    document.documentElement.classList.add("playing");
    tellBelow(showOf(entry), false);
    if (isSleepOver()) endSleep("The sleep timer is over"); // it ran out in a pause
    one("#toggle").setAttribute("aria-label", "Pause");
    if (!frame) frame = requestAnimationFrame(tick);
    ways.changed();
  }

  function stopped() {
    document.documentElement.classList.remove("playing");
    one("#toggle").setAttribute("aria-label", "Play");
    note();
    ways.changed();
  }

  function known() {
    if (wanted !== null) sound.currentTime = wanted < sound.duration - 1 ? wanted : 0;
    wanted = null;
    show();
    tellSystemPlace();
  }

  function listen() {
    sound.addEventListener("loadedmetadata", known);
    sound.addEventListener("play", began);
    sound.addEventListener("pause", stopped);
    sound.addEventListener("ended", ended);
    sound.addEventListener("error", () => entry && refused());
    sound.addEventListener("seeked", () => (show(), note(), tellSystemPlace()));
    sound.addEventListener("timeupdate", went);
    sound.addEventListener("ratechange", tellSystemPlace);
    addEventListener("pagehide", note);
    place.addEventListener("input", () => {
      dragged = true;
      showPlace(Number(place.value), length());
    });
    place.addEventListener("change", () => {
      dragged = false;
      seek(Number(place.value));
    });
    one("#toggle").addEventListener("click", toggle);
    one("#back").addEventListener("click", () => move(-BACK));
    one("#ahead").addEventListener("click", () => move(AHEAD));
    one("#next").addEventListener("click", () => change(following()));
    one("#speed").addEventListener("change", (event) => setSpeed(event.target.value));
    one("#sleep").addEventListener("change", (event) => setSleep(event.target.value));
  }

  function obeySystem() {
    if (!("mediaSession" in navigator)) return;
    const acts = {
      play, pause: () => sound.pause(), stop: () => sound.pause(),
      seekbackward: () => move(-BACK), seekforward: () => move(AHEAD),
      seekto: ({ seekTime }) => seek(seekTime),
      nexttrack: () => change(following()), previoustrack: () => change(preceding()),
    };
    for (const [act, handler] of Object.entries(acts)) {
      try {
        navigator.mediaSession.setActionHandler(act, handler);
      } catch {
        // This browser has no such button.
      }
    }
  }

  /** Begin: with the speed and the episode of the last time. */
  function begin() {
    listen();
    obeySystem();
    const speed = kept("speed");
    if ([...one("#speed").options].some((option) => option.value === speed)) setSpeed(speed);
  }

  return {
    begin, open, play, toggle, playing, current, now, seek, move, stepSpeed, ways,
    next: () => change(following()), BACK, AHEAD,
  };
})();
