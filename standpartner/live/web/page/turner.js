/**
 * Decides when the page turns. It knows nothing of the screen: positions go in, the index of a view comes out.
 *
 * It turns a lead ahead of the end of a view while the follower is sure. It turns to another place only when the
 * follower has been sure of it for a while, and in doubt it leaves the page as it is. A turn by hand holds until the
 * follower has come to the page that was turned to, or has been sure of another place for long.
 *
 * @typedef {object} Place
 * @property {number} progress The place in systems.
 * @property {boolean} sure Whether the follower is sure of it.
 *
 * @typedef {"none" | "ahead" | "elsewhere" | "hand"} Reason Why the view changed.
 */
import { viewFor } from "./views.js";

/** The rules' numbers; times in s, distances in systems. */
const RULES = Object.freeze({
  aheadAfterS: 0.04, // how long the turning point must have been passed
  elsewhereAfterS: 0.7, // how long the music must have been elsewhere
  linkedAfterS: 0.15, // the same, where a link leads there
  handHoldsS: 10, // how long the music must have been elsewhere after a turn by hand
  slack: 0.75, // how far before the turning point the next view still is the right one
});

export class PageTurner {
  /**
   * @param {import("./views.js").View[]} views
   * @param {Partial<typeof RULES>} [rules]
   */
  constructor(views, rules = {}) {
    this.views = views;
    this.rules = { ...RULES, ...rules };
    this.index = 0;
    this.turnAt = views[0].turnAt;
    this.held = false;
    /** @type {Reason} */
    this.reason = "none";
    /** @type {{view: number, sinceS: number} | null} */
    this.wish = null;
  }

  get view() {
    return this.views[this.index];
  }

  /**
   * Take in a position, and return whether the view has changed.
   * @param {Place} place
   * @param {number} nowS
   * @param {{linked?: boolean}} [more] Whether a link leads to this place.
   */
  take(place, nowS, { linked = false } = {}) {
    const { view } = this;
    const wanted = this.#wanted(place.progress);
    if (wanted === this.index) {
      this.wish = null;
      if (view.systems.includes(Math.floor(place.progress))) this.held = false;
      return false;
    }
    const ahead = wanted === this.index + 1 && this.#near(place.progress);
    if (!place.sure) {
      this.wish = null;
      return false;
    }
    if (this.wish?.view !== wanted) this.wish = { view: wanted, sinceS: nowS };
    if (nowS - this.wish.sinceS < this.#patience(ahead, linked)) return false;
    this.#show(wanted, ahead ? "ahead" : "elsewhere", place.progress);
    return true;
  }

  /**
   * Turn by hand, and return whether the view has changed.
   * @param {number} views How many views forward, or back where it is negative.
   */
  turn(views) {
    const index = Math.min(Math.max(this.index + views, 0), this.views.length - 1);
    if (index === this.index) return false;
    this.#show(index, "hand");
    this.held = true;
    return true;
  }

  /**
   * Show the view of a place at once, as when a bar was tapped.
   * @param {number} progress
   */
  goTo(progress) {
    const index = viewFor(this.views, progress);
    const changed = index !== this.index;
    this.#show(index, "hand", progress);
    this.held = false;
    return changed;
  }

  /** Show a view. Where the music comes in behind the turning point, it turns half way from there to the end. */
  #show(index, reason, progress = -1) {
    const view = this.views[index];
    const late = reason !== "ahead" && view.systems.includes(Math.floor(progress)) && progress >= view.turnAt;
    this.index = index;
    this.turnAt = late ? (progress + view.end) / 2 : view.turnAt;
    this.reason = reason;
    this.wish = null;
    if (reason !== "hand") this.held = false;
  }

  #patience(ahead, linked) {
    if (this.held) return this.rules.handHoldsS;
    if (ahead) return this.rules.aheadAfterS;
    return linked ? this.rules.linkedAfterS : this.rules.elsewhereAfterS;
  }

  /** Whether a place beyond the turning point was come to without a jump. */
  #near(progress) {
    const next = this.views[this.index + 1];
    return progress >= this.turnAt && (progress < this.view.end + 1 || next.systems.includes(Math.floor(progress)));
  }

  #wanted(progress) {
    const { view, index } = this;
    const system = Math.floor(progress);
    const last = index + 1 === this.views.length;
    if (view.systems.includes(system) && (last || progress < this.turnAt)) return index;
    const before = this.views[index - 1];
    const awaited = before && progress >= before.turnAt - this.rules.slack && progress < view.begin;
    if (awaited) return index;
    if (!last && this.#near(progress)) return index + 1;
    return viewFor(this.views, progress);
  }
}
