/** What the server tells during a performance, and what the pages make of it. */
import { linksOf, rawScore, scoreOf } from "./api.js";
import { say } from "./dom.js";

/**
 * @param {import("./performance.js").Performance} owner
 * @param {{signal: AbortSignal, goTo: number | null}} options A bar to go to as soon as the server answers, from 0.
 */
export function hearServer(owner, { signal, goTo }) {
  const on = (name, take) => owner.connection.on(name, take, signal);
  let wanted = goTo;
  let elsewhere = false; // whether another score is played; that one is being opened
  on("welcome", (message) => {
    elsewhere = Boolean(message.score) && message.score !== owner.score.id;
    if (elsewhere) {
      owner.onOtherScore(message.score);
      return;
    }
    welcome(owner, message);
    if (wanted !== null && owner.score.bars[wanted]) owner.player.moveTo(wanted);
    wanted = null;
  });
  on("state", ({ state, listening }) => {
    setState(owner, state, listening);
    if (!listening && owner.listening.sending) owner.player.endListening();
  });
  on("position", (position) => {
    if (!elsewhere) owner.move(position);
  });
  on("turn", ({ page, reason }) => {
    if (reason === "player") owner.showPage(page - 1);
  });
  on("take", ({ id }) => owner.bar.showTake(id));
  on("score_changed", ({ score }) => changeOfScore(owner, score));
  on("error", ({ sentence }) => say(sentence, { serious: true }));
  on("busy", ({ sentence }) => say(sentence, { serious: true }));
  on("online", () => owner.bar.showOnline(true));
  on("offline", () => {
    owner.bar.showOnline(false);
    owner.listening.forgetTimes();
  });
}

function welcome(owner, { state, listening, position }) {
  setState(owner, state, listening);
  if (position) owner.move(position);
  owner.showPlace();
  owner.tellLeads();
  if (owner.listening.sending && !listening) owner.listening.start({ bar: owner.place?.bar ?? null, anywhere: false });
}

function setState(owner, state, listening) {
  const finished = state === "finished" && owner.state !== "finished";
  owner.state = state;
  owner.element.classList.toggle("playing", listening);
  if (!listening || state === "waiting") owner.bar.showCertainty(listening ? "waiting" : "off");
  if (finished) say("The end of the music. Go back to any bar, and it follows on.");
}

/** Only a layout that differs is drawn anew; other changes, as of links, leave the pages as they are. */
async function changeOfScore(owner, id) {
  if (id !== owner.score.id) {
    if (owner.connection.role === "show") owner.onOtherScore(id);
    return;
  }
  const raw = await rawScore(id).catch(() => null);
  if (raw?.state !== "ready") return;
  owner.raw = raw;
  owner.stage.showLinks(linksOf(raw));
  const shape = ({ pages, systems, bars }) => JSON.stringify([pages, systems, bars]);
  if (shape(scoreOf(raw)) !== shape(owner.score)) owner.onOtherScore(id);
}
