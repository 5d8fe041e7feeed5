/**
 * One page in the layout editor, with its systems and barlines drawn over the picture.
 *
 * @typedef {{kind: "system" | "barline", system: number, line?: number}} Selection
 */
import { make, makeSvg } from "./dom.js";
import { addBarline, addSystem, moveBarline, moveSide, moveSystem, splitWidestBar } from "./layout_edits.js";

const UNITS = 1000;
const DOUBTFUL = 0.3;
const STEP = 0.002;
const SIDES = ["left", "right", "top", "bottom"];

export class EditorPage {
  /** @param {import("./editor.js").Editor} owner */
  constructor(owner) {
    this.owner = owner;
    this.image = make("img", { alt: "", draggable: false });
    this.svg = makeSvg("svg", { class: "overlay" });
    this.paper = make("div.paper", {}, this.image, this.svg);
    this.element = make("div.sheet", {}, this.paper);
    this.image.addEventListener("load", () => {
      this.render();
      this.reveal(this.revealed ?? 0);
    });
    this.svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.svg.addEventListener("pointermove", (event) => this.#drag(event));
    this.svg.addEventListener("pointerup", (event) => this.#release(event));
    this.svg.addEventListener("pointercancel", () => this.#forget());
    this.svg.addEventListener("focusin", (event) => this.#focused(event));
  }

  render() {
    const { owner } = this;
    const url = owner.imageOf(owner.page);
    if (this.image.getAttribute("src") !== url) this.image.setAttribute("src", url);
    this.aspect = this.image.naturalWidth ? this.image.naturalHeight / this.image.naturalWidth : Math.SQRT2;
    this.svg.setAttribute("viewBox", `0 0 ${UNITS} ${UNITS * this.aspect}`);
    this.svg.dataset.tool = owner.tool;
    const focused = /** @type {SVGElement | null} */ (document.activeElement)?.dataset?.key;
    const { systems } = this.preview ?? owner.pages[owner.page];
    this.svg.replaceChildren(...systems.flatMap((system, index) => this.#system(system, index)), ...this.#draft());
    if (focused) /** @type {SVGElement | null} */ (this.svg.querySelector(`[data-key="${focused}"]`))?.focus();
  }

  /** Bring a system into view. @param {number} system */
  reveal(system) {
    this.revealed = system;
    if (this.image.complete) this.svg.querySelector(`[data-key="s${system}"]`)?.scrollIntoView({ block: "center" });
  }

  #system(system, index) {
    const { selected } = this.owner;
    const mine = selected?.system === index;
    const [x, y] = [UNITS * system.left, UNITS * this.aspect * system.top];
    const [width, height] = [UNITS * (system.right - system.left), UNITS * this.aspect * (system.bottom - system.top)];
    const doubtful = system.doubt >= DOUBTFUL;
    const classes = ["system", doubtful ? "doubtful" : "", mine && selected.kind === "system" ? "selected" : ""].join(
      " ",
    );
    const words = `System ${index + 1}, ${system.barlines.length} bars${doubtful ? ", doubtful" : ""}`;
    const box = makeSvg("rect", {
      x,
      y,
      width,
      height,
      rx: 4,
      class: classes,
      tabindex: 0,
      role: "button",
      "aria-label": words,
      "data-key": `s${index}`,
      "data-system": index,
    });
    const name = makeSvg(
      "text",
      { x: x - 8, y: y + height / 2, class: doubtful ? "name doubtful" : "name" },
      doubtful ? `${index + 1} ?` : String(index + 1),
    );
    const lines = system.barlines.flatMap((at, line) => this.#barline(system, { at, line, index, y, height }));
    const handles =
      mine && selected.kind === "system" ? SIDES.map((side) => this.#handle(index, side, { x, y, width, height })) : [];
    return [box, name, ...lines, ...handles];
  }

  #barline(system, { at, line, index, y, height }) {
    const { selected } = this.owner;
    const mine = selected?.kind === "barline" && selected.system === index && selected.line === line;
    const doubtful = (system.barDoubts[line] ?? 0) >= DOUBTFUL;
    const place = { x1: UNITS * at, x2: UNITS * at, y1: y - 5, y2: y + height + 5 };
    const keys = { "data-key": `b${index}-${line}`, "data-system": index, "data-line": line };
    return [
      makeSvg("line", { ...place, class: `barline${mine ? " selected" : ""}${doubtful ? " doubtful" : ""}` }),
      makeSvg("line", {
        ...place,
        ...keys,
        class: "grip",
        tabindex: 0,
        role: "button",
        "aria-label": `Barline ${line + 1} of system ${index + 1}`,
      }),
    ];
  }

  #handle(system, side, { x, y, width, height }) {
    const at = {
      left: [x, y + height / 2],
      right: [x + width, y + height / 2],
      top: [x + width / 2, y],
      bottom: [x + width / 2, y + height],
    };
    const [cx, cy] = at[side];
    return makeSvg("circle", { cx, cy, r: 13, class: "handle", "data-system": system, "data-side": side });
  }

  #draft() {
    if (!this.box) return [];
    const { left, right, top, bottom } = this.box;
    return [
      makeSvg("rect", {
        class: "draft",
        x: UNITS * Math.min(left, right),
        y: UNITS * this.aspect * Math.min(top, bottom),
        width: UNITS * Math.abs(right - left),
        height: UNITS * this.aspect * Math.abs(bottom - top),
      }),
    ];
  }

  #at({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
  }

  #press(event) {
    if (event.button !== 0) return;
    const { owner } = this;
    const { system, line, side } = event.target.dataset;
    const at = this.#at(event);
    this.svg.setPointerCapture(event.pointerId);
    if (owner.tool === "system") {
      this.box = { left: at.x, right: at.x, top: at.y, bottom: at.y };
    } else if (owner.tool === "barline") {
      const found = owner.pages[owner.page].systems.findIndex(
        ({ left, right, top, bottom }) =>
          at.x > left && at.x <= right + 0.01 && at.y > top - 0.02 && at.y < bottom + 0.02,
      );
      if (found >= 0)
        owner.change(
          addBarline(owner.pages, owner.page, found, Math.min(at.x, owner.pages[owner.page].systems[found].right)),
        );
    } else if (side) {
      this.held = { system: Number(system), side };
    } else if (line !== undefined) {
      this.held = { system: Number(system), line: Number(line) };
      owner.select({ kind: "barline", ...this.held });
    } else if (system === undefined) {
      owner.select(null);
    } else {
      if (owner.selected?.kind === "system" && owner.selected.system === Number(system))
        this.held = { system: Number(system), from: at };
      owner.select({ kind: "system", system: Number(system) });
    }
  }

  #drag(event) {
    const at = this.#at(event);
    if (this.box) {
      [this.box.right, this.box.bottom] = [at.x, at.y];
    } else if (this.held) {
      this.preview = this.#moved(at)[this.owner.page];
    } else {
      return;
    }
    this.render();
  }

  #moved(at) {
    const { owner, held } = this;
    if (held.from) return moveSystem(owner.pages, owner.page, held.system, at.x - held.from.x, at.y - held.from.y);
    if (held.side) {
      const across = held.side === "left" || held.side === "right";
      return moveSide(owner.pages, owner.page, held.system, held.side, across ? at.x : at.y);
    }
    return moveBarline(owner.pages, owner.page, held.system, held.line, at.x);
  }

  #release(event) {
    const { owner, box, held, preview } = this;
    const at = this.#at(event);
    this.#forget();
    if (box && Math.abs(box.right - box.left) > 0.05) {
      owner.tool = "move";
      const pages = addSystem(owner.pages, owner.page, box);
      const top = Math.min(box.top, box.bottom);
      const system = pages[owner.page].systems.findIndex((each) => Math.abs(each.top - top) < 1e-6);
      owner.change(pages, { kind: "system", system });
    } else if (held && preview) {
      this.held = held;
      const pages = this.#moved(at);
      this.held = null;
      owner.change(pages);
    } else if (box) {
      this.render();
    }
  }

  #forget() {
    [this.box, this.held, this.preview] = [null, null, null];
  }

  #focused({ target }) {
    const { system, line } = target.dataset;
    const { selected } = this.owner;
    if (system === undefined || this.held) return;
    const same = selected?.system === Number(system) && String(selected.line ?? "") === (line ?? "");
    if (same) return;
    this.owner.select(
      line === undefined
        ? { kind: "system", system: Number(system) }
        : { kind: "barline", system: Number(system), line: Number(line) },
    );
  }

  /** Arrows move a barline or an edge of a system; Delete removes; B adds a barline. @param {KeyboardEvent} event */
  key(event) {
    const { owner } = this;
    const { selected, page, pages } = owner;
    if (!selected) return;
    const by = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      owner.removeSelected();
    } else if (event.key.toLowerCase() === "b" && !event.ctrlKey && !event.metaKey) {
      owner.change(splitWidestBar(pages, page, selected.system));
    } else if (by && selected.kind === "barline") {
      const at = pages[page].systems[selected.system].barlines[selected.line];
      owner.change(moveBarline(pages, page, selected.system, selected.line, at + by));
    } else if (by) {
      const across = event.key === "ArrowLeft" || event.key === "ArrowRight";
      /** @type {("left" | "top" | "right" | "bottom")[]} */
      const ends = event.shiftKey ? ["left", "top"] : ["right", "bottom"];
      const side = across ? ends[0] : ends[1];
      owner.change(moveSide(pages, page, selected.system, side, pages[page].systems[selected.system][side] + by));
    } else {
      return;
    }
    event.preventDefault();
  }
}
