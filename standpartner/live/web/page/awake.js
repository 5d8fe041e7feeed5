/** Keeps the screen on while pages are shown, and asks again whenever the page comes back into view. */

let wanted = false;
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
  if (on) request();
  else lock?.release();
}

/** Fill the screen with an element, or leave again. */
export async function toggleFullscreen(element) {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element.requestFullscreen?.();
}
