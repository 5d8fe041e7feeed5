/**
 * Draws the pages of a view with everything on them. Pictures are plain images cut by their frame: a canvas as large as
 * a page would be more than tablets give.
 */
import { partBox, placeHalf, placeInRow, seamOf } from "./fitting.js";
import { make, makeSvg } from "./dom.js";
import { boxOfBar, systemNear, barAt } from "./score.js";
import { splitOf } from "./views.js";

const GAP_PX = 10;
/** How far from a system a tap still means it, in page heights. */
const REACH = 0.05;

const keyOf = ({ page, part }) => `${page}-${part}`;

export class Stage {
  /**
   * @param {HTMLElement} element
   * @param {import("./score.js").Score} score
   */
  constructor(element, score) {
    this.element = element;
    this.score = score;
    this.splits = score.pages.map((_, page) => splitOf(score, page));
    const parts = score.pages.map((_, page) => ({
      upper: this.#boxOf({ page, part: "upper" }),
      lower: this.#boxOf({ page, part: "lower" }),
    }));
    this.seam = seamOf(parts);
    /** @type {Map<string, Paper>} */
    this.papers = new Map();
    /** @type {import("./views.js").View | null} */
    this.view = null;
    this.links = [];
    /** Whether half a page fills the screen. */
    this.zoomed = false;
    this.resizing = new ResizeObserver(() => this.#place());
    this.resizing.observe(element);
  }

  close() {
    this.resizing.disconnect();
    this.element.replaceChildren();
  }

  /**
   * Show a view, and make the ones beside it ready.
   * @param {import("./views.js").View} view
   * @param {import("./views.js").View[]} beside
   */
  show(view, beside) {
    const before = new Set((this.view?.panes ?? []).map(keyOf));
    this.view = view;
    const shown = new Set(view.panes.map(keyOf));
    const wanted = new Map([view, ...beside].flatMap((each) => each.panes).map((pane) => [keyOf(pane), pane]));
    for (const [key, paper] of this.papers) {
      if (wanted.has(key)) continue;
      paper.frame.remove();
      this.papers.delete(key);
    }
    for (const [key, pane] of wanted) {
      if (!this.papers.has(key)) this.papers.set(key, this.#paper(pane));
      const { frame } = this.papers.get(key);
      const entering = shown.has(key) && before.size > 0 && !before.has(key);
      frame.classList.toggle("shown", shown.has(key));
      frame.classList.toggle("entering", entering);
      frame.setAttribute("aria-hidden", String(!shown.has(key)));
    }
    this.element.dataset.parts = view.panes.map(keyOf).join(" ");
    this.#place();
    this.showLinks(this.links);
  }

  /**
   * Put the cursor somewhere; it is drawn wherever its system can be seen.
   * @param {{system: number, x: number} | null} place
   */
  moveCursor(place) {
    const system = place && this.score.systems[place.system];
    for (const { pane, widthPx, cursor, lit } of this.papers.values()) {
      const here = system && system.page === pane.page && this.#shows(pane, system);
      cursor.classList.toggle("here", Boolean(here));
      if (!here) {
        lit.classList.remove("here");
        continue;
      }
      cursor.style.transform = `translateX(${place.x * widthPx}px)`;
      if (cursor.dataset.system !== String(place.system)) {
        cursor.dataset.system = String(place.system);
        cursor.style.top = `${100 * system.top}%`;
        cursor.style.height = `${100 * (system.bottom - system.top)}%`;
      }
      this.#light(lit, place);
    }
  }

  #light(lit, { system, x }) {
    const bar = barAt(this.score, system, x);
    lit.classList.toggle("here", bar >= 0);
    if (bar < 0 || lit.dataset.bar === String(bar)) return;
    lit.dataset.bar = String(bar);
    setBox(lit, boxOfBar(this.score, bar));
  }

  /** Show that the music has leapt to the cursor. */
  pulse() {
    for (const { cursor } of this.papers.values()) {
      cursor.classList.remove("leapt");
      cursor.getBoundingClientRect(); // starts the movement anew
      cursor.classList.add("leapt");
    }
  }

  /** Mark a bar, as the first of two that are to be linked. @param {number | null} bar */
  mark(bar) {
    for (const { pane, marked } of this.papers.values()) {
      const box = bar === null ? null : boxOfBar(this.score, bar);
      marked.classList.toggle("here", box?.page === pane.page);
      if (box) setBox(marked, box);
    }
  }

  /** Draw the links between bars. @param {import("./score.js").Link[]} links */
  showLinks(links) {
    this.links = links;
    for (const { pane, signs } of this.papers.values()) {
      signs.replaceChildren(...links.flatMap((link) => this.#linkSigns(pane, link)));
    }
  }

  #linkSigns(pane, { from, to }) {
    const signs = [];
    const here = (bar) => this.score.bars[bar] && boxOfBar(this.score, bar).page === pane.page;
    const sign = (x, y, text) =>
      signs.push(
        makeSvg("text", { x: 1000 * x, y: 1000 * this.score.pages[pane.page].aspect * y, class: "link" }, text),
      );
    if (here(from)) {
      const box = boxOfBar(this.score, from);
      sign(box.right, box.top - 0.008, `↩ ${this.score.bars[to]?.label ?? ""}`);
    }
    if (here(to)) {
      const box = boxOfBar(this.score, to);
      sign(box.left, box.top - 0.008, "⤷");
    }
    return signs;
  }

  /**
   * Return the bar at a point of the screen.
   * @returns {{page: number, system: number, bar: number, x: number} | null} Null where there is no music.
   */
  hit(clientX, clientY) {
    for (const { pane, frame, paper } of this.papers.values()) {
      if (!frame.classList.contains("shown")) continue;
      const room = frame.getBoundingClientRect();
      if (clientX < room.left || clientX > room.right || clientY < room.top || clientY > room.bottom) continue;
      const box = paper.getBoundingClientRect();
      const x = (clientX - box.left) / box.width;
      const y = (clientY - box.top) / box.height;
      const system = systemNear(this.score, pane.page, y);
      if (system < 0) return null;
      const { top, bottom } = this.score.systems[system];
      if (y < top - REACH || y > bottom + REACH) return null;
      return { page: pane.page, system, bar: barAt(this.score, system, x), x };
    }
    return null;
  }

  #shows(pane, system) {
    if (pane.part === "whole") return true;
    return (system.top + system.bottom) / 2 < this.splits[pane.page] === (pane.part === "upper");
  }

  /** @returns {Paper} */
  #paper(pane) {
    const page = this.score.pages[pane.page];
    const image = make("img", { src: page.url, alt: `Page ${pane.page + 1}`, draggable: false, decoding: "async" });
    const [cursor, lit, marked] = [make("div.cursor"), make("div.lit"), make("div.marked")];
    const signs = makeSvg("svg", { class: "signs", viewBox: `0 0 1000 ${1000 * page.aspect}`, "aria-hidden": "true" });
    const paper = make("div.paper", {}, image, lit, marked, signs, cursor);
    const frame = make("div.pane", {}, paper);
    frame.dataset.page = String(pane.page + 1);
    frame.dataset.part = pane.part;
    this.element.append(frame);
    return { pane, frame, paper, widthPx: 0, cursor, lit, marked, signs };
  }

  #place() {
    const { clientWidth: widthPx, clientHeight: heightPx } = this.element;
    if (!this.view || !widthPx || !heightPx) return;
    const room = { widthPx, heightPx, gapPx: GAP_PX, seam: this.seam };
    for (const panes of [this.view.panes, ...this.#waiting()]) {
      const halves = panes.some(({ part }) => part !== "whole") && !this.zoomed;
      const boxes = panes.map((pane) => ({ box: this.#boxOf(pane), aspect: this.score.pages[pane.page].aspect }));
      const placed = halves
        ? panes.map(({ part }, index) => placeHalf(boxes[index], part, room))
        : placeInRow(boxes, room);
      panes.forEach((pane, index) => setPlace(this.papers.get(keyOf(pane)), placed[index], boxes[index]));
    }
  }

  #waiting() {
    return [...this.papers.values()]
      .filter(({ frame }) => !frame.classList.contains("shown"))
      .map(({ pane }) => [pane]);
  }

  #boxOf({ page, part }) {
    return partBox(this.score.pages[page].crop, part, this.splits[page]);
  }
}

function setPlace(drawn, { left, top, width, height, pageWidth }, { box, aspect }) {
  const { frame, paper } = drawn;
  drawn.widthPx = pageWidth;
  Object.assign(frame.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  Object.assign(paper.style, {
    width: `${pageWidth}px`,
    height: `${pageWidth * aspect}px`,
    left: `${-box.left * pageWidth}px`,
    top: `${-box.top * pageWidth * aspect}px`,
  });
}

/**
 * @typedef {object} Paper
 * @property {import("./views.js").Pane} pane
 * @property {HTMLElement} frame
 * @property {HTMLElement} paper
 * @property {number} widthPx The width of the whole page on the screen.
 * @property {HTMLElement} cursor
 * @property {HTMLElement} lit
 * @property {HTMLElement} marked
 * @property {SVGElement} signs
 */

function setBox(element, box) {
  Object.assign(element.style, {
    left: `${100 * box.left}%`,
    top: `${100 * box.top}%`,
    width: `${100 * (box.right - box.left)}%`,
    height: `${100 * (box.bottom - box.top)}%`,
  });
}
