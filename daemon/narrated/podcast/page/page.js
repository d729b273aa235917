"use strict";
// Starts the page, once all its parts are there.

{
  const { player, reader, list, search, keys, kept, entryOf } = narrated;
  document.documentElement.classList.add("with-scripts");
  player.ways.changed = () => {
    list.showState();
    reader.showState();
  };
  player.begin();
  list.begin();
  search.begin();
  keys.begin();
  const last = kept("last");
  if (last && entryOf(last)) player.open(last);
  reader.begin();
  performance.mark("narrated-ready");
}
