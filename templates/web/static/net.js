// Asking the server: JSON in and out, every call with a deadline.

const DEADLINE = 8000; // ms; past it an operator should see that nobody answers

export async function ask(path) {
  const answer = await fetch(path, {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(DEADLINE),
  });
  return read(answer);
}

export async function tell(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
    signal: AbortSignal.timeout(DEADLINE),
  });
  return read(answer);
}

// One page of rows, and the address of the next (older) page, if there is one.
export async function page(path) {
  const answer = await fetch(path, {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(DEADLINE),
  });
  const next = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("Link") ?? "");
  return { rows: await read(answer), next: next && next[1] };
}

async function read(answer) {
  if (answer.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `the server answered ${answer.status}`);
  return said;
}

// Call `work` now and again `pause()` ms after each end; never twice at once.
export function repeat(work, pause) {
  let timer = 0;
  let busy = false;
  const run = async () => {
    if (busy) return;
    clearTimeout(timer);
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
      timer = setTimeout(run, pause());
    }
  };
  document.addEventListener("visibilitychange", () => document.hidden || run());
  run();
  return run;
}
