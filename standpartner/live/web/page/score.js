/**
 * The score as the page needs it: where systems and bars are on its pages.
 *
 * All places are fractions of a page's width and height. A place in the music is told in systems: 3.25 is a quarter of
 * the way through the fourth system.
 *
 * @typedef {object} Page
 * @property {string} url Where its picture is.
 * @property {number} aspect Its height divided by its width.
 * @property {Box} crop What is shown of it: its ink with a small margin.
 *
 * @typedef {object} Box
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 *
 * @typedef {Box & {page: number, doubt: number}} System The page counts from 0.
 *
 * @typedef {object} Bar
 * @property {number} system The index of its system.
 * @property {string} label Its printed or counted number.
 * @property {number} left
 * @property {number} right
 * @property {number} doubt
 *
 * @typedef {object} Place Where the music is.
 * @property {number} system
 * @property {number} x
 * @property {number} progress The same in systems.
 * @property {number | null} bar Null where it is unknown.
 *
 * @typedef {object} Link
 * @property {number} from The bar after which the music jumps.
 * @property {number} to The bar where it goes on.
 * @property {number} [times] How often in a take.
 *
 * @typedef {object} Score
 * @property {string} id
 * @property {string} title
 * @property {Page[]} pages
 * @property {System[]} systems In the order in which they are played.
 * @property {Bar[]} bars In the order in which they are played; empty where bars are unknown.
 */

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Return the place of a point in systems.
 * @param {Score} score
 * @param {number} system
 * @param {number} x The x as a fraction of the page's width.
 */
export function progressOf(score, system, x) {
  const box = score.systems[system];
  return system + clamp((x - box.left) / (box.right - box.left), 0, 0.9999);
}

/**
 * Return the first and the last system of a page, or null for a page without music.
 * @param {Score} score
 * @param {number} page
 * @returns {{first: number, last: number} | null}
 */
export function systemsOnPage(score, page) {
  const first = score.systems.findIndex((system) => system.page === page);
  if (first < 0) return null;
  let last = first;
  while (last + 1 < score.systems.length && score.systems[last + 1].page === page) last += 1;
  return { first, last };
}

/**
 * Return the index of the bar that holds a place, or -1 where bars are unknown.
 * @param {Score} score
 * @param {number} system
 * @param {number} x
 */
export function barAt(score, system, x) {
  let found = -1;
  for (let index = 0; index < score.bars.length; index += 1) {
    const bar = score.bars[index];
    if (bar.system === system && (found < 0 || bar.left <= x)) found = index;
    if (bar.system > system) break;
  }
  return found;
}

/**
 * Return the system that is nearest to a point of a page, or -1 for a page without music.
 * @param {Score} score
 * @param {number} page
 * @param {number} y
 */
export function systemNear(score, page, y) {
  let nearest = -1;
  let least = Infinity;
  score.systems.forEach((system, index) => {
    if (system.page !== page) return;
    const away = Math.max(system.top - y, y - system.bottom, 0);
    if (away < least) [nearest, least] = [index, away];
  });
  return nearest;
}

/**
 * Return the box of a bar on its page; it is as high as its system.
 * @param {Score} score
 * @param {number} bar
 * @returns {Box & {page: number}}
 */
export function boxOfBar(score, bar) {
  const { system, left, right } = score.bars[bar];
  const { top, bottom, page } = score.systems[system];
  return { left, right, top, bottom, page };
}
