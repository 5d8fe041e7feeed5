/**
 * Fits what is shown of pages, without their empty margins, into the screen.
 *
 * @typedef {import("./score.js").Box} Box
 */

/**
 * Return the box of a part of a cropped page.
 * @param {Box} crop
 * @param {"whole" | "upper" | "lower"} part
 * @param {number} split The y at which the page is cut in two.
 * @returns {Box}
 */
export function partBox(crop, part, split) {
  if (part === "upper") return { ...crop, bottom: Math.max(split, crop.top + 0.01) };
  if (part === "lower") return { ...crop, top: Math.min(split, crop.bottom - 0.01) };
  return crop;
}

/**
 * Return the width in px at which a box of a page fits into a room.
 * @param {Box} box
 * @param {number} aspect The page's height divided by its width.
 * @param {number} widthPx
 * @param {number} heightPx
 * @returns {number} The width of the whole page, in px, at that scale.
 */
function pageWidthToFit(box, aspect, widthPx, heightPx) {
  return Math.min(widthPx / (box.right - box.left), heightPx / ((box.bottom - box.top) * aspect));
}

/**
 * Return where pages beside each other are put on the screen: all at one scale and from one height, in the middle.
 * @param {{box: Box, aspect: number}[]} panes
 * @param {{widthPx: number, heightPx: number, gapPx: number}} room
 * @returns {Placed[]}
 */
export function placeInRow(panes, { widthPx, heightPx, gapPx }) {
  const gapsPx = gapPx * (panes.length - 1);
  const cellPx = (widthPx - gapsPx) / panes.length;
  const pageWidth = Math.min(...panes.map(({ box, aspect }) => pageWidthToFit(box, aspect, cellPx, heightPx)));
  const sizes = panes.map(({ box, aspect }) => sizeOf(box, aspect, pageWidth));
  const top = (heightPx - Math.max(...sizes.map(({ height }) => height))) / 2;
  let left = (widthPx - gapsPx - sizes.reduce((sum, { width }) => sum + width, 0)) / 2;
  return sizes.map(({ width, height }) => {
    const placed = { left, top, width, height, pageWidth };
    left += width + gapPx;
    return placed;
  });
}

/**
 * Return the share of the screen's height for upper halves, by the heights of all upper and lower halves of a score.
 * @param {{upper: Box, lower: Box}[]} pages
 */
export function seamOf(pages) {
  const heights = (part) => pages.reduce((sum, page) => sum + page[part].bottom - page[part].top, 0);
  const upper = heights("upper");
  const share = upper / (upper + heights("lower"));
  return Math.min(Math.max(share, 0.35), 0.65);
}

/**
 * Return where an upper or a lower half is put on the screen: at the seam.
 *
 * Where a half is, and how large, does not depend on the other half. So it stays where it is when that one turns.
 * @param {{box: Box, aspect: number}} half
 * @param {"whole" | "upper" | "lower"} part What is not the upper half is put below.
 * @param {{widthPx: number, heightPx: number, gapPx: number, seam: number}} room
 * @returns {Placed}
 */
export function placeHalf({ box, aspect }, part, { widthPx, heightPx, gapPx, seam }) {
  const upperPx = (heightPx - gapPx) * seam;
  const cellPx = part === "upper" ? upperPx : heightPx - gapPx - upperPx;
  const pageWidth = pageWidthToFit(box, aspect, widthPx, cellPx);
  const { width, height } = sizeOf(box, aspect, pageWidth);
  return {
    left: (widthPx - width) / 2,
    top: part === "upper" ? upperPx - height : upperPx + gapPx,
    width,
    height,
    pageWidth,
  };
}

/**
 * @typedef {object} Placed In px; `pageWidth` is the width of the whole page, `width` that of what is seen of it.
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 * @property {number} pageWidth
 */

function sizeOf(box, aspect, pageWidth) {
  return { width: (box.right - box.left) * pageWidth, height: (box.bottom - box.top) * aspect * pageWidth };
}
