// One channel as a card: built once, then only what changed is touched.

import { perform } from "./acts.js";
import { Preview } from "./preview.js";
import { clock, now, span, timecode } from "./time.js";

const FLOOR = -60; // dBFS at the foot of the meter
const NOTE = 9000; // ms that a refusal stays on the card

export class Card {
  constructor(name, afterAct, { frames = false } = {}) {
    this.root = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.root.id = `channel-${name}`;
    this.frames = frames; // count frames too
    this.afterAct = afterAct;
    this.parts = {};
    for (const part of ["lamp", "name", "tech", "cover", "left", "why", "planned", "note", "outputs", "meter",
      "acts", "listen", "progress"]) {
      this.parts[part] = this.root.querySelector(`.${part}`);
    }
    this.parts.event = this.root.querySelector(".now .event");
    this.parts.next = this.root.querySelector(".next");
    this.parts.meters = this.root.querySelectorAll(".meter i");
    const video = this.root.querySelector("video");
    const url = `/previews/${encodeURIComponent(name)}/index.m3u8`;
    this.preview = new Preview(video, this.parts.cover, url);
    this.root.addEventListener("click", (event) => this.clicked(event));
  }

  update(channel) {
    const before = this.channel;
    this.channel = channel;
    const { tally } = channel;
    this.root.dataset.tally = tally.colour;
    text(this.parts.lamp, tally.word);
    text(this.parts.name, channel.title);
    this.parts.name.href = `/channels/${encodeURIComponent(channel.name)}`;
    this.root.setAttribute("aria-label", `${channel.title}: ${tally.word}`);
    text(this.parts.tech, [channel.format, channel.node].filter(Boolean).join(" · "));
    this.preview.set(channel.preview, coverText(channel));
    this.showWhy();
    this.showOutputs();
    this.showLevel();
    this.showActs();
    this.tick();
    if (before && before.tally.word !== tally.word) say(`${channel.title}: ${tally.word}`);
  }

  showWhy() {
    const { tally, faults, alarms, holds, impact } = this.channel;
    const why = this.channel.on_air ? tally.why : ""; // else it stands where the title would
    const wrong = [why, ...faults, ...alarms.map((alarm) => alarm.text)];
    const planned = holds.map((hold) => `Held: ${hold.what}: ${hold.because}`);
    if (impact !== "none") planned.push(`The plan: ${impact}`);
    text(this.parts.why, [...new Set(wrong.filter(Boolean))].join("\n"));
    text(this.parts.planned, planned.join("\n"));
    const isTroubled = faults.length || alarms.length || this.channel.outputs.some(isDown);
    this.root.classList.toggle("troubled", Boolean(isTroubled));
  }

  showOutputs() {
    const { outputs } = this.channel;
    const key = JSON.stringify(outputs);
    if (key === this.outputsShown) return;
    this.outputsShown = key;
    this.parts.outputs.replaceChildren(...outputs.map((output) => {
      const item = document.createElement("li");
      item.dataset.state = output.state;
      item.textContent = `${output.name} ${output.address.includes("://") ? output.address : `${output.type} ${output.address}`}`;
      if (output.state !== "sending") item.append(` ${output.state}`);
      item.title = [output.address, output.error].filter(Boolean).join("\n");
      return item;
    }));
  }

  showLevel() {
    const levels = this.channel.level_db ?? [];
    this.parts.meter.hidden = levels.length === 0;
    this.parts.meters.forEach((bar, side) => {
      const level = Math.max(FLOOR, Math.min(0, levels[side] ?? levels[0] ?? FLOOR));
      bar.style.setProperty("--quiet", (level / FLOOR).toFixed(3));
    });
    const loudest = Math.round(Math.max(FLOOR, ...levels));
    this.parts.meter.setAttribute("aria-valuenow", Math.min(0, loudest));
    this.parts.meter.setAttribute("aria-valuetext", `${loudest} dBFS`);
  }

  showActs() {
    const { acts, can_edit: canEdit, title } = this.channel;
    this.parts.acts.hidden = !canEdit;
    this.parts.acts.setAttribute("aria-label", `Transport of ${title}`);
    for (const button of this.parts.acts.children) {
      button.disabled = this.acting || !acts.includes(button.dataset.act);
      button.setAttribute("aria-label", `${button.textContent.trim()} ${title}`);
    }
  }

  // What moves by itself between two answers of the server.
  tick() {
    const { on_air: onAir, next, rate, timezone, transport } = this.channel;
    const time = now();
    this.root.classList.toggle("empty", !onAir);
    text(this.parts.event, onAir ? onAir.title || onAir.event : this.channel.tally.why);
    this.parts.event.dataset.kind = onAir?.kind ?? "";
    text(this.parts.left, onAir ? this.left(onAir, time, rate, transport) : "");
    const share = onAir?.running ? clamp((time - onAir.start_ms) / (onAir.end_ms - onAir.start_ms)) : 0;
    this.parts.progress.firstElementChild.style.setProperty("--done", share.toFixed(4));
    this.parts.progress.setAttribute("aria-valuenow", Math.round(share * 100));
    const [, title, at, ahead] = this.parts.next.children;
    this.parts.next.hidden = !next;
    if (!next) return;
    text(title, next.title);
    text(at, clock(next.start_ms, timezone));
    text(ahead, `in ${span(Math.ceil((next.start_ms - time) / 1000))}`);
  }

  left(onAir, time, rate, transport) {
    const ms = onAir.end_ms - time;
    if (!onAir.running) return `+${span((time - onAir.start_ms) / 1000)}`; // how long it stands still
    if (transport === "holding" && ms < 0) return `+${span(-ms / 1000)}`;
    if (this.frames) return timecode(Math.max(0, Math.round((ms * rate[0]) / rate[1] / 1000)), rate);
    return span(Math.ceil(ms / 1000));
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (button?.dataset.act) this.act(button.dataset.act);
    if (button === this.parts.listen) {
      const { video } = this.preview;
      video.muted = !video.muted;
      button.setAttribute("aria-pressed", String(!video.muted));
    }
  }

  async act(name) {
    this.acting = true;
    this.showActs();
    try {
      if (await perform(this.channel, name)) this.note("");
    } catch (error) {
      this.note(error.message);
    } finally {
      this.acting = false;
      this.showActs();
      this.afterAct();
    }
  }

  note(message) {
    clearTimeout(this.noted);
    text(this.parts.note, message);
    if (message) this.noted = setTimeout(() => this.note(""), NOTE);
  }

  remove() {
    this.preview.close();
    this.root.remove();
  }
}

export const isDown = (output) => output.state === "down";

function coverText(channel) {
  if (channel.tally.colour === "unread") return "No answer";
  if (!channel.preview) return channel.wanted ? "No preview" : "Off air";
  return "";
}

const clamp = (share) => Math.max(0, Math.min(1, share || 0));

export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function say(words) {
  text(document.getElementById("spoken"), words);
}
