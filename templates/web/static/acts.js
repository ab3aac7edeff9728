// Live acts: asked about where they take the programme off, sent, and their answer shown.

import { tell } from "./net.js";

const PATHS = { stop: "stop-playback" };

export async function perform(channel, act) {
  if (act === "stop" && !(await confirmStop(channel))) return false;
  await tell(`/playout/channels/${encodeURIComponent(channel.name)}/${PATHS[act] ?? act}`);
  return true;
}

function confirmStop(channel) {
  const dialog = document.getElementById("question");
  dialog.querySelector("h2").textContent = `Stop ${channel.title}?`;
  dialog.querySelector("p").textContent =
    "The slate goes on air at once and stays until someone resumes. The schedule runs on beneath it.";
  dialog.querySelector("[value=yes]").textContent = `Stop ${channel.title}`;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}
