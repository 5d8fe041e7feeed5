/** The layout editor: what was read of the print, to be corrected by finger, mouse and keys before playing. */
import { changeScore, putLayout, rawScore } from "./api.js";
import { iconButton, iconOf, make, say } from "./dom.js";
import { EditorPage } from "./editor_page.js";
import {
  doubts,
  History,
  movePage,
  removePage,
  removeBarline,
  removeSystem,
  setStaves,
  trustSystem,
} from "./layout_edits.js";
import { editedPages, pageOrder, rawLayout } from "./layout_files.js";

const TOOLS = [
  ["move", "Move"],
  ["barline", "Add barlines"],
  ["system", "Add system"],
];

export class Editor {
  /** @param {HTMLElement} root @param {object} raw The score as the server tells it. */
  constructor(root, raw) {
    this.raw = raw;
    this.history = new History(editedPages(raw.layout));
    this.page = 0;
    /** @type {import("./editor_page.js").Selection | null} */
    this.selected = null;
    this.tool = "move";
    this.ending = new AbortController();
    this.sheet = new EditorPage(this);
    this.element = make(
      "section.editor",
      { "aria-label": `Layout of ${raw.title}` },
      this.#head(),
      this.#tools(),
      (this.thumbnails = make("ol.thumbs", { "aria-label": "Pages" })),
      this.sheet.element,
      (this.panel = make("div.panel", { role: "toolbar", "aria-label": "What is selected" })),
    );
    root.replaceChildren(this.element);
    document.addEventListener("keydown", (event) => this.#key(event), { signal: this.ending.signal });
    window.addEventListener(
      "beforeunload",
      (event) => {
        if (this.unsaved) event.preventDefault();
      },
      { signal: this.ending.signal },
    );
    const [worst] = doubts(this.history.pages);
    if (worst) this.#look(worst);
    this.render();
  }

  close() {
    this.ending.abort();
  }

  get pages() {
    return this.history.pages;
  }

  get unsaved() {
    return this.history.changed;
  }

  /** @param {import("./layout_edits.js").EditedPage[]} pages */
  change(pages, selected = this.selected) {
    this.history.set(pages);
    this.selected = selected;
    this.page = Math.min(this.page, pages.length - 1);
    this.render();
  }

  select(selected) {
    this.selected = selected;
    this.render();
  }

  imageOf(page) {
    return this.raw.pages[this.pages[page].source].image;
  }

  render() {
    const left = doubts(this.pages).length;
    this.doubtful.replaceChildren(left ? `${left} doubtful` : "nothing doubtful");
    this.doubtful.disabled = left === 0;
    this.save.disabled = !this.unsaved;
    this.undo.disabled = !this.history.past.length;
    this.redo.disabled = !this.history.future.length;
    this.toolButtons.forEach((button, index) =>
      button.setAttribute("aria-pressed", String(TOOLS[index][0] === this.tool)),
    );
    this.#renderThumbnails();
    this.sheet.render();
    this.#renderPanel();
  }

  #head() {
    this.undo = iconButton("undo", "Undo (Ctrl+Z)", () => this.#step("undo"));
    this.redo = iconButton("redo", "Do again (Ctrl+Y)", () => this.#step("redo"));
    this.save = make("button.primary", { type: "button", onclick: () => this.#save() }, "Save");
    this.doubtful = make("button.doubtful", { type: "button", onclick: () => this.#nextDoubt() });
    return make(
      "header.head",
      {},
      iconButton("back", "To the library", () => {
        location.hash = "#/";
      }),
      make("h1", {}, this.raw.title),
      make("span.space"),
      this.doubtful,
      this.undo,
      this.redo,
      make("a.button.quiet.play", { href: `#/play/${this.raw.id}` }, "Play"),
      this.save,
    );
  }

  #tools() {
    this.toolButtons = TOOLS.map(([tool, words]) =>
      make(
        "button",
        {
          type: "button",
          onclick: () => {
            this.tool = tool;
            this.render();
          },
        },
        words,
      ),
    );
    return make(
      "div.tools",
      { role: "toolbar", "aria-label": "Tools" },
      make("div.segments", {}, ...this.toolButtons),
      (this.hint = make("span.soft.small")),
    );
  }

  #renderThumbnails() {
    const hints = {
      move: "Tap a system or a barline, then drag it or its edges.",
      barline: "Tap where a barline is missing.",
      system: "Draw a box over a system, from its first to its last staff line.",
    };
    this.hint.textContent = hints[this.tool];
    const last = this.pages.length - 1;
    this.thumbnails.replaceChildren(
      ...this.pages.map(({ systems, source }, index) => {
        const doubtful = systems.some(({ doubt }) => doubt >= 0.3);
        const show = make(
          "button.thumb",
          {
            type: "button",
            "aria-label": `Page ${index + 1}, ${systems.length} systems${doubtful ? ", doubtful" : ""}`,
            "aria-current": index === this.page ? "true" : null,
            onclick: () => this.#look({ page: index, system: null }),
          },
          make("img", { src: this.raw.pages[source].image, alt: "" }),
          make("span", {}, doubtful ? `${index + 1} ?` : String(index + 1)),
        );
        const move = (to) => {
          this.page = to;
          this.change(movePage(this.pages, index, to), null);
        };
        const order = make(
          "div.order",
          { hidden: index !== this.page || last === 0 },
          iconButton("up", "Move this page forward", () => move(index - 1), { disabled: index === 0 }),
          iconButton("down", "Move this page back", () => move(index + 1), { disabled: index === last }),
          iconButton("trash", "Leave this page out", () => this.change(removePage(this.pages, index), null)),
        );
        return make("li", {}, show, order);
      }),
    );
  }

  #renderPanel() {
    const { selected } = this;
    const system = selected && this.pages[this.page].systems[selected.system];
    if (!system) {
      this.panel.replaceChildren(make("span.soft", {}, `${this.pages[this.page].systems.length} systems on this page`));
      return;
    }
    const line = selected.kind === "barline";
    const words = line
      ? `Barline ${selected.line + 1} of system ${selected.system + 1}`
      : `System ${selected.system + 1}: ${system.barlines.length} bars`;
    const staves = (by) => this.change(setStaves(this.pages, this.page, selected.system, system.staves + by));
    this.panel.replaceChildren(
      make("b", {}, words),
      line
        ? null
        : make(
            "span.staves",
            {},
            iconButton("down", "One staff fewer", () => staves(-1)),
            `${system.staves} ${system.staves === 1 ? "staff" : "staves"}`,
            iconButton("up", "One staff more", () => staves(1)),
          ),
      make("span.space"),
      system.doubt >= 0.3
        ? make(
            "button",
            { type: "button", onclick: () => this.change(trustSystem(this.pages, this.page, selected.system)) },
            iconOf("check"),
            "It is right",
          )
        : "",
      make(
        "button.danger",
        { type: "button", onclick: () => this.removeSelected() },
        iconOf("trash"),
        line ? "Remove barline" : "Remove system",
      ),
    );
  }

  removeSelected() {
    const { selected, page, pages } = this;
    if (!selected) return;
    if (selected.kind === "barline")
      this.change(removeBarline(pages, page, selected.system, selected.line), {
        kind: "system",
        system: selected.system,
      });
    else this.change(removeSystem(pages, page, selected.system), null);
  }

  #look({ page, system }) {
    this.page = page;
    this.selected = system === null ? null : { kind: "system", system };
    this.render();
    this.sheet.reveal(system ?? 0);
  }

  #nextDoubt() {
    const all = doubts(this.pages);
    const at = all.findIndex(({ page, system }) => page === this.page && system === this.selected?.system);
    this.#look(all[(at + 1) % all.length]);
  }

  #step(way) {
    this.history[way]();
    this.change(this.history.pages, null);
  }

  #key(event) {
    if (this.element.inert || event.target.closest?.("dialog, input")) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
      event.preventDefault();
      this.#step(key === "y" || event.shiftKey ? "redo" : "undo");
    } else if (key === "escape") {
      this.select(null);
    } else {
      this.sheet.key(event);
    }
  }

  async #save() {
    this.element.inert = true; // what would be edited now would be lost when the score is read
    const done = say("Saving …", { lasting: true });
    try {
      const before = this.raw.page_order ?? this.raw.pages.map((_, index) => index + 1);
      const order = pageOrder(before, this.pages);
      const layout = rawLayout(this.raw.layout, this.pages);
      if (JSON.stringify(order) !== JSON.stringify(before)) {
        await changeScore(this.raw.id, { page_order: order });
      }
      this.raw = await this.#readAgain(layout);
      this.history = new History(editedPages(this.raw.layout));
      this.change(this.history.pages, null);
      say("Saved. The corrected layout is used from now on.");
    } catch (error) {
      say(error.message, { serious: true, lasting: true });
    }
    this.element.inert = false;
    done();
  }

  /** Let the score be read by a layout; a reading that succeeds gives its pictures new addresses. */
  async #readAgain(layout) {
    const before = await this.#untilReady();
    await putLayout(this.raw.id, layout);
    const raw = await this.#untilReady();
    if (raw.pages[0].image === before.pages[0].image) throw new Error(raw.sentence);
    return raw;
  }

  async #untilReady() {
    for (;;) {
      const raw = await rawScore(this.raw.id);
      if (raw.state === "ready") return raw;
      if (raw.state === "failed") throw new Error(raw.sentence);
      await new Promise((go) => {
        setTimeout(go, 400);
      });
    }
  }
}
