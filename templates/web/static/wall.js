// The wall: every channel on one page, kept true to the server's last answer.

import { freshness, lineupBanners } from "./banners.js";
import { Card, isDown, text } from "./card.js";
import { ask, repeat } from "./net.js";
import { showActivity } from "./panels.js";
import { clock, now, setClock } from "./time.js";

const LARGE = 4; // up to so many channels get a full card each
const MEDIUM = 12;
const SLOW = 3000; // ms between readings of what changes slowly

const wall = document.getElementById("wall");
const cards = new Map();
const answered = { local: Date.now(), server: 0 };
let poll = 500;
let zone = "UTC";

async function look() {
  const asked = Date.now();
  const overview = await ask("/api/overview").catch(() => null);
  if (!overview) return;
  setClock(overview.now_ms, asked, Date.now());
  Object.assign(answered, { local: Date.now(), server: overview.now_ms });
  poll = overview.poll_ms;
  show(overview);
}

function show({ channels, lineup, database }) {
  const zones = new Set(channels.map((channel) => channel.timezone));
  zone = zones.size === 1 ? [...zones][0] : "UTC";
  wall.dataset.density = channels.length <= LARGE ? "large" : channels.length <= MEDIUM ? "medium" : "small";
  wall.dataset.count = channels.length;
  wall.removeAttribute("aria-busy");
  text(document.querySelector(".lineup"), lineup.label);
  lineupBanners(lineup, database);
  matchCards(channels);
  showCounts(channels);
  freshness(answered, zone);
}

function matchCards(channels) {
  const names = new Set(channels.map((channel) => channel.name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.remove();
    cards.delete(name);
  }
  channels.forEach((channel, place) => {
    if (!cards.has(channel.name)) {
      const card = new Card(channel.name, again);
      cards.set(channel.name, card);
      wall.insertBefore(card.root, wall.children[place] ?? null);
    }
    cards.get(channel.name).update(channel);
  });
}

function showCounts(channels) {
  const of = (colour) => channels.filter((channel) => channel.tally.colour === colour).length;
  const waiting = of("amber") + of("unread");
  const counts = [["red", of("red"), "on air"], ["amber", waiting, "not on air"], ["grey", of("grey"), "off"]];
  document.querySelector(".counts").replaceChildren(...counts.filter(([, n]) => n).map(([colour, n, words]) => {
    const item = document.createElement("li");
    item.dataset.tally = colour;
    item.innerHTML = "<b></b> ";
    item.firstChild.textContent = n;
    item.append(words);
    return item;
  }));
  const troubled = channels.filter((channel) => ["amber", "unread"].includes(channel.tally.colour)
    || channel.outputs.some(isDown));
  const links = troubled.map((channel) => {
    const link = document.createElement("a");
    link.href = `#channel-${channel.name}`;
    link.dataset.tally = channel.tally.colour;
    const down = channel.outputs.filter(isDown).map((output) => output.name).join(", ");
    link.textContent = `${channel.title} ${channel.tally.colour === "red" ? `${down} down` : channel.tally.word}`;
    return link;
  });
  const place = document.querySelector(".attention");
  if (place.textContent !== links.map((link) => link.textContent).join("")) place.replaceChildren(...links);
}

async function lookSlowly() {
  const activity = await ask("/api/activity").catch(() => null);
  if (!activity) return;
  showActivity(activity, zone, new Map([...cards].map(([name, card]) => [name, card.channel.title])));
}

function tick() {
  text(document.querySelector(".clock time"), clock(now(), zone));
  text(document.querySelector(".clock span"), zone.split("/").pop().replace("_", " "));
  for (const card of cards.values()) card.tick();
  freshness(answered, zone);
}

const again = repeat(look, () => poll);
repeat(lookSlowly, () => (cards.size ? SLOW : 500));
setInterval(tick, 100);
