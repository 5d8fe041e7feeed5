/**
 * Corrections of a layout. Every function takes pages and returns new ones, so that each step can be undone.
 *
 * All places are fractions of the page.
 *
 * @typedef {object} EditedSystem
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 * @property {number} staves
 * @property {number[]} barlines The right ends of its bars, increasing.
 * @property {number} doubt
 * @property {number[]} barDoubts One for each bar; empty if unknown.
 *
 * @typedef {object} EditedPage
 * @property {number} source The page of the file that it shows, from 0.
 * @property {EditedSystem[]} systems From top to bottom.
 */

const LEAST_WIDTH = 0.05;
const LEAST_HEIGHT = 0.01;
const LEAST_BAR = 0.008;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const sorted = (systems) => [...systems].sort((a, b) => a.top + a.bottom - b.top - b.bottom);

/**
 * @param {EditedPage[]} pages
 * @param {number} page
 * @param {(systems: EditedSystem[]) => EditedSystem[]} change
 */
function withSystems(pages, page, change) {
  return pages.map((each, index) => (index === page ? { ...each, systems: change(each.systems) } : each));
}

function withSystem(pages, page, system, change) {
  return withSystems(pages, page, (systems) => systems.map((each, index) => (index === system ? change(each) : each)));
}

/** What a person has set is not in doubt. */
function trusted(system, barlines) {
  return { ...system, barlines, doubt: 0, barDoubts: [] };
}

/**
 * Add a barline, unless there is one already.
 * @param {EditedPage[]} pages
 */
export function addBarline(pages, page, system, x) {
  return withSystem(pages, page, system, (each) => {
    if (x <= each.left + LEAST_BAR || x > each.right) return each;
    if (each.barlines.some((line) => Math.abs(line - x) < LEAST_BAR)) return each;
    return trusted(
      each,
      [...each.barlines, x].sort((a, b) => a - b),
    );
  });
}

/** Add a barline in the middle of a system's widest bar. @param {EditedPage[]} pages */
export function splitWidestBar(pages, page, system) {
  const { left, barlines } = pages[page].systems[system];
  const bars = barlines.map((right, index) => ({ right, left: barlines[index - 1] ?? left }));
  const widest = bars.reduce((best, bar) => (bar.right - bar.left > best.right - best.left ? bar : best), {
    left,
    right: left,
  });
  return addBarline(pages, page, system, (widest.left + widest.right) / 2);
}

/** @param {EditedPage[]} pages */
export function removeBarline(pages, page, system, line) {
  return withSystem(pages, page, system, (each) =>
    trusted(
      each,
      each.barlines.filter((_, index) => index !== line),
    ),
  );
}

/**
 * Move a barline, but not past its neighbours.
 * @param {EditedPage[]} pages
 */
export function moveBarline(pages, page, system, line, x) {
  return withSystem(pages, page, system, (each) => {
    const low = (each.barlines[line - 1] ?? each.left) + LEAST_BAR;
    const high = (each.barlines[line + 1] ?? each.right + LEAST_BAR) - LEAST_BAR;
    return trusted(
      each,
      each.barlines.map((old, index) => (index === line ? clamp(x, low, high) : old)),
    );
  });
}

/**
 * Add a system with one bar.
 * @param {EditedPage[]} pages
 * @param {import("./score.js").Box} box
 */
export function addSystem(pages, page, box) {
  const left = clamp(Math.min(box.left, box.right), 0, 1 - LEAST_WIDTH);
  const top = clamp(Math.min(box.top, box.bottom), 0, 1 - LEAST_HEIGHT);
  const right = clamp(Math.max(box.left, box.right), left + LEAST_WIDTH, 1);
  const bottom = clamp(Math.max(box.top, box.bottom), top + LEAST_HEIGHT, 1);
  const like = pages.flatMap((each) => each.systems)[0];
  const added = { left, top, right, bottom, staves: like?.staves ?? 2, barlines: [right], doubt: 0, barDoubts: [] };
  return withSystems(pages, page, (systems) => sorted([...systems, added]));
}

/** @param {EditedPage[]} pages */
export function removeSystem(pages, page, system) {
  return withSystems(pages, page, (systems) => systems.filter((_, index) => index !== system));
}

/**
 * Move one side of a system's box. Barlines that are left outside go.
 * @param {EditedPage[]} pages
 * @param {"left" | "right" | "top" | "bottom"} side
 */
export function moveSide(pages, page, system, side, at) {
  return withSystem(pages, page, system, (each) => {
    const box = { ...each };
    if (side === "left") box.left = clamp(at, 0, each.right - LEAST_WIDTH);
    if (side === "right") box.right = clamp(at, each.left + LEAST_WIDTH, 1);
    if (side === "top") box.top = clamp(at, 0, each.bottom - LEAST_HEIGHT);
    if (side === "bottom") box.bottom = clamp(at, each.top + LEAST_HEIGHT, 1);
    const wasAtEnd = Math.abs((each.barlines.at(-1) ?? 0) - each.right) < LEAST_BAR;
    let barlines = each.barlines.filter((x) => x > box.left + LEAST_BAR && x <= box.right);
    if (side === "right" && wasAtEnd)
      barlines = [...each.barlines.slice(0, -1).filter((x) => x < box.right - LEAST_BAR), box.right];
    return trusted(box, barlines.length ? barlines : [box.right]);
  });
}

/**
 * Move a system with its barlines, but not off the page.
 * @param {EditedPage[]} pages
 */
export function moveSystem(pages, page, system, across, down) {
  return withSystem(pages, page, system, (each) => {
    const right = clamp(across, -each.left, 1 - each.right);
    const below = clamp(down, -each.top, 1 - each.bottom);
    const box = {
      ...each,
      left: each.left + right,
      right: each.right + right,
      top: each.top + below,
      bottom: each.bottom + below,
    };
    return trusted(
      box,
      each.barlines.map((x) => x + right),
    );
  });
}

/**
 * Set the number of staves of a system.
 * @param {EditedPage[]} pages
 */
export function setStaves(pages, page, system, staves) {
  return withSystem(pages, page, system, (each) => ({ ...each, staves: clamp(Math.round(staves), 1, 40), doubt: 0 }));
}

/** Say that a system is right as it is. @param {EditedPage[]} pages */
export function trustSystem(pages, page, system) {
  return withSystem(pages, page, system, (each) => trusted(each, each.barlines));
}

/** Move a page to another place in the order. @param {EditedPage[]} pages */
export function movePage(pages, from, to) {
  const rest = pages.filter((_, index) => index !== from);
  rest.splice(clamp(to, 0, rest.length), 0, pages[from]);
  return rest;
}

/** Leave a page out. @param {EditedPage[]} pages */
export function removePage(pages, page) {
  return pages.length > 1 ? pages.filter((_, index) => index !== page) : pages;
}

/**
 * Return what is in doubt, worst first.
 * @param {EditedPage[]} pages
 * @param {number} [from] The least doubt that counts.
 * @returns {{page: number, system: number, doubt: number}[]}
 */
export function doubts(pages, from = 0.3) {
  return pages
    .flatMap((each, page) => each.systems.map(({ doubt }, system) => ({ page, system, doubt })))
    .filter(({ doubt }) => doubt >= from)
    .sort((a, b) => b.doubt - a.doubt);
}

/** Steps that can be undone and done again. */
export class History {
  /** @param {EditedPage[]} pages */
  constructor(pages) {
    this.past = [];
    this.pages = pages;
    this.future = [];
  }

  get changed() {
    return this.past.length > 0;
  }

  /** @param {EditedPage[]} pages */
  set(pages) {
    if (JSON.stringify(pages) === JSON.stringify(this.pages)) return;
    this.past.push(this.pages);
    this.pages = pages;
    this.future = [];
  }

  undo() {
    if (!this.past.length) return;
    this.future.push(this.pages);
    this.pages = this.past.pop();
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.pages);
    this.pages = this.future.pop();
  }
}
