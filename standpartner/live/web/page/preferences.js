/** What this device remembers: nothing that matters is lost with it. */

const KEY = "standpartner";

/** @type {Readonly<Record<string, any>>} */
const DEFAULTS = Object.freeze({
  theme: "auto", // auto, light or dark
  layout: "auto", // auto, single, two, half or zoom
  lead: 0.5, // systems
  leads: {}, // score -> page -> systems
  deviceId: "",
  keepAudio: false,
  darkPages: false,
});

let known = read();

function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...DEFAULTS }; // private windows forbid storage: the defaults do
  }
}

/** @param {keyof typeof DEFAULTS} name */
export const preference = (name) => known[name];

/** @param {keyof typeof DEFAULTS} name */
export function setPreference(name, value) {
  known = { ...known, [name]: value };
  try {
    localStorage.setItem(KEY, JSON.stringify(known));
  } catch {
    // it holds until the page is closed
  }
}

const darkDevice = matchMedia("(prefers-color-scheme: dark)");

/** Show the page in the chosen colours. */
export function applyTheme() {
  const theme = preference("theme");
  const ofDevice = darkDevice.matches ? "dark" : "light";
  document.documentElement.dataset.theme = theme === "auto" ? ofDevice : theme;
}

darkDevice.addEventListener("change", applyTheme);
