/** The bar below the pages: where the music is, how sure the follower is, and the few things one may want. */
import { iconButton, iconOf, make } from "./dom.js";
import { openDevices } from "./devices.js";
import { toggleFullscreen } from "./awake.js";
import { meterOf } from "./microphone.js";
import { openSettings } from "./settings.js";

const CERTAINTY = {
  off: "",
  waiting: "waiting for the first note",
  sure: "sure",
  unsure: "not sure",
  lost: "lost: tap your bar",
};
/** A level at which the microphone is likely to be overdriven. */
const LOUD = 0.98;

export class PerformanceBar {
  /** @param {import("./performance.js").Performance} owner */
  constructor(owner) {
    this.owner = owner;
    this.words = make("span.words");
    this.certainty = make("span.certainty", { role: "status" }, make("i", { "aria-hidden": "true" }), this.words);
    this.level = make("i");
    this.meter = make(
      "span.meter",
      { "aria-hidden": "true", title: "What the microphone hears", hidden: true },
      this.level,
    );
    this.barName = make(
      "button.quiet",
      { type: "button", title: "Go to a bar (B)", onclick: this.#then(() => owner.player.askForBar()) },
      "bar –",
    );
    this.pages = make("span", { role: "status" });
    this.listenWords = make("span.words", {}, "Listen");
    this.listen = make(
      "button.primary.listen",
      { type: "button", "aria-pressed": "false", onclick: this.#then(() => owner.player.toggleListening()) },
      iconOf("microphone"),
      this.listenWords,
    );
    this.take = make("a.button.quiet.wide", { hidden: true }, "See this take");
    this.link = iconButton(
      "link",
      "Link two bars (L): a repeat or D.S.",
      this.#then(() => owner.linking.toggle()),
      { "aria-pressed": "false" },
    );
    this.element = make("div.bar", { role: "toolbar", "aria-label": "Performance" }, ...this.#parts());
  }

  #parts() {
    const { owner } = this;
    const shows = owner.connection.role === "show";
    return [
      iconButton(
        "back",
        "To the library",
        () => {
          location.hash = "#/";
        },
        { class: "icon when-idle" },
      ),
      make("span.where", {}, this.barName, this.pages),
      this.certainty,
      this.meter,
      make("span.space"),
      this.take,
      shows ? make("span.soft.wide", {}, "shows another device's music") : this.listen,
      make("span.space.wide"),
      iconButton(
        "up",
        "Page back (PageUp, left)",
        this.#then(() => owner.player.act("previous")),
        { class: "icon wide turn-back" },
      ),
      iconButton(
        "down",
        "Page on (PageDown, right, space)",
        this.#then(() => owner.player.act("next")),
        { class: "icon wide turn-on" },
      ),
      this.link,
      iconButton(
        "devices",
        "Show on other devices",
        this.#then(() => openDevices()),
        { class: "icon when-idle wide" },
      ),
      iconButton(
        "settings",
        "Layout, page turns and microphone",
        this.#then(() => openSettings(owner)),
        { class: "icon" },
      ),
      iconButton(
        "fullscreen",
        "Full screen (F)",
        this.#then(() => toggleFullscreen()),
        { class: "icon wide" },
      ),
    ];
  }

  /** After a click by mouse or finger the pages have the focus again, so that a pedal's space turns the page. */
  #then(run) {
    return (event) => {
      if (event.detail > 0) this.owner.surface.focus({ preventScroll: true });
      run();
    };
  }

  /** @param {boolean} on */
  showListening(on) {
    this.listen.setAttribute("aria-pressed", String(on));
    this.listen.firstChild.replaceWith(iconOf(on ? "stop" : "microphone"));
    this.listenWords.textContent = on ? "Stop" : "Listen";
    this.listen.setAttribute("aria-label", on ? "Stop listening (S)" : "Listen and follow (S)");
    this.meter.hidden = !on;
    if (on) this.take.hidden = true;
  }

  /** @param {"off" | "waiting" | "sure" | "unsure" | "lost"} certainty */
  showCertainty(certainty) {
    if (this.owner.element.dataset.certainty === certainty) return;
    this.owner.element.dataset.certainty = certainty;
    this.words.textContent = CERTAINTY[certainty];
  }

  /** @param {number} peak */
  showLevel(peak) {
    this.level.style.transform = `scaleX(${meterOf(peak)})`;
    this.meter.classList.toggle("loud", peak >= LOUD);
  }

  /** @param {string | number | null} label */
  showBar(label) {
    const words = `bar ${label ?? "–"}`;
    if (this.barName.textContent !== words) this.barName.textContent = words;
  }

  /** @param {number[]} pages @param {number} count */
  showPages(pages, count) {
    const named = pages.length > 1 ? `${pages[0]}–${pages[pages.length - 1]}` : String(pages[0]);
    this.pages.replaceChildren(make("span.wide", {}, pages.length > 1 ? "pages " : "page "), `${named} of ${count}`);
  }

  /** @param {boolean} on */
  showOnline(on) {
    this.note?.remove();
    this.note = null;
    if (on) return;
    this.note = make("div.offline-note", { role: "alert" }, "The connection broke. Trying again …");
    this.owner.element.append(this.note);
  }

  /** @param {string} id */
  showTake(id) {
    this.take.href = `#/take/${id}`;
    this.take.hidden = false;
  }

  /** @param {boolean} on */
  showLinking(on) {
    this.link.setAttribute("aria-pressed", String(on));
    this.owner.element.classList.toggle("linking", on);
  }
}
