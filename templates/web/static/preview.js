// A channel's preview: plays while it can be seen, and comes back by itself when it breaks.

const TYPE = "application/vnd.apple.mpegurl";
const STUCK = 7000; // ms without a new picture before it is opened again
const LONGEST = 30000; // ms between attempts
const BEHIND = 2.6; // seconds that may lie ready before the picture skips forward …
const CLOSE = 1.3; // … to so many seconds before their end

export const canPlay = document.createElement("video").canPlayType(TYPE) !== "";

const AT_ONCE = 4; // previews opened in a second, so that forty do not starve one another

const all = new Set();
let opened = 0;
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) entry.target.preview?.setVisible(entry.isIntersecting);
}, { rootMargin: "80px" });

export class Preview {
  constructor(video, cover, url) {
    Object.assign(this, { video, cover, url, visible: false, wanted: false, tries: 0 });
    this.position = -1;
    this.movedAt = this.openedAt = 0;
    video.preview = this;
    video.muted = true;
    seen.observe(video);
    all.add(this);
  }

  close() {
    seen.unobserve(this.video);
    all.delete(this);
    this.end();
  }

  setVisible(visible) {
    this.visible = visible;
    this.check();
  }

  // `wanted`: the channel has a preview; `text`: what to show where there is none.
  set(wanted, text) {
    this.wanted = wanted && canPlay;
    this.text = wanted && !canPlay ? "This browser does not play HLS" : text;
    this.check();
  }

  check() {
    const on = this.wanted && this.visible && !document.hidden;
    if (on && !this.video.src && opened < AT_ONCE) this.open();
    if (!on && this.video.src) this.end();
    if (on && this.video.src) this.watch();
    this.showCover();
  }

  open() {
    opened += 1;
    this.video.src = `${this.url}?n=${this.tries}`;
    this.openedAt = this.movedAt = performance.now();
    this.position = -1;
    this.video.play().catch(() => {}); // a refusal shows as a picture that does not move
  }

  end() {
    this.video.removeAttribute("src");
    this.video.load();
  }

  watch() {
    const time = performance.now();
    if (this.video.currentTime !== this.position) {
      if (this.position > 0) this.tries = 0;
      this.position = this.video.currentTime;
      this.movedAt = time;
    }
    this.catchUp();
    const patience = Math.min(LONGEST, STUCK * 1.6 ** Math.min(this.tries, 5));
    const broken = this.video.error || this.video.ended;
    if (time - this.movedAt > patience || (broken && time - this.openedAt > 2000 + this.tries * 2000)) {
      this.tries += 1;
      this.open();
    }
  }

  catchUp() {
    const { buffered } = this.video;
    const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
    if (end - this.video.currentTime > BEHIND) this.video.currentTime = end - CLOSE;
  }

  showCover() {
    const moving = this.wanted && this.position > 0 && this.video.readyState > 1;
    this.cover.textContent = this.text || (moving ? "" : "Preview is coming");
    this.cover.hidden = moving && !this.text;
  }
}

setInterval(() => {
  opened = 0;
  all.forEach((preview) => preview.check());
}, 1000);
document.addEventListener("visibilitychange", () => all.forEach((preview) => preview.check()));
