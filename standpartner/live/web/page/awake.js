/** Keeps the screen on while pages are shown, and asks again whenever the page comes back into view. */
import { say } from "./dom.js";

let wanted = false;
let told = false;
let lock = null;

async function request() {
  if (!wanted || lock || document.visibilityState !== "visible" || !navigator.wakeLock) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => {
      lock = null;
    });
  } catch {
    lock = null; // low battery or not allowed: the screen may go dark, nothing else is lost
  }
}

document.addEventListener("visibilitychange", request);

/** @param {boolean} on */
export function keepAwake(on) {
  wanted = on;
  if (on && !navigator.wakeLock && !told) {
    told = true;
    say("This page cannot keep the screen on; browsers allow that to https only. Let the device itself keep it on.");
  }
  if (on) request();
  else lock?.release();
}

/** Fill the screen, or leave again. It is the whole document that does, for messages lie outside the pages. */
export async function toggleFullscreen() {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await document.documentElement.requestFullscreen?.();
}
