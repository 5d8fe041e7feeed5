/** Brings the microphone's sound to the server while a take is going on, and knows when which sample came in. */
import { openMicrophone } from "./microphone.js";
import { preference } from "./preferences.js";

export class Listening {
  /**
   * @param {import("./connection.js").Connection} connection
   * @param {{onLevel: (peak: number) => void, onEnd: (sentence: string) => void}} options
   */
  constructor(connection, { onLevel, onEnd }) {
    this.connection = connection;
    this.onLevel = onLevel;
    this.onEnd = onEnd;
    /** @type {import("./microphone.js").Microphone | null} */
    this.microphone = null;
    this.sending = false;
    /** Counts how often listening was ended, so that a microphone that opens too late is closed again. */
    this.run = 0;
    /** When the take's first sample came in, on the clock of `Date.now()`; null after a break. */
    this.takeBeganMs = null;
  }

  /**
   * Open the microphone and start a take.
   * @param {{bar: number | null, anywhere: boolean}} from The bar counts from 0.
   * @returns The microphone, or null if listening was ended while it opened.
   * @throws {import("./microphone.js").MicrophoneError}
   */
  async start({ bar, anywhere }) {
    this.microphone ??= await this.#open();
    if (!this.microphone) return null;
    this.connection.describeSound(this.microphone.rateHz);
    const start = { type: "start", anywhere, keep_audio: preference("keepAudio") };
    if (bar !== null && !anywhere) start.bar = bar + 1;
    this.takeBeganMs = null;
    this.connection.send(start);
    this.sending = true;
    this.fresh = true;
    return this.microphone;
  }

  async #open() {
    const { run } = this;
    const microphone = await openMicrophone({
      deviceId: preference("deviceId"),
      onChunk: (chunk) => this.#hear(chunk),
      onEnd: (sentence) => this.#end(sentence),
    });
    if (run === this.run) return microphone;
    microphone.close();
    return null;
  }

  /** End the take. The microphone is let go, so that the browser no longer shows it as in use. */
  stop() {
    if (this.sending) this.connection.send({ type: "stop" });
    this.close();
  }

  close() {
    this.run += 1;
    this.sending = false;
    this.microphone?.close();
    this.microphone = null;
    this.onLevel(0);
  }

  /** The connection broke: sound is lost, so samples can no longer be counted. */
  forgetTimes() {
    this.takeBeganMs = null;
  }

  #hear({ samples, heardAtMs, peak }) {
    this.onLevel(peak);
    if (!this.sending) return;
    if (this.fresh) this.takeBeganMs = heardAtMs;
    this.fresh = false;
    if (!this.connection.sendSound(samples)) this.forgetTimes();
  }

  #end(sentence) {
    this.stop();
    this.onEnd(sentence);
  }
}
