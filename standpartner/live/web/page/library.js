/** The library: every score that was ever added, and the place where new ones are dropped. */
import { addScore, changeScore, deleteScore, isSound, listScores, SCORE_FILES } from "./api.js";
import { openDevices } from "./devices.js";
import { ask, iconButton, iconOf, make, say } from "./dom.js";
import { applyTheme, preference, setPreference } from "./preferences.js";

const POLL_MS = 700;
const CALM_POLL_MS = 5000;

export class Library {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.query = "";
    this.closed = false;
    /** @type {Map<string, {text: string, card: HTMLElement}>} */
    this.cards = new Map();
    this.chooser = make("input", {
      type: "file",
      multiple: true,
      accept: SCORE_FILES,
      hidden: true,
      id: "chooser",
      onchange: () => {
        this.add([...this.chooser.files]);
        this.chooser.value = "";
      },
    });
    this.search = make("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": "Search the library",
      oninput: () => {
        this.query = this.search.value;
        this.refresh();
      },
    });
    this.shelf = make("ul.shelf", { "aria-label": "Scores" });
    this.element = make("section.library", {}, this.#head(), this.#dropPlace(), this.shelf, this.chooser);
    root.replaceChildren(this.element);
    this.ending = new AbortController();
    const { signal } = this.ending;
    document.addEventListener("dragover", () => this.element.classList.add("dragging"), { signal });
    document.addEventListener(
      "dragleave",
      ({ relatedTarget }) => {
        if (!relatedTarget) this.element.classList.remove("dragging");
      },
      { signal },
    );
    document.addEventListener(
      "drop",
      ({ dataTransfer }) => {
        this.element.classList.remove("dragging");
        this.add([...dataTransfer.files]);
      },
      { signal },
    );
    this.refresh();
  }

  close() {
    this.closed = true;
    this.ending.abort();
    clearTimeout(this.timer);
  }

  #head() {
    const nextTheme = { auto: "dark", dark: "light", light: "auto" };
    return make(
      "header.head",
      {},
      make("img.mark", { src: "icon.svg", alt: "", width: 34, height: 34 }),
      make("h1", {}, "standpartner"),
      make("span.space"),
      this.search,
      make("a.button.quiet.shows", { href: "#/show" }, "Show what is played"),
      iconButton("devices", "Show on other devices", () => openDevices()),
      iconButton("moon", "Colours: as the device, dark, light", () => {
        setPreference("theme", nextTheme[preference("theme")]);
        applyTheme();
        say(`Colours: ${{ auto: "as the device", dark: "dark", light: "light" }[preference("theme")]}.`);
      }),
    );
  }

  #dropPlace() {
    return make(
      "button.drop",
      { type: "button", onclick: () => this.chooser.click() },
      iconOf("add"),
      make(
        "span",
        {},
        make("b", {}, "Add a score"),
        make("span.soft.hint", {}, " Drop a PDF, scans, photos or a notation file here, or choose one"),
      ),
    );
  }

  /** @param {File[]} files */
  async add(files) {
    if (!files.length) return;
    if (files.some(isSound)) {
      say("This is a recording. Open a score first, then drop the recording on its pages.", { serious: true });
      return;
    }
    const done = say(`${files.length > 1 ? `${files.length} files are` : `${files[0].name} is`} sent …`, {
      lasting: true,
    });
    try {
      await addScore(files);
    } catch (error) {
      say(error.message, { serious: true, lasting: true });
    }
    done();
    this.refresh();
  }

  async refresh() {
    clearTimeout(this.timer);
    const { query } = this;
    let pollMs = CALM_POLL_MS;
    try {
      const entries = await listScores(query);
      if (this.closed || query !== this.query) return;
      this.#show(entries);
      if (entries.some(({ state }) => state === "reading")) pollMs = POLL_MS;
      this.gone?.();
      this.gone = null;
    } catch (error) {
      if (!this.closed) this.gone ??= say(error.message, { serious: true, lasting: true });
      pollMs = 1500;
    }
    if (!this.closed) this.timer = setTimeout(() => this.refresh(), pollMs);
  }

  #show(entries) {
    const cards = entries.map((entry) => {
      const text = JSON.stringify(entry);
      const known = this.cards.get(entry.id);
      const made = known?.text === text ? known : { text, card: cardOf(entry, this) };
      this.cards.set(entry.id, made);
      return made.card;
    });
    const same =
      cards.length === this.shelf.children.length && cards.every((card, index) => this.shelf.children[index] === card);
    if (!same) this.shelf.replaceChildren(...cards);
    this.element.classList.toggle("empty", !entries.length && !this.query);
    if (!entries.length && this.query)
      this.shelf.replaceChildren(make("li.soft.nothing", {}, `Nothing is called “${this.query}”.`));
  }

  /** @param {import("./api.js").Entry} entry */
  async rename({ id, title }) {
    const name = await ask("What is it called?", { yes: "Rename", value: title });
    if (name?.trim()) await this.#try(() => changeScore(id, { title: name.trim() }));
  }

  /** @param {import("./api.js").Entry} entry */
  async renumber({ id, first_measure: first }) {
    const number = await ask("What number has the first bar?", { yes: "Set", value: String(first ?? 1) });
    if (number === null) return;
    if (/^\d{1,5}$/.test(number.trim())) await this.#try(() => changeScore(id, { first_measure: Number(number) }));
    else say("Give a whole number, such as 1, or 0 for an upbeat.", { serious: true });
  }

  /** @param {import("./api.js").Entry} entry */
  async remove({ id, title }) {
    if (await ask(`Delete “${title}” with its corrections and takes?`, { yes: "Delete", no: "Keep" })) {
      await this.#try(() => deleteScore(id));
    }
  }

  async #try(run) {
    try {
      await run();
    } catch (error) {
      say(error.message, { serious: true });
    }
    this.refresh();
  }
}

function cardOf(entry, library) {
  const { id, title, state } = entry;
  const ready = state === "ready";
  const name = make(ready ? "a.title" : "span.title", ready ? { href: `#/play/${id}` } : {}, title || "Untitled");
  const picture = make(
    "div.thumbnail",
    {},
    ready ? make("img", { src: entry.thumbnail, alt: "", loading: "lazy" }) : iconOf("page"),
  );
  const card = make(
    `li.card.${state}`,
    {},
    picture,
    make("div.about", {}, name, ...statusOf(entry)),
    menuOf(entry, library),
  );
  card.dataset.score = id;
  if (ready)
    picture.addEventListener("click", () => {
      location.hash = `#/play/${id}`;
    });
  return card;
}

function statusOf({ id, state, sentence, progress, page_count: count, last_position: last }) {
  if (state === "failed") return [make("p.lost.small", { role: "alert" }, sentence)];
  if (state === "reading") {
    const bar = make("progress", { "aria-label": "Reading" });
    if (progress.pages) [bar.max, bar.value] = [progress.pages, progress.pages_read];
    return [
      make(
        "p.soft.small",
        {},
        progress.pages
          ? `reading page ${Math.min(progress.pages_read + 1, progress.pages)} of ${progress.pages}`
          : "reading …",
      ),
      bar,
    ];
  }
  const pages = count === 1 ? "1 page" : `${count} pages`;
  return [
    make(
      "p.soft.small",
      {},
      pages,
      last?.bar ? " · " : null,
      last?.bar ? make("a", { href: `#/play/${id}/${last.bar}` }, `go on at bar ${last.measure ?? last.bar}`) : null,
    ),
    sentence ? make("p.doubt.small", {}, sentence) : null,
  ].filter(Boolean);
}

function menuOf(entry, library) {
  const { id, kind, state, title } = entry;
  const ready = state === "ready";
  return make(
    "div.menu",
    {},
    ready && kind !== "notation"
      ? iconButton("edit", `Check the layout of ${title}`, () => {
          location.hash = `#/edit/${id}`;
        })
      : null,
    ready
      ? iconButton("history", `Takes of ${title}`, () => {
          location.hash = `#/takes/${id}`;
        })
      : null,
    iconButton("more", `More for ${title}`, () => openMore(entry, library)),
  );
}

function openMore(entry, library) {
  const run = (action) => () => {
    dialog.close();
    action();
  };
  const dialog = make(
    "dialog",
    { "aria-label": entry.title, onclose: () => dialog.remove() },
    make(
      "div.stack",
      {},
      make("h2", {}, entry.title),
      make("button", { type: "button", onclick: run(() => library.rename(entry)) }, iconOf("edit"), "Rename"),
      make(
        "button",
        { type: "button", onclick: run(() => library.renumber(entry)) },
        iconOf("page"),
        "Number of the first bar",
      ),
      make(
        "a.button",
        { href: `/api/scores/${entry.id}/export`, download: "", onclick: () => dialog.close() },
        iconOf("download"),
        "Export as zip",
      ),
      make("button.danger", { type: "button", onclick: run(() => library.remove(entry)) }, iconOf("trash"), "Delete"),
      make("div.actions", {}, make("button.quiet", { type: "button", onclick: () => dialog.close() }, "Close")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
