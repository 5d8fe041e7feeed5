/** The practice record: the takes of a score, and one take with its tempo curve and replay. */
import { addRecording, deleteTake, getTake, isSound, listTakes, rawScore, scoreOf, SOUND_FILES } from "./api.js";
import { ask, iconButton, iconOf, make, say } from "./dom.js";
import { preference } from "./preferences.js";
import { Replay } from "./replay.js";
import { tempoChart } from "./tempo_chart.js";

const POLL_MS = 600;

/** Say a time as clocks do. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const share = (part) => `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
const dateOf = (seconds) => new Date(1000 * seconds).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** @param {HTMLElement} root @param {string} id The score. */
export async function openTakes(root, id) {
  const [raw, takes] = await Promise.all([rawScore(id), listTakes(id)]);
  const chooser = make("input", {
    type: "file",
    accept: SOUND_FILES,
    hidden: true,
    onchange: () => follow(id, [...chooser.files]),
  });
  const list = make("ul.takes", {}, ...takes.map((take) => rowOf(take, () => openTakes(root, id))));
  const element = make(
    "section.record",
    {},
    make(
      "header.head",
      {},
      iconButton("back", "To the library", () => {
        location.hash = "#/";
      }),
      make("h1", {}, `Takes of ${raw.title}`),
      make("span.space"),
      make("a.button.primary", { href: `#/play/${id}` }, iconOf("microphone"), "Play"),
    ),
    make(
      "button.drop",
      { type: "button", onclick: () => chooser.click() },
      iconOf("add"),
      make(
        "span",
        {},
        make("b", {}, "Follow a recording"),
        make("span.soft.hint", {}, " Drop wav, flac, ogg or mp3 here, or choose a file"),
      ),
    ),
    takes.length
      ? list
      : make(
          "p.soft.nothing",
          {},
          "No takes yet. Every performance that you let it hear is kept here: its positions, and its sound if you ask for it.",
        ),
    chooser,
  );
  const ending = new AbortController();
  document.addEventListener("drop", ({ dataTransfer }) => follow(id, [...dataTransfer.files]), {
    signal: ending.signal,
  });
  root.replaceChildren(element);
  return { close: () => ending.abort() };
}

async function follow(id, files) {
  const file = files.find(isSound);
  if (!file) {
    say("This is no recording. Drop a wav, flac, ogg or mp3 file.", { serious: true });
    return;
  }
  const done = say(`${file.name} is sent …`, { lasting: true });
  try {
    location.hash = `#/take/${await addRecording(id, file, { keepAudio: true })}`;
  } catch (error) {
    say(error.message, { serious: true, lasting: true });
  }
  done();
}

function rowOf(take, refresh) {
  const remove = async () => {
    if (!(await ask("Delete this take?", { yes: "Delete", no: "Keep" }))) return;
    await deleteTake(take.id).catch((error) => say(error.message, { serious: true }));
    refresh();
  };
  return make(
    "li.take",
    {},
    make(
      "a",
      { href: `#/take/${take.id}` },
      make("b", {}, dateOf(take.started_s)),
      make(
        "span.soft",
        {},
        take.state === "failed"
          ? take.sentence
          : `${clock(take.duration_s)} · ${counted(take.jumps, "jump", "jumps")} · lost ${share(take.lost_share)}${take.has_audio ? " · with sound" : ""}`,
      ),
    ),
    iconButton("trash", `Delete the take of ${dateOf(take.started_s)}`, remove),
  );
}

/** @param {HTMLElement} root @param {string} id The take. */
export async function openTake(root, id) {
  let closed = false;
  let replay = null;
  const view = {
    close: () => {
      closed = true;
      replay?.close();
    },
  };
  const fail = (take) => (error) => {
    if (!closed) root.replaceChildren(without(take, make("p.problem", { role: "alert" }, error.message)));
  };
  const show = async () => {
    const take = await getTake(id);
    if (closed) return;
    if (take.state === "following") {
      root.replaceChildren(waiting(take));
      setTimeout(() => show().catch(fail(take)), POLL_MS);
    } else if (take.state === "failed") {
      throw new Error(take.sentence);
    } else {
      const raw = await rawScore(take.score);
      if (!closed) replay = render(root, take, raw);
    }
  };
  await show();
  return view;
}

const waiting = (take) =>
  without(
    take,
    make("p.nothing", { role: "status" }, "The recording is being followed …"),
    make("progress", { "aria-label": "Following" }),
  );

/** A take of which there is nothing but words to show yet. */
function without(take, ...words) {
  return make(
    "section.record",
    {},
    make(
      "header.head",
      {},
      make("a.button.quiet", { href: `#/takes/${take.score}` }, "‹ Takes"),
      make("h1", {}, take.title),
    ),
    ...words,
  );
}

function render(root, take, raw) {
  const score = scoreOf(raw);
  const surface = make("div.stage", { role: "img", "aria-label": "The pages with the cursor of this take" });
  const replay = new Replay(surface, score, take);
  const chart = tempoChart(take.bars, take.lost, take.duration_s, (timeS) => replay.seek(timeS));
  replay.onTime = chart.show;
  root.replaceChildren(
    make(
      "section.record.one",
      {},
      make(
        "header.head",
        {},
        iconButton("back", "To the takes of this score", () => {
          location.hash = `#/takes/${take.score}`;
        }),
        make(
          "div",
          {},
          make("h1", {}, take.title),
          make("p.soft.small", {}, `${dateOf(take.started_s)} · ${clock(take.duration_s)}`),
        ),
        make("span.space"),
        ...exportsOf(take),
      ),
      make(
        "div.columns",
        {},
        make(
          "div.numbers",
          {},
          make("h2", {}, "Tempo by bar"),
          chart.element,
          replay.controls,
          facts(take, (timeS) => replay.seek(timeS)),
        ),
        make("div.pages", {}, surface),
      ),
    ),
  );
  surface.classList.toggle("dark-pages", preference("darkPages"));
  replay.begin();
  return replay;
}

function exportsOf({ id, has_audio: hasAudio }) {
  const files = [
    ["bars.csv", "Bars"],
    ["csv", "CSV"],
    ["json", "JSON"],
    ["html", "Page"],
  ];
  const links = files.map(([kind, words]) =>
    make("a.button.small", { href: `/api/takes/${id}.${kind}`, download: `take-${id}.${kind}` }, words),
  );
  if (hasAudio) links.push(make("a.button.small", { href: `/api/takes/${id}/audio`, download: "" }, "Sound"));
  return [make("div.exports", { role: "group", "aria-label": "Exports" }, iconOf("download"), ...links)];
}

function facts({ lost, repeated, bars, lost_share: lostShare }, seek) {
  const at = (timeS, words) =>
    make("button.quiet.at", { type: "button", onclick: () => seek(timeS) }, make("span.soft", {}, clock(timeS)), words);
  const name = (number) => bars.find(({ bar }) => bar === number)?.measure ?? number;
  const section = (title, items, none) =>
    make(
      "section",
      {},
      make("h2", {}, title),
      items.length ? make("ul.moments", {}, ...items.map((item) => make("li", {}, item))) : make("p.soft", {}, none),
    );
  return make(
    "div.facts",
    {},
    section(
      "What you repeated",
      repeated.map(({ at_s: timeS, from_bar: from, to_bar: to }) =>
        at(timeS, `from bar ${name(from)} back to bar ${name(to)}`),
      ),
      "Nothing.",
    ),
    section(
      `Where it was lost (${share(lostShare)})`,
      lost.map(({ from_s: from, to_s: to, bar }) =>
        at(from, `${(to - from).toFixed(1)} s${bar ? ` in bar ${name(bar)}` : ""}`),
      ),
      "Nowhere.",
    ),
  );
}
