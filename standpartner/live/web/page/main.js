/** Chooses the view by the address: `#/`, `#/play/ID/BAR`, `#/edit/ID`, `#/takes/ID`, `#/take/ID` or `#/show`. */
import { rawScore } from "./api.js";
import { Connection } from "./connection.js";
import { ask, byId, dialogIsOpen, make, say } from "./dom.js";
import { Editor } from "./editor.js";
import { Library } from "./library.js";
import { whyNoMicrophone } from "./microphone.js";
import { Performance } from "./performance.js";
import { applyTheme } from "./preferences.js";
import { openTake, openTakes } from "./takes.js";

/** @type {{close: () => void, unsaved?: boolean} | null} */
let shown = null;
/** Counts the changes of view, so that a slow answer does not show what is no longer wanted. */
let visit = 0;

async function route() {
  const [, name = "", id = "", more = ""] = location.hash.split("/");
  shown?.close();
  shown = null;
  visit += 1;
  const current = visit;
  const root = byId("view");
  try {
    const view = await open(root, { name, id, more }, () => visit === current);
    if (visit === current) shown = view;
    else view?.close();
  } catch (error) {
    root.replaceChildren(problem(error.message));
  }
}

function open(root, { name, id, more }, isCurrent) {
  switch (name) {
    case "play":
      return openPerformance(root, id, { bar: more ? Number(more) - 1 : null, isCurrent });
    case "show":
      return openShow(root);
    case "edit":
      return openEditor(root, id);
    case "takes":
      return openTakes(root, id);
    case "take":
      return openTake(root, id);
    default:
      return new Library(root);
  }
}

async function openPerformance(root, id, { bar, isCurrent }) {
  const raw = await rawScore(id);
  if (raw.state !== "ready") throw new Error(raw.sentence || "This score is still being read.");
  if (!isCurrent()) return null;
  const connection = new Connection({ role: whyNoMicrophone() ? "show" : "listen", score: id });
  const view = new Performance(root, raw, { connection, bar });
  view.onOtherScore = () => route();
  document.title = `${raw.title} – standpartner`;
  return view;
}

/** Show whatever another device hears. The first score may be a while in coming. */
async function openShow(root) {
  root.replaceChildren(
    problem("Waiting for a performance. Open a score and press Listen on the device that hears the music.", "Show"),
  );
  const connection = new Connection({ role: "show", score: null });
  const view = { close: () => connection.close(), inner: null };
  const show = async (id) => {
    const raw = await rawScore(id);
    if (raw.state !== "ready") return;
    view.inner?.close();
    const own = new Connection({ role: "show", score: null });
    view.inner = new Performance(root, raw, { connection: own });
    view.inner.onOtherScore = (other) => show(other).catch((error) => say(error.message, { serious: true }));
    view.close = () => view.inner.close();
  };
  const begin = (id) => {
    if (!id) return;
    connection.close();
    show(id).catch((error) => root.replaceChildren(problem(error.message)));
  };
  connection.on("welcome", ({ score }) => begin(score));
  connection.on("score_changed", ({ score }) => begin(score));
  connection.on("error", ({ sentence }) => say(sentence, { serious: true }));
  return view;
}

async function openEditor(root, id) {
  const raw = await rawScore(id);
  if (!raw.layout) throw new Error("A notation file knows its systems and bars; there is nothing to correct.");
  return new Editor(root, raw);
}

function problem(sentence, title = "") {
  return make(
    "section.library",
    {},
    make("header.head", {}, make("a.button.quiet", { href: "#/" }, "‹ Library"), make("h1", {}, title)),
    make("p.problem", { role: "status" }, sentence),
  );
}

applyTheme();
window.addEventListener("hashchange", async ({ oldURL }) => {
  if (shown?.unsaved) {
    if (dialogIsOpen()) return; // the question is being asked, and its answer counts for where the address is then
    if (!(await ask("Leave without saving your corrections?", { yes: "Leave", no: "Stay" }))) {
      history.pushState(null, "", oldURL);
      return;
    }
  }
  document.title = "standpartner";
  route();
});
window.addEventListener("pagehide", () => shown?.close());
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) route();
});
// a file that is dropped where nothing takes it must not replace the page
["dragover", "drop"].forEach((name) => document.addEventListener(name, (event) => event.preventDefault()));
route();
