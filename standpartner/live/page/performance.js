/** The pages while one plays: cursor, lit bar, page turns, and what the player does by hand, foot and tap. */
import { addRecording, changeScore, isSound, linksOf, rawLinks, scoreOf } from "./api.js";
import { keepAwake, toggleFullscreen } from "./awake.js";
import { CursorMotion } from "./cursor.js";
import { make, say } from "./dom.js";
import { listenToGestures } from "./gestures.js";
import { Linking } from "./linking.js";
import { Listening } from "./listening.js";
import { MicrophoneError, whyNoMicrophone } from "./microphone.js";
import { PerformanceBar } from "./performance_bar.js";
import { hearServer } from "./performance_news.js";
import { preference, setPreference } from "./preferences.js";
import { progressOf, progressOfBar } from "./score.js";
import { openSettings } from "./settings.js";
import { Stage } from "./stage.js";
import { PageTurner } from "./turner.js";
import { layoutFor, viewsOf } from "./views.js";

/** For how long a page turned by hand here is not turned back by the news of an earlier turn, in ms. */
const OWN_TURN_MS = 1500;
const nowS = () => performance.now() / 1000;

export class Performance {
  /**
   * @param {HTMLElement} root
   * @param {object} raw The score as the server tells it.
   * @param {{connection: import("./connection.js").Connection, bar?: number | null}} options The bar counts from 0.
   */
  constructor(root, raw, { connection, bar = null }) {
    this.raw = raw;
    this.score = scoreOf(raw);
    this.connection = connection;
    this.state = "idle";
    this.place = null;
    this.handTurnAtMs = 0;
    this.anywhere = false;
    this.motion = new CursorMotion();
    this.ending = new AbortController();
    this.#build(root);
    this.linking = new Linking(this);
    this.stage.showLinks(linksOf(raw));
    this.listening = new Listening(connection, {
      onLevel: (peak) => this.bar.showLevel(peak),
      onEnd: (sentence) => {
        say(sentence, { serious: true });
        this.bar.showListening(false);
      },
    });
    this.setLayout(preference("layout"));
    hearServer(this, { signal: this.ending.signal, goTo: bar });
    keepAwake(true);
    this.drawnAtS = nowS();
    this.#draw();
  }

  #build(root) {
    this.element = make("section.performance", { "aria-label": this.score.title });
    this.element.dataset.certainty = "off";
    this.surface = make("div.stage", { tabindex: "0", role: "group", "aria-label": `Pages of ${this.score.title}` });
    this.bar = new PerformanceBar(this);
    this.element.append(this.surface, this.bar.element);
    root.replaceChildren(this.element);
    this.stage = new Stage(this.surface, this.score);
    this.#applyPaper();
    const { signal } = this.ending;
    listenToGestures(this.surface, {
      act: (action) => this.act(action),
      tap: (x, y) => this.tap(x, y),
      drop: (files) => this.#drop(files),
    }, signal);
    window.addEventListener("resize", () => { if (preference("layout") === "auto") this.setLayout("auto"); }, { signal });
    document.addEventListener("fullscreenchange", () => {
      this.element.classList.toggle("fullscreen", Boolean(document.fullscreenElement));
    }, { signal });
    this.surface.focus({ preventScroll: true });
  }

  close() {
    this.ending.abort();
    cancelAnimationFrame(this.frame);
    this.linking.leave();
    this.listening.stop();
    this.connection.close();
    this.stage.close();
    keepAwake(false);
    if (document.fullscreenElement) document.exitFullscreen();
  }

  #applyPaper() {
    this.element.classList.toggle("dark-pages", preference("darkPages"));
  }

  /** Take over changed settings. */
  settingsChanged() {
    this.#applyPaper();
    this.setLayout(preference("layout"));
  }

  get leads() {
    return preference("leads")[this.score.id] ?? {};
  }

  /** @param {"auto" | import("./views.js").Layout} choice */
  setLayout(choice) {
    const layout = choice === "auto" ? layoutFor(this.surface.clientWidth, this.surface.clientHeight) : choice;
    const settings = { lead: preference("lead"), leads: this.leads };
    const before = this.turner?.view.begin ?? 0;
    const held = this.turner?.held ?? false;
    this.layout = layout;
    this.element.dataset.layout = layout;
    this.stage.zoomed = layout === "zoom";
    this.turner = new PageTurner(viewsOf(this.score, layout, settings));
    const progress = this.place && !held ? this.place.progress : before;
    if (this.score.systems.length) this.turner.goTo(progress);
    this.#showView();
    this.tellLeads();
  }

  /** Tell the server when pages turn, for those that are turned by it. */
  tellLeads() {
    if (this.connection.role === "show") return;
    const byPage = Object.fromEntries(Object.entries(this.leads).map(([page, lead]) => [Number(page) + 1, lead]));
    this.connection.send({ type: "settings", lead_systems: preference("lead"), lead_by_page: byPage });
  }

  #showView() {
    const { views, index, reason } = this.turner;
    this.stage.show(views[index], [views[index + 1], views[index - 1]].filter(Boolean));
    const pages = [...new Set(views[index].panes.map(({ page }) => page + 1))].sort((a, b) => a - b);
    this.bar.showPages(pages, this.score.pages.length);
    this.surface.dispatchEvent(new CustomEvent("page-turned", {
      bubbles: true, detail: { pages, reason, progress: this.place?.progress ?? null, view: index },
    }));
  }

  /** @param {import("./keys.js").Action} action */
  act(action) {
    const jumps = { next: 1, previous: -1, first: -Infinity, last: Infinity };
    if (action in jumps) this.turnByHand(jumps[action]);
    else if (action === "start") this.toggleListening();
    else if (action === "fullscreen") toggleFullscreen(this.element);
    else if (action === "link") this.linking.toggle();
    else if (action === "layout") this.#nextLayout();
    else if (action === "leave") this.#leave();
  }

  #nextLayout() {
    const layouts = ["single", "two", "half", "zoom"];
    const layout = layouts[(layouts.indexOf(this.layout) + 1) % layouts.length];
    setPreference("layout", layout);
    this.setLayout(layout);
  }

  #leave() {
    if (this.linking.on) this.linking.leave();
    else if (!document.fullscreenElement && !this.listening.sending) location.hash = "#/";
  }

  /** @param {number} views */
  turnByHand(views) {
    const before = this.turner.view.panes[0].page;
    if (!this.turner.turn(views)) return;
    this.handTurnAtMs = Date.now();
    this.#showView();
    const { page } = this.turner.view.panes[0];
    const upperOnly = this.layout === "half" && this.turner.index % 2 === 1;
    if (page !== before && !upperOnly) this.connection.send({ type: "turn_page", page: page + 1 });
  }

  tap(clientX, clientY) {
    const hit = this.stage.hit(clientX, clientY);
    if (this.linking.on) {
      if (hit && hit.bar >= 0) this.linking.take(hit.bar);
    } else if (hit) {
      if (hit.bar >= 0) this.moveTo(hit.bar);
      else this.#moveToPoint(hit);
    } else {
      this.turnByHand(clientX < window.innerWidth / 2 ? -1 : 1);
    }
  }

  /** Start or go on in a bar. @param {number} bar It counts from 0. */
  moveTo(bar) {
    this.#put(this.score.bars[bar].system, this.score.bars[bar].left, progressOfBar(this.score, bar));
    this.connection.send({ type: "move", bar: bar + 1 });
    this.bar.showBar(this.score.bars[bar].label);
  }

  #moveToPoint({ page, system, x }) {
    const { top, bottom } = this.score.systems[system];
    this.#put(system, x, progressOf(this.score, system, x));
    this.connection.send({ type: "move", page: page + 1, page_x: x, page_y: (top + bottom) / 2 });
  }

  #put(system, x, progress) {
    this.anywhere = false;
    this.place = { system, x, progress };
    this.motion.aim(system, x, nowS());
    this.stage.moveCursor(this.place);
    this.stage.pulse();
    if (this.turner.goTo(progress)) this.#showView();
  }

  async toggleListening() {
    if (this.listening.sending) {
      this.endListening();
      return;
    }
    if (this.connection.role === "show") {
      say(whyNoMicrophone() ?? "This device shows what another one hears. Start there.", { serious: true });
      return;
    }
    try {
      const { warnings } = await this.listening.start({ bar: null, anywhere: this.anywhere });
      warnings.forEach((warning) => say(warning));
      this.bar.showListening(true);
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      say(error.message, { serious: true, lasting: true });
    }
  }

  endListening() {
    this.listening.stop();
    this.bar.showListening(false);
  }

  openSettings() {
    openSettings(this);
  }

  /** @param {import("./score.js").Link[]} links */
  async setLinks(links) {
    this.raw = await changeScore(this.score.id, { links: rawLinks(links) });
    this.stage.showLinks(linksOf(this.raw));
  }

  async #drop(files) {
    const file = files.find(isSound);
    if (!file) {
      say("Only recordings can be dropped here. Add pages in the library.");
      return;
    }
    const done = say(`${file.name} is being followed …`, { lasting: true });
    try {
      location.hash = `#/take/${await addRecording(this.score.id, file, { keepAudio: true })}`;
    } catch (error) {
      say(error.message, { serious: true });
    }
    done();
  }

  /** Show where the music is, as when the page comes to a performance that is under way. */
  showPlace() {
    if (this.place && !this.turner.held && this.turner.goTo(this.place.progress)) this.#showView();
  }

  /** Show a page that was turned to on another device. @param {number} page It counts from 0. */
  showPage(page) {
    const { views, index } = this.turner;
    if (Date.now() - this.handTurnAtMs < OWN_TURN_MS || views[index].panes.some((pane) => pane.page === page)) return;
    const wanted = views.findIndex(({ panes }) => panes[0].page === page);
    if (wanted >= 0 && this.turner.turn(wanted - index)) this.#showView();
  }

  /** Take in where the music is. @param {object} position The server's message. */
  move(position) {
    const system = position.system - 1;
    if (!this.score.systems[system]) return; // of a layout that has changed meanwhile
    const progress = progressOf(this.score, system, position.page_x);
    const bar = position.bar === null ? null : position.bar - 1;
    const linked = position.jumped && this.stage.links.some(({ to }) => to === bar);
    this.place = { system, x: position.page_x, progress, bar };
    const leaps = this.motion.aim(system, position.page_x, nowS());
    if (position.jumped && leaps) this.stage.pulse();
    this.bar.showBar(position.measure);
    this.undrawn = position;
    if (this.state === "waiting") return;
    if (this.element.classList.contains("playing")) this.bar.showCertainty(position.confidence);
    const sure = position.confidence === "sure";
    if (this.turner.take({ progress, sure }, nowS(), { linked })) this.#showView();
  }

  #draw() {
    this.frame = requestAnimationFrame(() => this.#draw());
    const now = nowS();
    this.stage.moveCursor(this.motion.step(now, now - this.drawnAtS));
    this.drawnAtS = now;
    if (!this.undrawn) return;
    const { time_s: timeS, heard_s: heardS } = this.undrawn;
    const began = this.listening.takeBeganMs;
    const delayMs = began === null ? null : Date.now() - began - 1000 * heardS;
    this.undrawn = null;
    const { progress } = this.place;
    this.surface.dispatchEvent(new CustomEvent("cursor-moved", { bubbles: true, detail: { timeS, progress, delayMs } }));
  }
}
