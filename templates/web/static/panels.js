// Lists beneath the wall: as-run, plan and holds, journal.

import { ago, clock, now, span } from "./time.js";

export function showActivity(activity, zone, titles) {
  fill("asrun", activity.asrun.map((row) => asrunRow(row, zone, titles)), "Nothing went out yet.");
  fill("journal", activity.journal.map((row) => journalRow(row, zone, titles)), "Nobody did anything yet.");
  showPlan(activity.last_pass, zone, titles);
  showMedia(activity.media, zone);
}

// Copies that are under way or in trouble; nothing to see while all are simply there.
function showMedia(copies, zone) {
  const panel = document.getElementById("media");
  panel.hidden = !copies.length;
  const bad = copies.filter((one) => one.error).length;
  panel.querySelector("h2 small").textContent = bad ? `${bad} in trouble` : "";
  fill("media", copies.map((one) => mediaRow(one, zone)), "");
}

function mediaRow(one, zone) {
  const moves = one.media_status === "staging" || one.eta_at;
  const share = one.size ? Math.min(one.done / one.size, 1) : 0;
  const left = one.eta_at ? `${span((Date.parse(one.eta_at) - now()) / 1000)} left` : "";
  const said = one.asked_by ? `new copy asked for by ${one.asked_by}` : "";
  const item = row([
    ["who", one.asset || one.media_path], ["by", one.node],
    ["what", moves ? `${one.media_status} ${Math.floor(share * 100)} %` : one.media_status],
    ["by", [left, said, one.due_at && `due ${clock(Date.parse(one.due_at), zone)}`].filter(Boolean).join(", ")],
    ["how", one.error],
  ], one.error ? "bad" : "");
  if (moves) {
    const bar = document.createElement("i");
    bar.style.setProperty("--done", share.toFixed(4));
    item.append(bar);
  }
  return item;
}

function fill(id, rows, nothing) {
  const list = document.querySelector(`#${id} .rows`);
  list.replaceChildren(...(rows.length ? rows : [row([["none", nothing]])]));
}

function row(cells, kind = "") {
  const item = document.createElement("li");
  item.className = kind;
  for (const [name, words] of cells) {
    if (!words) continue;
    const cell = document.createElement(name === "at" ? "time" : "span");
    cell.className = name;
    cell.textContent = words;
    item.append(cell, " ");
  }
  return item;
}

const at = (value, zone) => (value ? clock(Date.parse(value), zone) : "");

// What an as-run row is called; of the slate its event is but a time.
export function titleOf(one) {
  return one.title || one.item || (one.kind === "slate" ? "slate" : one.event);
}

function asrunRow(one, zone, titles) {
  const bad = one.error || (one.why && !["end", "skipped"].includes(one.why));
  const how = one.error || (one.why === "end" ? "" : one.why);
  return row([
    ["at", at(one.started_at, zone)], ["who", titles.get(one.channel) ?? one.channel],
    ["what", titleOf(one)], ["how", how],
  ], bad ? "bad" : "");
}

function journalRow(one, zone, titles) {
  const bad = one.outcome && !/^(done|ok)/.test(one.outcome);
  return row([
    ["at", at(one.at, zone)], ["who", titles.get(one.channel) ?? one.channel ?? ""],
    ["what", one.what], ["by", one.who], ["how", bad ? one.outcome : ""],
  ], bad ? "bad" : "");
}

function showPlan(last, zone, titles) {
  document.querySelector("#plan h2 small").textContent = last
    ? `${last.label || last.commit}, ${ago(last.at_ms)}` : "";
  if (!last) {
    fill("plan", [], "No pass yet.");
    return;
  }
  const name = (one) => titles.get(one.channel) ?? one.channel;
  const rows = last.holds.map((hold) => row([
    ["mark", "·"], ["who", name(hold)], ["what", `held: ${hold.what}`], ["by", hold.because],
    ["how", hold.until ? `until ${at(hold.until, zone)}` : hold.allow],
  ], "hold"));
  rows.push(...last.actions.map((one) => row([
    ["mark", one.symbol], ["who", name(one)], ["what", [one.text, one.detail].filter(Boolean).join(": ")],
    ["by", one.node], ["how", one.cause],
  ])));
  for (const [channel, impact] of Object.entries(last.impacts)) {
    if (impact !== "none") rows.push(row([["mark", "!"], ["who", name({ channel })], ["what", `the audience: ${impact}`]]));
  }
  const refused = last.refused || (/^(done|ok)?$/.test(last.outcome) ? "" : last.outcome);
  if (refused) rows.unshift(row([["mark", "!"], ["how", refused]], "bad"));
  fill("plan", rows, "Nothing to do, nothing held.");
}
