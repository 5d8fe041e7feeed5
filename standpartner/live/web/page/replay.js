/** Plays a take back on the pages: with its sound where it was kept, else silently. */
import { CursorMotion } from "./cursor.js";
import { iconButton, iconOf, make } from "./dom.js";
import { Stage } from "./stage.js";
import { viewFor, viewsOf } from "./views.js";

export class Replay {
  /**
   * @param {HTMLElement} surface
   * @param {import("./score.js").Score} score
   * @param {any} take As the server tells it.
   */
  constructor(surface, score, take) {
    this.score = score;
    this.take = take;
    this.stage = new Stage(surface, score);
    this.views = viewsOf(score, "single", { lead: 0, leads: {} });
    this.index = -1;
    this.motion = new CursorMotion();
    this.timeS = 0;
    this.playing = false;
    this.audio = take.has_audio ? make("audio", { src: `/api/takes/${take.id}/audio`, preload: "auto" }) : null;
    /** @type {(timeS: number) => void} */
    this.onTime = () => {};
    this.button = iconButton("play", "Replay (space)", () => this.toggle(), { class: "icon primary round" });
    this.slider = make("input", {
      type: "range",
      min: "0",
      max: String(take.duration_s),
      step: "0.05",
      "aria-label": "Time",
      oninput: () => this.seek(Number(this.slider.value)),
    });
    this.slider.value = "0";
    this.clock = make("output.soft", {}, "");
    this.controls = make(
      "div.replay",
      {},
      this.button,
      this.slider,
      this.clock,
      this.audio ? null : make("span.soft.small", {}, "without sound"),
    );
    this.ending = new AbortController();
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== " " || /** @type {Element} */ (event.target).closest?.("button, input, a, dialog")) return;
        event.preventDefault();
        this.toggle();
      },
      { signal: this.ending.signal },
    );
  }

  begin() {
    this.drawnAt = performance.now();
    this.#draw();
  }

  close() {
    this.ending.abort();
    cancelAnimationFrame(this.frame);
    this.audio?.pause();
    this.stage.close();
  }

  toggle() {
    this.playing = !this.playing;
    if (this.playing && this.timeS >= this.take.duration_s - 0.1) this.seek(0);
    if (this.playing) this.audio?.play();
    else this.audio?.pause();
    this.button.replaceChildren(iconOf(this.playing ? "stop" : "play"));
  }

  /** @param {number} timeS */
  seek(timeS) {
    this.timeS = timeS;
    if (this.audio) this.audio.currentTime = timeS;
  }

  #draw() {
    this.frame = requestAnimationFrame(() => this.#draw());
    const now = performance.now();
    const passedS = (now - this.drawnAt) / 1000;
    this.drawnAt = now;
    if (this.playing) this.timeS = this.audio ? this.audio.currentTime : this.timeS + passedS;
    if (this.playing && this.timeS >= this.take.duration_s) this.toggle();
    this.slider.value = String(this.timeS);
    this.clock.textContent = `${this.timeS.toFixed(1)} s`;
    this.onTime(this.timeS);
    this.#show(now / 1000, passedS);
  }

  #show(nowS, passedS) {
    const place = positionAt(this.take.positions, this.timeS);
    if (!place || !this.score.systems[place.system - 1]) return;
    const index = viewFor(this.views, place.system - 1);
    if (index !== this.index) {
      this.index = index;
      this.stage.show(this.views[index], [this.views[index + 1]].filter(Boolean));
    }
    if (this.motion.aim(place.system - 1, place.page_x, nowS) && place.jumped) this.stage.pulse();
    this.stage.moveCursor(this.motion.step(nowS, passedS));
  }
}

/**
 * Return the last position not after a time.
 * @param {any[]} positions Those of a take, in the order of time.
 * @param {number} timeS
 */
export function positionAt(positions, timeS) {
  let [low, high] = [0, positions.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (positions[middle].time_s <= timeS + 1e-6) low = middle;
    else high = middle - 1;
  }
  return positions[low] ?? null;
}
