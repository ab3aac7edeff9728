// One channel: its card with frames, its rundown as the sidecar holds it, and what went out.

import { freshness, lineupBanners } from "./banners.js";
import { Card, text } from "./card.js";
import { ask, page, repeat } from "./net.js";
import { titleOf } from "./panels.js";
import { clock, now, setClock, span, timecode } from "./time.js";

const main = document.getElementById("channel");
const { name } = main.dataset;
const path = encodeURIComponent(name);
const FIRST_PAGE = `/playout/channels/${path}/asrun?limit=50`;
const card = new Card(name, () => again(), { frames: true });
const answered = { local: Date.now(), server: 0 };
let zone = "UTC";
let rate = [25, 1];
let asrunPage = FIRST_PAGE;

document.getElementById("card-place").append(card.root);

async function look() {
  const asked = Date.now();
  const overview = await ask(`/api/overview?channel=${path}`).catch(() => null);
  const channel = overview?.channels.find((one) => one.name === name);
  if (!channel) return;
  setClock(overview.now_ms, asked, Date.now());
  Object.assign(answered, { local: Date.now(), server: overview.now_ms });
  ({ timezone: zone, rate } = channel);
  text(document.querySelector(".lineup"), overview.lineup.label);
  lineupBanners(overview.lineup, overview.database);
  main.removeAttribute("aria-busy");
  card.update(channel);
}

async function lookAtRundown() {
  const held = await ask(`/api/channels/${path}/rundown`).catch(() => null);
  if (!held) return;
  const until = held.until_ms ? `until ${clock(held.until_ms, zone)}` : "none is held";
  text(document.querySelector("#rundown small"), until);
  document.querySelector("#rundown tbody").replaceChildren(...held.events.map((event) => {
    const on = event.start_ms <= now() && now() < event.end_ms;
    const cut = event.cut_frames ? `cut by ${span((event.cut_frames * rate[1]) / rate[0])}` : "";
    const start = event.start_type === "follow" ? "" : event.start_type;
    return line([
      clock(event.start_ms, zone), timecode(event.frames, rate), event.title, event.asset,
      [start, cut].filter(Boolean).join(", "), event.playlist,
    ], on ? "current" : event.kind);
  }));
  showRemarks(held.remarks);
}

function showRemarks(remarks) {
  const section = document.getElementById("remarks");
  section.hidden = remarks.length === 0;
  section.querySelector(".rows").replaceChildren(...remarks.map((remark) => {
    const item = document.createElement("li");
    const when = document.createElement("time");
    when.className = "at";
    when.textContent = remark.at_ms ? clock(remark.at_ms, zone) : "";
    item.append(when, ` ${remark.kind ?? ""}: ${remark.text ?? ""}`);
    return item;
  }));
}

async function lookAtAsrun() {
  const got = await page(asrunPage).catch(() => null);
  if (!got) return;
  document.querySelector("#asrun tbody").replaceChildren(...got.rows.map((row) => {
    const bad = row.error || !["end", "skipped", "", null, undefined].includes(row.why);
    return line([
      clock(Date.parse(row.started_at), zone), row.ended_at ? clock(Date.parse(row.ended_at), zone) : "",
      titleOf(row), row.asset, row.evidence, offBy(row.start_error_ms),
      [row.why, row.error].filter(Boolean).join(": "),
    ], bad ? "bad" : "");
  }));
  const older = document.getElementById("older");
  older.disabled = !got.next;
  older.dataset.path = got.next ?? "";
  document.getElementById("newest").disabled = asrunPage === FIRST_PAGE;
}

function offBy(ms) {
  return ms === null || ms === undefined ? "" : `${ms > 0 ? "+" : ""}${ms} ms`;
}

function line(cells, kind) {
  const row = document.createElement("tr");
  row.className = kind;
  for (const words of cells) row.insertCell().textContent = words ?? "";
  return row;
}

function turnTo(wanted) {
  asrunPage = wanted;
  lookAtAsrun();
}

document.getElementById("older").addEventListener("click", (event) => turnTo(event.target.dataset.path));
document.getElementById("newest").addEventListener("click", () => turnTo(FIRST_PAGE));

const again = repeat(look, () => 500);
repeat(lookAtRundown, () => 2000);
repeat(lookAtAsrun, () => 4000);
setInterval(() => {
  text(document.querySelector(".clock time"), clock(now(), zone));
  text(document.querySelector(".clock span"), zone.split("/").pop().replace("_", " "));
  if (card.channel) card.tick();
  freshness(answered, zone);
}, 40);
