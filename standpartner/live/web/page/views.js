/**
 * What is on the screen at a time: the views of a layout, in the order in which the music passes through them.
 *
 * @typedef {"single" | "two" | "half" | "zoom"} Layout
 *   One page; two pages side by side; one page whose upper half turns first; half a page that fills the screen.
 *
 * @typedef {object} Pane
 * @property {number} page
 * @property {"whole" | "upper" | "lower"} part
 *
 * @typedef {object} View
 * @property {Pane[]} panes From left to right, or from top to bottom in the layout `half`.
 * @property {number} begin The place in systems at which its own music begins.
 * @property {number} end The place at which its own music ends.
 * @property {number} turnAt The place at which the next view is wanted.
 * @property {number[]} systems The systems that can be seen in it.
 *
 * @typedef {object} TurnSettings
 * @property {number} lead How far before the end of a view it turns, in systems.
 * @property {Record<number, number>} leads The lead of single pages, by the page's index.
 */
import { systemsOnPage } from "./score.js";

/** How far into the lower half the upper half turns, in systems. */
const UPPER_TURNS_AT = 0.25;
/** How far into the new upper half the old lower half goes, in systems. */
const LOWER_TURNS_AT = 0.1;

/**
 * Return the y at which a page is cut in two: between two systems, as near to the middle of its music as can be.
 * @param {import("./score.js").Score} score
 * @param {number} page
 * @returns {number}
 */
export function splitOf(score, page) {
  const range = systemsOnPage(score, page);
  if (!range) return 0.5;
  const systems = score.systems.slice(range.first, range.last + 1);
  const middle = (systems[0].top + systems[systems.length - 1].bottom) / 2;
  const gaps = systems.slice(1).map((system, index) => (systems[index].bottom + system.top) / 2);
  if (!gaps.length) return Math.min(1, systems[0].bottom + 0.05);
  return gaps.reduce((best, gap) => (Math.abs(gap - middle) < Math.abs(best - middle) ? gap : best));
}

/**
 * Return the systems that can be seen in a pane.
 * @param {import("./score.js").Score} score
 * @param {Pane} pane
 * @returns {number[]}
 */
export function systemsInPane(score, pane) {
  const split = splitOf(score, pane.page);
  return score.systems.flatMap((system, index) => {
    if (system.page !== pane.page) return [];
    const upper = (system.top + system.bottom) / 2 < split;
    return pane.part === "whole" || (pane.part === "upper") === upper ? [index] : [];
  });
}

/**
 * Return the views of a layout.
 * @param {import("./score.js").Score} score
 * @param {Layout} layout
 * @param {TurnSettings} settings
 * @returns {View[]}
 */
export function viewsOf(score, layout, settings) {
  const views = layout === "half" ? halfViews(score, settings) : plainViews(score, layout, settings);
  views.forEach((view, index) => {
    view.begin = index ? Math.max(view.begin, views[index - 1].begin) : view.begin;
  });
  return views;
}

/** @param {number} page @param {Pane["part"]} part @returns {Pane} */
const pane = (page, part) => ({ page, part });

function plainViews(score, layout, settings) {
  const pages = score.pages.map((_, index) => index);
  let groups = pages.map((page) => [pane(page, "whole")]);
  if (layout === "two") {
    groups = pages
      .filter((page) => page % 2 === 0)
      .map((page) => [page, page + 1])
      .map((pair) => pair.filter((page) => page < pages.length).map((page) => pane(page, "whole")));
  } else if (layout === "zoom") {
    groups = pages
      .flatMap((page) => [[pane(page, "upper")], [pane(page, "lower")]])
      .filter(([only]) => only.part === "upper" || systemsInPane(score, only).length);
  }
  let before = 0;
  return groups.map((panes) => {
    const systems = panes.flatMap((each) => systemsInPane(score, each));
    const begin = systems.length ? systems[0] : before;
    const end = systems.length ? systems[systems.length - 1] + 1 : before;
    before = end;
    const lead = settings.leads[panes[panes.length - 1].page] ?? settings.lead;
    return { panes, systems, begin, end, turnAt: Math.max(begin, end - lead) };
  });
}

function halfViews(score, settings) {
  const views = [];
  let before = 0;
  score.pages.forEach((_, page) => {
    const upper = systemsInPane(score, pane(page, "upper"));
    const lower = systemsInPane(score, pane(page, "lower"));
    const all = [...upper, ...lower];
    const begin = all.length ? all[0] : before;
    const end = all.length ? all[all.length - 1] + 1 : before;
    const lead = settings.leads[page] ?? settings.lead;
    const last = Math.max(begin, end - lead);
    const turnAt = lower.length ? Math.min(lower[0] + UPPER_TURNS_AT, last) : last;
    views.push({ panes: [pane(page, "upper"), pane(page, "lower")], systems: all, begin, end, turnAt });
    before = end;
    if (page + 1 === score.pages.length) return;
    const next = systemsInPane(score, pane(page + 1, "upper"));
    views.push({
      panes: [pane(page + 1, "upper"), pane(page, "lower")],
      systems: [...lower, ...next],
      begin: turnAt,
      end: next.length ? next[next.length - 1] + 1 : end,
      turnAt: end + LOWER_TURNS_AT,
    });
  });
  return views;
}

/**
 * Return the view in which a place is best seen: the first one that shows it and need not be turned there.
 * @param {View[]} views
 * @param {number} progress
 */
export function viewFor(views, progress) {
  const system = Math.floor(progress);
  let seen = 0;
  for (let index = 0; index < views.length; index += 1) {
    if (!views[index].systems.includes(system)) continue;
    seen = index;
    if (progress < views[index].turnAt) return index;
  }
  return seen;
}

/**
 * Return the layout that suits a screen.
 * @param {number} widthPx
 * @param {number} heightPx
 * @returns {Layout}
 */
export function layoutFor(widthPx, heightPx) {
  if (widthPx < heightPx) return "single";
  return heightPx < 560 ? "zoom" : "two";
}
