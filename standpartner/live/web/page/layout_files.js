/**
 * Between a layout as the server tells it, in px with all that was found out about the print, and pages to be edited.
 */

/** @returns {import("./layout_edits.js").EditedPage[]} */
export function editedPages(layout) {
  return layout.pages.map((page, source) => ({
    source,
    systems: page.systems.map((system) => ({
      left: system.left_px / page.width_px,
      right: system.right_px / page.width_px,
      top: system.top_px / page.height_px,
      bottom: system.bottom_px / page.height_px,
      staves: system.staves,
      barlines: system.barlines_px.map((x) => x / page.width_px),
      doubt: system.doubt ?? 0,
      barDoubts: system.bar_doubts ?? [],
    })),
  }));
}

/**
 * Return the layout to send: systems that nobody touched stay as they came.
 * @param {object} layout As it came.
 * @param {import("./layout_edits.js").EditedPage[]} pages
 */
export function rawLayout(layout, pages) {
  const before = editedPages(layout);
  return {
    ...layout,
    pages: pages.map(({ source, systems }) => {
      const page = layout.pages[source];
      const known = new Map(
        before[source].systems.map((system, index) => [JSON.stringify(system), page.systems[index]]),
      );
      return {
        ...page,
        systems: systems.map((system) => known.get(JSON.stringify(system)) ?? rawSystem(page, system)),
      };
    }),
  };
}

function rawSystem({ width_px: width, height_px: height }, system) {
  const px = (share, size) => Math.round(100 * share * size) / 100;
  const right = px(system.right, width);
  const barlines = system.barlines.map((x) => Math.min(px(x, width), right));
  return {
    left_px: px(system.left, width),
    right_px: right,
    top_px: px(system.top, height),
    bottom_px: px(system.bottom, height),
    staves: system.staves,
    bars: barlines.length,
    barlines_px: barlines,
  };
}

/** Return the order of pages as the server knows it. @param {number[]} order That in which they came, from 1. */
export const pageOrder = (order, pages) => pages.map(({ source }) => order[source]);
