/**
 * Runs beside the sound: mixes the microphone's channels down, gathers blocks to chunks and hands them to the page.
 *
 * A chunk's message is `{samples, heardAtMs, peak}`. `heardAtMs` is when its first sample came in, on the clock of
 * `Date.now()`, taken from the earliest block so far, so that a busy moment does not move it.
 */
const CHUNK = 1024;

class MicrophoneReader extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Float32Array(CHUNK);
    this.filled = 0;
    this.count = 0;
    this.startedAtMs = Infinity;
  }

  process([channels]) {
    if (!channels?.length) return true;
    const length = channels[0].length;
    const cameInMs = Date.now() - ((this.count + length) / sampleRate) * 1000;
    this.startedAtMs = Math.min(this.startedAtMs, cameInMs);
    for (let k = 0; k < length; k += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[k];
      this.samples[this.filled] = sum / channels.length;
      this.filled += 1;
      this.count += 1;
      if (this.filled === CHUNK) this.send();
    }
    return true;
  }

  send() {
    const { samples } = this;
    let peak = 0;
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    const heardAtMs = this.startedAtMs + ((this.count - CHUNK) / sampleRate) * 1000;
    this.port.postMessage({ samples, heardAtMs, peak }, [samples.buffer]);
    this.samples = new Float32Array(CHUNK);
    this.filled = 0;
  }
}

registerProcessor("microphone-reader", MicrophoneReader);
