/** The pages while one plays: cursor, lit bar and page turns. */
import { changeScore, linksOf, rawLinks, scoreOf } from "./api.js";
import { keepAwake } from "./awake.js";
import { CursorMotion } from "./cursor.js";
import { make, say } from "./dom.js";
import { listenToGestures } from "./gestures.js";
import { Linking } from "./linking.js";
import { Listening } from "./listening.js";
import { PerformanceBar } from "./performance_bar.js";
import { hearServer } from "./performance_news.js";
import { Player } from "./player.js";
import { preference } from "./preferences.js";
import { progressOf } from "./score.js";
import { Stage } from "./stage.js";
import { PageTurner } from "./turner.js";
import { layoutFor, viewsOf } from "./views.js";

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
    /** @type {import("./score.js").Place | null} */
    this.place = null;
    /** @type {(id: string) => void} Called when another score, or another layout of this one, is to be shown. */
    this.onOtherScore = () => {};
    this.anywhere = false;
    this.motion = new CursorMotion();
    this.ending = new AbortController();
    this.player = new Player(this);
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
    listenToGestures(
      this.surface,
      {
        act: (action) => this.player.act(action),
        tap: (x, y) => this.player.tap(x, y),
        drop: (files) => this.player.drop(files),
      },
      signal,
    );
    window.addEventListener(
      "resize",
      () => {
        if (preference("layout") === "auto") this.setLayout("auto");
      },
      { signal },
    );
    document.addEventListener(
      "fullscreenchange",
      () => {
        this.element.classList.toggle("fullscreen", Boolean(document.fullscreenElement));
      },
      { signal },
    );
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
    this.showView();
    this.tellLeads();
  }

  /** Tell the server when pages turn, for those that are turned by it. */
  tellLeads() {
    if (this.connection.role === "show") return;
    const byPage = Object.fromEntries(Object.entries(this.leads).map(([page, lead]) => [Number(page) + 1, lead]));
    this.connection.send({ type: "settings", lead_systems: preference("lead"), lead_by_page: byPage });
  }

  /** Show the view that the turner has chosen. */
  showView() {
    const { views, index, reason } = this.turner;
    this.stage.show(views[index], [views[index + 1], views[index - 1]].filter(Boolean));
    const pages = [...new Set(views[index].panes.map(({ page }) => page + 1))].sort((a, b) => a - b);
    this.bar.showPages(pages, this.score.pages.length);
    this.surface.dispatchEvent(
      new CustomEvent("page-turned", {
        bubbles: true,
        detail: { pages, reason, progress: this.place?.progress ?? null, view: index },
      }),
    );
  }

  /** @param {import("./score.js").Link[]} links */
  async setLinks(links) {
    this.raw = await changeScore(this.score.id, { links: rawLinks(links) });
    this.stage.showLinks(linksOf(this.raw));
  }

  /**
   * Put the music somewhere, as a tap does.
   * @param {number} system
   * @param {number} x
   */
  put(system, x) {
    const progress = progressOf(this.score, system, x);
    this.anywhere = false;
    this.place = { system, x, progress, bar: null };
    this.motion.aim(system, x, nowS());
    this.stage.moveCursor(this.place);
    this.stage.pulse();
    if (this.turner.goTo(progress)) this.showView();
  }

  /** Show where the music is, as when the page comes to a performance that is under way. */
  showPlace() {
    if (this.place && !this.turner.held && this.turner.goTo(this.place.progress)) this.showView();
  }

  /** Show a page that was turned to on another device. @param {number} page It counts from 0. */
  showPage(page) {
    const { views, index } = this.turner;
    if (this.player.hasJustTurned || views[index].panes.some((pane) => pane.page === page)) return;
    const wanted = views.findIndex(({ panes }) => panes[0].page === page);
    if (wanted >= 0 && this.turner.turn(wanted - index)) this.showView();
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
    const sure = position.confidence === "sure";
    if (position.jumped && sure && this.state !== "following") this.showPlace();
    if (this.state === "waiting") return;
    if (this.element.classList.contains("playing")) this.bar.showCertainty(position.confidence);
    if (this.turner.take({ progress, sure }, nowS(), { linked })) this.showView();
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
    this.surface.dispatchEvent(
      new CustomEvent("cursor-moved", { bubbles: true, detail: { timeS, progress, delayMs } }),
    );
  }
}
