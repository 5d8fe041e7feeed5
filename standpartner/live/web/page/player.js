/** What the player does by hand, foot and tap while the pages are shown. It wins over the follower. */
import { addRecording, isSound } from "./api.js";
import { toggleFullscreen } from "./awake.js";
import { ask, say } from "./dom.js";
import { MicrophoneError, whyNoMicrophone } from "./microphone.js";
import { setPreference } from "./preferences.js";

/** For how long a page turned by hand here is not turned back by the news of an earlier turn, in ms. */
const OWN_TURN_MS = 1500;
/** @type {import("./views.js").Layout[]} */
const LAYOUTS = ["single", "two", "half", "zoom"];

export class Player {
  /** @param {import("./performance.js").Performance} owner */
  constructor(owner) {
    this.owner = owner;
    this.turnedAtMs = 0;
    this.opening = false; // whether the microphone is being opened
  }

  get hasJustTurned() {
    return Date.now() - this.turnedAtMs < OWN_TURN_MS;
  }

  /** @param {import("./keys.js").Action} action */
  act(action) {
    const jumps = { next: 1, previous: -1, first: -Infinity, last: Infinity };
    if (action in jumps) this.turnByHand(jumps[action]);
    else if (action === "start") this.toggleListening();
    else if (action === "fullscreen") toggleFullscreen();
    else if (action === "link") this.owner.linking.toggle();
    else if (action === "layout") this.#nextLayout();
    else if (action === "bar") this.askForBar();
    else if (action === "leave") this.#leave();
  }

  /** Go to a bar by its number. */
  async askForBar() {
    const { bars } = this.owner.score;
    const label = await ask("Go on in which bar?", { yes: "Go", value: "" });
    if (label === null || !label.trim()) return;
    const bar = bars.findIndex((each) => each.label === label.trim());
    if (bar >= 0) this.moveTo(bar);
    else
      say(
        bars.length
          ? `There is no bar ${label.trim()}; the last is ${bars.at(-1).label}.`
          : "The bars of this score are unknown.",
      );
  }

  #nextLayout() {
    const layout = LAYOUTS[(LAYOUTS.indexOf(this.owner.layout) + 1) % LAYOUTS.length];
    setPreference("layout", layout);
    this.owner.setLayout(layout);
  }

  #leave() {
    if (this.owner.linking.on) this.owner.linking.leave();
    else if (!document.fullscreenElement && !this.owner.listening.sending) location.hash = "#/";
  }

  /** @param {number} views */
  turnByHand(views) {
    const before = this.owner.turner.view.panes[0].page;
    if (!this.owner.turner.turn(views)) return;
    this.turnedAtMs = Date.now();
    this.owner.showView();
    const { page } = this.owner.turner.view.panes[0];
    const upperOnly = this.owner.layout === "half" && this.owner.turner.index % 2 === 1;
    if (page !== before && !upperOnly) this.owner.connection.send({ type: "turn_page", page: page + 1 });
  }

  tap(clientX, clientY) {
    const hit = this.owner.stage.hit(clientX, clientY);
    if (this.owner.linking.on) {
      if (hit && hit.bar >= 0) this.owner.linking.take(hit.bar);
    } else if (hit) {
      if (hit.bar >= 0) this.moveTo(hit.bar);
      else this.#moveToPoint(hit);
    } else {
      this.turnByHand(clientX < window.innerWidth / 2 ? -1 : 1);
    }
  }

  /** Start or go on in a bar. @param {number} bar It counts from 0. */
  moveTo(bar) {
    const { system, left, label } = this.owner.score.bars[bar];
    this.owner.put(system, left);
    this.owner.connection.send({ type: "move", bar: bar + 1 });
    this.owner.bar.showBar(label);
  }

  #moveToPoint({ page, system, x }) {
    const { top, bottom } = this.owner.score.systems[system];
    this.owner.put(system, x);
    this.owner.connection.send({ type: "move", page: page + 1, page_x: x, page_y: (top + bottom) / 2 });
  }

  async toggleListening() {
    if (this.opening) return;
    if (this.owner.listening.sending) {
      this.endListening();
      return;
    }
    if (this.owner.connection.role === "show") {
      say(whyNoMicrophone() ?? "This device shows what another one hears. Start there.", { serious: true });
      return;
    }
    this.opening = true;
    try {
      const microphone = await this.owner.listening.start({ bar: null, anywhere: this.owner.anywhere });
      if (!microphone) return;
      microphone.warnings.forEach((warning) => say(warning));
      this.owner.bar.showListening(true);
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      say(error.message, { serious: true, lasting: true });
    } finally {
      this.opening = false;
    }
  }

  endListening() {
    this.owner.listening.stop();
    this.owner.bar.showListening(false);
  }

  /** @param {File[]} files */
  async drop(files) {
    const file = files.find(isSound);
    if (!file) {
      say("Only recordings can be dropped here. Add pages in the library.");
      return;
    }
    const done = say(`${file.name} is being followed …`, { lasting: true });
    try {
      location.hash = `#/take/${await addRecording(this.owner.score.id, file, { keepAudio: true })}`;
    } catch (error) {
      say(error.message, { serious: true });
    }
    done();
  }
}
