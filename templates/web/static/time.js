// The server's clock, and how times are written.

let ahead = 0; // ms that the server's clock is ahead of this browser's
let quickest = Infinity; // ms that the quickest answer took: its reading is the best

export function setClock(serverMs, asked, answered) {
  const took = answered - asked;
  quickest = Math.min(quickest * 1.02 + 0.5, Math.max(took, 1)); // forget old luck slowly
  if (took <= quickest * 1.5 + 5) ahead = serverMs - (asked + answered) / 2;
}

export const now = () => Date.now() + ahead;

const formats = new Map();

export function clock(ms, zone) {
  if (ms === null || ms === undefined) return "";
  if (!formats.has(zone)) {
    const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    formats.set(zone, new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone }));
  }
  return formats.get(zone).format(ms);
}

// Whole seconds as 0:07, 12:04 or 1:02:03.
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

// Frames as HH:MM:SS:FF at a rate given as [numerator, denominator].
export function timecode(frames, [up, down]) {
  const base = Math.ceil(up / down);
  const two = (n) => String(n).padStart(2, "0");
  const s = Math.floor(frames / base);
  const parts = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60, frames % base];
  return parts.map(two).join(":");
}

export function ago(ms) {
  const s = Math.max(0, Math.round((now() - ms) / 1000));
  if (s < 90) return `${s} s ago`;
  return s < 5400 ? `${Math.round(s / 60)} min ago` : `${Math.round(s / 3600)} h ago`;
}
