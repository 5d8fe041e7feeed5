/**
 * The microphone of this device, as plain samples at the rate at which they really come.
 *
 * @typedef {object} Chunk
 * @property {Float32Array} samples Mono.
 * @property {number} heardAtMs When the first sample came in, on the clock of `Date.now()`.
 * @property {number} peak The greatest amplitude, 0 to 1.
 *
 * @typedef {object} Microphone
 * @property {number} rateHz
 * @property {string} label The device's name.
 * @property {string[]} warnings Sentences about what the browser did not do as asked.
 * @property {() => void} close
 */

/** What the follower must hear: the sound as it is, not made fit for telephoning. */
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const NAMES = {
  echoCancellation: "echo cancellation",
  noiseSuppression: "noise suppression",
  autoGainControl: "gain control",
};

const SENTENCES = {
  NotAllowedError:
    "The browser does not let this page hear the microphone. Allow it at the lock beside the address, then try again.",
  NotFoundError: "No microphone was found. Plug one in, then try again.",
  NotReadableError: "The microphone is in use by another program. Close it there, then try again.",
  OverconstrainedError: "The chosen microphone is gone. Choose another one.",
  SecurityError: "This browser gives no page the microphone. Its settings forbid it.",
};

/** A failure that is told to the user as it stands. */
export class MicrophoneError extends Error {}

/** Return why this page cannot have a microphone at all, or null. */
export function whyNoMicrophone() {
  if (!window.isSecureContext) {
    return (
      "Browsers give the microphone to localhost and https only. Open this page on the computer that runs standpartner, " +
      "or start it with --tls. This device can still show the pages while another one listens."
    );
  }
  return navigator.mediaDevices?.getUserMedia ? null : "This browser has no microphone for pages. Use another browser.";
}

/** @returns {Promise<{id: string, label: string}[]>} The microphones; without names until one has been allowed. */
export async function listMicrophones() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind, deviceId }) => kind === "audioinput" && deviceId)
    .map(({ deviceId, label }, index) => ({ id: deviceId, label: label || `Microphone ${index + 1}` }));
}

/**
 * Open a microphone.
 * @param {{deviceId?: string, onChunk: (chunk: Chunk) => void, onEnd: (sentence: string) => void}} options
 * @returns {Promise<Microphone>}
 * @throws {MicrophoneError}
 */
export async function openMicrophone({ deviceId, onChunk, onEnd }) {
  const impossible = whyNoMicrophone();
  if (impossible) throw new MicrophoneError(impossible);
  const stream = await ask(deviceId);
  const [track] = stream.getAudioTracks();
  const context = new AudioContext({ latencyHint: "interactive" });
  const close = () => {
    track.onended = null;
    context.onstatechange = null;
    track.stop();
    if (context.state !== "closed") context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("./microphone-worklet.js", import.meta.url));
    const reader = new AudioWorkletNode(context, "microphone-reader", { numberOfOutputs: 0, channelCountMode: "max" });
    reader.port.onmessage = ({ data }) => onChunk(data);
    context.createMediaStreamSource(stream).connect(reader);
    await context.resume();
  } catch (error) {
    close();
    throw new MicrophoneError(`The browser cannot read the microphone: ${error.message}`);
  }
  track.onended = () => onEnd("The microphone was unplugged or taken away. Plug it in, then start again.");
  context.onstatechange = () => {
    if (context.state !== "interrupted") return;
    onEnd("The browser has stopped the microphone, as it does for pages in the background. Start again.");
  };
  return { rateHz: context.sampleRate, label: track.label, warnings: warningsOf(track.getSettings()), close };
}

async function ask(deviceId) {
  const audio = { ...PLAIN, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio, video: false });
  } catch (error) {
    throw new MicrophoneError(SENTENCES[error.name] ?? `The microphone cannot be opened: ${error.message}`);
  }
}

/**
 * Return sentences about what the browser left on, as read back from the microphone's settings.
 * @param {MediaTrackSettings} settings
 */
function warningsOf(settings) {
  return Object.keys(PLAIN)
    .filter((name) => settings[name] === true || (typeof settings[name] === "string" && settings[name] !== "none"))
    .map((name) => `The browser keeps its ${NAMES[name]} on; this may disturb the following.`);
}

/**
 * Return how far a level meter reaches, 0 to 1, for an amplitude: 60 dB from end to end.
 * @param {number} peak
 */
export function meterOf(peak) {
  return peak > 0 ? Math.min(Math.max(1 + Math.log10(peak) / 3, 0), 1) : 0;
}
