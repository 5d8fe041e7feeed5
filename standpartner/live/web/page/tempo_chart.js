/** The tempo curve of a take, bar by bar, as a drawing that can be read without colours. */
import { make, makeSvg } from "./dom.js";

const WIDTH = 1000;
const HEIGHT = 220;
const LEFT = 66;
const RIGHT = 990;
const TOP = 16;
const BOTTOM = 178;

/**
 * Return the least and the greatest tempo to be drawn: always around 1, and never so narrow that a breath looks wild.
 * @param {number[]} tempos
 * @returns {[number, number]}
 */
function tempoRange(tempos) {
  const low = Math.min(0.8, ...tempos);
  const high = Math.max(1.25, ...tempos);
  return [Math.max(low * 0.95, 0.1), Math.min(high * 1.05, 5)];
}

/**
 * Draw the curve.
 * @param {{measure: string | number | null, pass: number, start_s: number, end_s: number, tempo: number | null}[]} bars
 * @param {{from_s: number, to_s: number}[]} lost
 * @param {number} durationS
 * @param {(timeS: number) => void} seek Called with the time of a place that was tapped.
 */
export function tempoChart(bars, lost, durationS, seek) {
  const known = bars.filter(({ tempo }) => tempo !== null && Number.isFinite(tempo));
  const [low, high] = tempoRange(known.map(({ tempo }) => tempo));
  const x = (timeS) => LEFT + ((RIGHT - LEFT) * timeS) / Math.max(durationS, 0.1);
  const scale = (tempo) => Math.log(Math.min(Math.max(tempo, low), high) / low) / Math.log(high / low);
  const y = (tempo) => BOTTOM - (BOTTOM - TOP) * scale(tempo);
  const svg = makeSvg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: "tempo",
    role: "img",
    "aria-label": describe(known),
  });
  for (const tempo of gridOf(low, high, y)) {
    svg.append(
      makeSvg("line", { x1: LEFT, x2: RIGHT, y1: y(tempo), y2: y(tempo), class: tempo === 1 ? "grid usual" : "grid" }),
      makeSvg("text", { x: LEFT - 8, y: y(tempo) + 5, class: "axis end" }, `${Math.round(100 * tempo)} %`),
    );
  }
  for (const { from_s: from, to_s: to } of lost) {
    svg.append(
      makeSvg("rect", { x: x(from), y: TOP, width: Math.max(x(to) - x(from), 3), height: BOTTOM - TOP, class: "lost" }),
    );
  }
  for (const stretch of stretchesOf(known)) {
    const points = stretch.flatMap(({ start_s: start, end_s: end, tempo }) => [
      `${x(start)},${y(tempo)}`,
      `${x(end)},${y(tempo)}`,
    ]);
    svg.append(makeSvg("polyline", { points: points.join(" "), class: "curve" }));
  }
  svg.append(...labels(known, x));
  const now = makeSvg("line", { x1: LEFT, x2: LEFT, y1: TOP - 6, y2: BOTTOM + 6, class: "now" });
  svg.append(now);
  svg.addEventListener("click", ({ clientX }) => {
    const box = svg.getBoundingClientRect();
    const at = ((clientX - box.left) / box.width) * WIDTH;
    seek(Math.min(Math.max(((at - LEFT) / (RIGHT - LEFT)) * durationS, 0), durationS));
  });
  const show = (timeS) => [now.setAttribute("x1", String(x(timeS))), now.setAttribute("x2", String(x(timeS)))];
  return { element: make("div.chart", {}, svg), show };
}

/** Return the tempos to draw lines at: 1, and round ones that leave room for their names. */
function gridOf(low, high, y) {
  const chosen = [1];
  for (const tempo of [0.5, 2, 0.7, 1.4, 0.8, 1.2, 0.9, 1.1, 3, 0.3]) {
    const fits = tempo > low && tempo < high && chosen.every((other) => Math.abs(y(other) - y(tempo)) > 28);
    if (fits) chosen.push(tempo);
  }
  return chosen;
}

/** Return the bars in stretches that were played without a gap. */
function stretchesOf(bars) {
  const stretches = [];
  bars.forEach((bar, index) => {
    const follows = index > 0 && bar.start_s - bars[index - 1].end_s < 0.2;
    if (follows) stretches.at(-1).push(bar);
    else stretches.push([bar]);
  });
  return stretches;
}

function labels(bars, x) {
  const made = [];
  let last = -Infinity;
  for (const { measure, start_s: start } of bars) {
    if (measure === null || x(start) - last < 34) continue;
    last = x(start);
    made.push(makeSvg("text", { x: last, y: BOTTOM + 24, class: "axis" }, String(measure)));
  }
  return made;
}

function describe(bars) {
  if (!bars.length) return "No tempo is known.";
  const by = (better) => bars.reduce((best, bar) => (better(bar.tempo, best.tempo) ? bar : best));
  const slow = by((a, b) => a < b);
  const fast = by((a, b) => a > b);
  return (
    `Tempo by bar. Slowest in bar ${slow.measure}, ${Math.round(100 * slow.tempo)} percent of the usual; ` +
    `fastest in bar ${fast.measure}, ${Math.round(100 * fast.tempo)} percent.`
  );
}
