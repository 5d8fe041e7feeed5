/** Talks with the server over HTTP, and turns its answers into what the page works with. */

/** A failure whose message is the server's sentence for the user. */
class ServerError extends Error {}

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new ServerError("The program standpartner does not answer. Is it still running?");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  let sentence = `The server answered with ${answer.status}.`;
  try {
    sentence = (await answer.json()).error ?? sentence;
  } catch {
    // no JSON: the status has to do
  }
  throw new ServerError(sentence);
}

const json = (method, body) => ({
  method,
  body: JSON.stringify(body),
  headers: { "Content-Type": "application/json" },
});

export const serverFacts = () => request("/api/server");

/**
 * @typedef {object} Entry A score in the library.
 * @property {string} id
 * @property {string} title
 * @property {"reading" | "ready" | "failed"} state
 * @property {string} sentence
 * @property {{pages_read: number, pages: number | null}} progress
 * @property {number} page_count
 * @property {string} kind
 * @property {number} first_measure
 * @property {string} thumbnail
 * @property {{bar: number | null, page: number} | null} last_position
 * @property {number} added_s
 * @property {number | null} played_s
 */

/** @param {string} query @returns {Promise<Entry[]>} */
export async function listScores(query = "") {
  return (await request(`/api/scores?query=${encodeURIComponent(query)}`)).scores;
}

/** @param {File[]} files @returns {Promise<string>} The score's id. */
export async function addScore(files) {
  const form = new FormData();
  files.forEach((file) => form.append("files", file, file.name));
  return (await request("/api/scores", { method: "POST", body: form })).id;
}

/** @param {string} id The answer of the server as it is. */
export const rawScore = (id) => request(`/api/scores/${id}`);

/** @param {string} id @param {Record<string, unknown>} changes */
export const changeScore = (id, changes) => request(`/api/scores/${id}`, json("PATCH", changes));

/** @param {string} id */
export const deleteScore = (id) => request(`/api/scores/${id}`, { method: "DELETE" });

/** @param {string} id @param {object} layout */
export const putLayout = (id, layout) => request(`/api/scores/${id}/layout`, json("PUT", layout));

/** @param {string} id @param {File} file @returns {Promise<string>} The take's id. */
export async function addRecording(id, file, { keepAudio }) {
  const form = new FormData();
  form.append("file", file, file.name);
  form.append("keep_audio", String(keepAudio));
  return (await request(`/api/scores/${id}/recordings`, { method: "POST", body: form })).take;
}

/** @param {string} id */
export const listTakes = async (id) => (await request(`/api/scores/${id}/takes`)).takes;

/** @param {string} id */
export const getTake = (id) => request(`/api/takes/${id}.json`);

/** @param {string} id */
export const deleteTake = (id) => request(`/api/takes/${id}`, { method: "DELETE" });

/**
 * Make a score of the server's answer: px become fractions, and all is counted from 0.
 * @returns {import("./score.js").Score}
 */
export function scoreOf(raw) {
  const sizes = raw.pages.map(({ width_px: width, height_px: height }) => ({ width, height }));
  const pages = raw.pages.map(({ image, crop }, index) => ({
    url: image,
    aspect: sizes[index].height / sizes[index].width,
    crop: crop ?? { left: 0, top: 0, right: 1, bottom: 1 },
  }));
  const systems = raw.systems.map((system) => {
    const { width, height } = sizes[system.page - 1];
    return {
      page: system.page - 1,
      left: system.left_px / width,
      right: system.right_px / width,
      top: system.top_px / height,
      bottom: system.bottom_px / height,
      doubt: system.doubt,
    };
  });
  const bars = raw.bars.map((bar) => ({
    system: bar.system - 1,
    label: String(bar.measure),
    left: bar.left_px / sizes[bar.page - 1].width,
    right: bar.right_px / sizes[bar.page - 1].width,
    doubt: bar.doubt,
  }));
  return { id: raw.id, title: raw.title || "Untitled", pages, systems, bars };
}

/** @returns {import("./score.js").Link[]} */
export const linksOf = (raw) =>
  (raw.links ?? []).map(({ from_bar: from, to_bar: to, times }) => ({ from: from - 1, to: to - 1, times }));

/** @param {import("./score.js").Link[]} links */
export const rawLinks = (links) =>
  links.map(({ from, to, times }) => ({ from_bar: from + 1, to_bar: to + 1, times: times ?? 1 }));

const SOUNDS = /\.(wav|flac|ogg|oga|opus|mp3|m4a|aac)$/i;

/** @param {File} file */
export const isSound = (file) => file.type.startsWith("audio/") || SOUNDS.test(file.name);

/** Files that the library's chooser offers. */
export const SCORE_FILES = ".pdf,.png,.jpg,.jpeg,.tif,.tiff,.webp,.heic,.musicxml,.xml,.mxl,.mei,.krn,.abc";
export const SOUND_FILES = ".wav,.flac,.ogg,.mp3";
