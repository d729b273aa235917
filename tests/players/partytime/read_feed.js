// Prints, as JSON, what podcast-partytime reads in the feed on its stdin.
const { readFileSync } = require("node:fs");
const { parseFeed } = require("podcast-partytime");

console.log(JSON.stringify(parseFeed(readFileSync(0, "utf8"))));
