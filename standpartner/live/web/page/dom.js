/** Small helpers for elements. */

/**
 * @template {string} T
 * @typedef {T extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[T]
 *   : T extends `${infer Name extends keyof HTMLElementTagNameMap}.${string}` ? HTMLElementTagNameMap[Name]
 *   : HTMLElement} ElementOf
 */

/**
 * Make an element.
 * @template {string} T
 * @param {T} tag A tag name, with classes after dots: `button.quiet`.
 * @param {Record<string, unknown>} [properties] Attributes; those that begin with "on" are listeners.
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {ElementOf<T>}
 */
export function make(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  setAll(element, properties);
  for (const child of children) if (child || child === "") element.append(child);
  return /** @type {ElementOf<T>} */ (element);
}

/** Make an SVG element. @returns {SVGElement} */
export function makeSvg(tag, properties = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAll(element, properties);
  element.append(...children);
  return element;
}

function setAll(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (element instanceof HTMLElement && name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
};

/** Make a button with a picture; its words are read out and shown on hover. */
export function iconButton(icon, label, onclick, properties = {}) {
  const button = make("button.icon", { type: "button", "aria-label": label, title: label, onclick, ...properties });
  button.append(iconOf(icon));
  return button;
}

const PATHS = {
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  play: "M8 5v14l11-7z",
  stop: "M7 7h10v10H7z",
  microphone: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  fullscreen: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  link: "M4 7v10M7 7v10M20 7H12a3 3 0 0 0-3 3M9 8v0M17 4l3 3-3 3",
  edit: "M4 20l1-4L16 5l3 3L8 19z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  devices: "M3 5h12v9H3zM1 17h14M17 8h5v12h-5z",
  settings: "M4 7h10M18 7h2M4 12h2M10 12h10M4 17h10M18 17h2M16 5v4M8 10v4M16 15v4",
  history: "M4 12a8 8 0 1 0 3-6M4 4v4h4M12 8v4l3 2",
  undo: "M9 7L4 12l5 5M4 12h10a5 5 0 0 1 0 10",
  redo: "M15 7l5 5-5 5M20 12H10a5 5 0 0 0 0 10",
  page: "M6 3h12v18H6zM9 8h6M9 10h6M9 12h6M9 16h6",
  add: "M12 5v14M5 12h14",
  up: "M5 15l7-7 7 7",
  down: "M5 9l7 7 7-7",
  check: "M4 12l5 5L20 6",
  moon: "M19 14A8 8 0 0 1 10 5a8 8 0 1 0 9 9z",
  more: "M12 5v.01M12 12v.01M12 19v.01",
};

/** @param {string} name */
export function iconOf(name) {
  const filled = name === "play" || name === "stop" || name === "moon";
  return makeSvg(
    "svg",
    { viewBox: "0 0 24 24", class: filled ? "filled" : "", "aria-hidden": "true" },
    makeSvg("path", { d: PATHS[name] }),
  );
}

/** Show a sentence for some seconds; it is also read out. */
export function say(sentence, { lasting = false, serious = false } = {}) {
  const notices = byId("notices");
  const notice = make(
    `div.notice${serious ? ".serious" : ""}`,
    { role: serious ? "alert" : "status" },
    make("span", {}, sentence),
  );
  const go = () => notice.remove();
  notice.append(make("button.quiet", { type: "button", "aria-label": "Close this message", onclick: go }, "✕"));
  [...notices.children].filter((old) => old.firstChild.textContent === sentence).forEach((old) => old.remove());
  notices.append(notice);
  while (notices.children.length > 3) notices.firstChild.remove();
  if (!lasting) setTimeout(go, serious ? 12000 : 5000);
  return go;
}

/**
 * Ask a question in a dialog.
 * @param {string} question
 * @param {{yes: string, no?: string, value?: string}} options With a value, an input is shown.
 * @returns {Promise<string | null>} The input, or "yes"; null if it was put off.
 */
export function ask(question, { yes, no = "Cancel", value }) {
  return new Promise((answer) => {
    const input = value === undefined ? null : make("input", { type: "text", value, "aria-label": question });
    const dialog = make(
      "dialog.question",
      {
        onclose: () => {
          dialog.remove();
          answer(dialog.returnValue === "yes" ? (input?.value ?? "yes") : null);
        },
      },
      make(
        "form",
        { method: "dialog" },
        make("p", {}, question),
        input,
        make("div.actions", {}, make("button", { value: "no" }, no), make("button.primary", { value: "yes" }, yes)),
      ),
    );
    if (input) input.value = value;
    input?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      dialog.close("yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    input?.select();
  });
}

/** Return whether a keyboard event is for a dialog that is open. */
export const dialogIsOpen = () => Boolean(document.querySelector("dialog[open]"));
