/**
 * Which key does what. Page-turning pedals are keyboards: they send one of these keys.
 *
 * @typedef {"next" | "previous" | "first" | "last" | "start" | "fullscreen" | "link" | "leave" | "layout" | "bar"} Action
 */

/** @type {Record<string, Action>} */
const ACTIONS = {
  PageDown: "next",
  ArrowRight: "next",
  ArrowDown: "next",
  " ": "next",
  Enter: "next",
  PageUp: "previous",
  ArrowLeft: "previous",
  ArrowUp: "previous",
  Backspace: "previous",
  Home: "first",
  End: "last",
  s: "start",
  f: "fullscreen",
  l: "link",
  v: "layout",
  b: "bar",
  Escape: "leave",
};

/**
 * Return what a key does while pages are shown, or null. Shift turns "next" into "previous".
 * @param {{key: string, shiftKey?: boolean, ctrlKey?: boolean, altKey?: boolean, metaKey?: boolean}} event
 * @returns {Action | null}
 */
export function actionOf({ key, shiftKey = false, ctrlKey = false, altKey = false, metaKey = false }) {
  if (ctrlKey || altKey || metaKey) return null;
  const action = ACTIONS[key.length === 1 ? key.toLowerCase() : key] ?? null;
  return shiftKey && action === "next" ? "previous" : action;
}

/** The least way of a swipe, in px, and how much longer it is than high. */
const SWIPE_PX = 48;
const SWIPE_RATIO = 1.4;

/**
 * Return what a finger's way means: a swipe to the left shows the next page.
 * @param {number} acrossPx
 * @param {number} downPx
 * @returns {"next" | "previous" | null}
 */
export function swipeOf(acrossPx, downPx) {
  if (Math.abs(acrossPx) < SWIPE_PX || Math.abs(acrossPx) < SWIPE_RATIO * Math.abs(downPx)) return null;
  return acrossPx < 0 ? "next" : "previous";
}

/** Keys that a control takes for itself while it has the focus. */
export function belongsToControl(event) {
  const { target, key } = event;
  const tag = target?.tagName;
  if (target?.isContentEditable || tag === "SELECT" || tag === "TEXTAREA") return true;
  if (tag === "INPUT") return key !== "Escape" && key !== "PageUp" && key !== "PageDown";
  return (tag === "BUTTON" || tag === "A") && (key === " " || key === "Enter");
}
