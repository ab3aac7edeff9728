// Lines across the page: what an operator must know before trusting what is beneath.

import { text } from "./card.js";
import { clock, span } from "./time.js";

const place = document.getElementById("banners");
const shown = new Map();

export function banner(key, words, { urgent = false } = {}) {
  let line = shown.get(key);
  if (!words) {
    line?.remove();
    shown.delete(key);
    return;
  }
  if (!line) {
    line = document.createElement("p");
    line.className = urgent ? "banner urgent" : "banner";
    line.id = `banner-${key}`;
    line.setAttribute("role", urgent ? "alert" : "status");
    place.append(line);
    shown.set(key, line);
  }
  text(line, words);
}

// Facts older than this are not to be trusted; the page greys them and says how old they are.
const STALE = 3500; // ms

export function freshness(answeredAt, zone) {
  const age = Date.now() - answeredAt.local;
  const stale = age > STALE;
  document.body.classList.toggle("stale", stale);
  const seconds = span(age / 1000);
  const when = answeredAt.server ? `What you see is from ${clock(answeredAt.server, zone)}.` : "";
  banner("stale", stale && `No answer from the server for ${seconds}. ${when}`, { urgent: true });
}

export function lineupBanners(lineup, database) {
  banner("lineup", lineup.error
    && `The newest commit is not in force, because it is wrong. ${lineup.label} stays in force.\n${lineup.error}`);
  banner("database", database.error
    && `The database does not answer; channels go on. Plan, as-run and journal are old. ${database.error}`);
}
