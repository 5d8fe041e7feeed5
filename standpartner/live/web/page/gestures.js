/** Keys, pedals, swipes, taps and dropped files, told as what they mean. */
import { dialogIsOpen } from "./dom.js";
import { actionOf, belongsToControl, swipeOf } from "./keys.js";

/** A finger that moved less than this has tapped. */
const TAP_PX = 12;

/**
 * @param {HTMLElement} surface Where taps and swipes count.
 * @param {{
 *   act: (action: import("./keys.js").Action) => void,
 *   tap: (clientX: number, clientY: number) => void,
 *   drop: (files: File[]) => void,
 * }} listeners
 * @param {AbortSignal} signal It ends the listening.
 */
export function listenToGestures(surface, { act, tap, drop }, signal) {
  document.addEventListener(
    "keydown",
    (event) => {
      if (dialogIsOpen() || belongsToControl(event)) return;
      const action = actionOf(event);
      if (!action) return;
      event.preventDefault();
      if (!event.repeat || action === "next" || action === "previous") act(action);
    },
    { signal },
  );

  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let several = false;
  surface.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      several = fingers.size > 1;
    },
    { signal },
  );
  surface.addEventListener(
    "pointerup",
    (event) => {
      const from = fingers.get(event.pointerId);
      fingers.delete(event.pointerId);
      if (!from || several) return;
      const [across, down] = [event.clientX - from.x, event.clientY - from.y];
      const swipe = swipeOf(across, down);
      if (swipe) act(swipe);
      else if (Math.hypot(across, down) < TAP_PX) tap(event.clientX, event.clientY);
    },
    { signal },
  );
  surface.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId), { signal });

  document.addEventListener("drop", ({ dataTransfer }) => drop([...dataTransfer.files]), { signal });
}
