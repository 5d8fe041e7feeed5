/**
 * The WebSocket to the server. It comes back by itself after a break, names its session again, and goes on with the
 * take if the server still has it.
 *
 * Events: "welcome", "state", "position", "turn", "take", "score_changed", "error" and "busy" carry the server's message
 * as `detail`; "online" and "offline" tell of the connection itself.
 */

const VERSION = 1;
const RETRY_MS = [100, 300, 600, 1000, 1500];
/** What the player did by hand while there was no connection is told afterwards. */
const KEPT = new Set(["move", "turn_page", "stop"]);
/** Sound that waits in the browser for longer than this is dropped: it would come too late. */
const MOST_WAITING_BYTES = 1_000_000;
/** The server says something every five seconds; a connection that is silent for longer than this is dead. */
const MOST_SILENT_MS = 15_000;

export class Connection extends EventTarget {
  /** @param {{role: "listen" | "show", score: string | null}} options */
  constructor({ role, score }) {
    super();
    this.role = role;
    this.score = score;
    /** @type {string | null} */
    this.session = null;
    this.rateHz = 0;
    this.closed = false;
    this.online = false;
    this.attempt = 0;
    /** @type {{type: string}[]} */
    this.kept = [];
    /** @type {WebSocket | null} */
    this.socket = null;
    this.#open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  /**
   * Send a message, or keep it for later where it matters. Nobody is there to be told while nothing is played.
   * @param {{type: string, [field: string]: unknown}} message
   */
  send(message) {
    if (this.online && !this.session) return;
    if (this.online) this.socket.send(JSON.stringify(message));
    else if (KEPT.has(message.type)) this.kept = [...this.kept.filter(({ type }) => type !== message.type), message];
  }

  /** Say at which rate sound comes from now on. @param {number} rateHz */
  describeSound(rateHz) {
    this.rateHz = rateHz;
    this.#sendRate();
  }

  /** @param {Float32Array} samples @returns {boolean} Whether they were sent. */
  sendSound(samples) {
    if (!this.online || this.socket.bufferedAmount > MOST_WAITING_BYTES) return false;
    this.socket.send(samples);
    return true;
  }

  /**
   * Listen to what the server says.
   * @param {string} name The type of the message, or "online" or "offline".
   * @param {(message: any) => void} take
   * @param {AbortSignal} [signal]
   */
  on(name, take, signal) {
    this.addEventListener(name, (event) => take(/** @type {CustomEvent} */ (event).detail), { signal });
  }

  #sendRate() {
    if (this.rateHz) this.send({ type: "audio", sample_rate_hz: Math.round(this.rateHz), channels: 1 });
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws`);
    this.socket = socket;
    socket.onopen = () => {
      const hello = { type: "hello", version: VERSION, role: this.role };
      if (this.score) hello.score = this.score;
      if (this.session) hello.session = this.session;
      socket.send(JSON.stringify(hello));
    };
    socket.onmessage = ({ data }) => {
      this.#watch();
      this.#take(JSON.parse(data));
    };
    socket.onclose = () => this.#lose();
    this.#watch();
  }

  /** Give up the connection when nothing comes for too long; the browser itself may not notice that it is dead. */
  #watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
      this.#lose();
    }, MOST_SILENT_MS);
  }

  #take(message) {
    if (message.type === "welcome") {
      this.session = message.session;
      this.online = true;
      this.attempt = 0;
      if (message.listening && this.role === "listen") this.#sendRate();
      this.#tell("online");
    }
    if (message.type === "busy") this.retryMs = 1000 * message.retry_s;
    if (message.type === "error" && message.fatal) {
      if (message.code === "no_score" || message.code === "ended") this.session = null;
      if (message.code === "version" || message.code === "not_allowed") this.closed = true;
    }
    this.#tell(message.type, message);
    if (message.type !== "welcome") return;
    this.kept.forEach((kept) => this.send(kept));
    this.kept = [];
  }

  #lose() {
    clearTimeout(this.silence);
    if (this.online) this.#tell("offline");
    this.online = false;
    if (this.closed) return;
    const waitMs = this.retryMs ?? RETRY_MS[Math.min(this.attempt, RETRY_MS.length - 1)];
    this.retryMs = undefined;
    this.attempt += 1;
    this.timer = setTimeout(() => this.#open(), waitMs);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
