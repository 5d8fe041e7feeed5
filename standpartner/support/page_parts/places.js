/* Strip positions on pages. */
function systemAt(x) {
  let found = 0;
  while (found + 1 < data.systems.length && data.systems[found + 1].stripLeft <= x) found++;
  return found;
}
function place(x) {
  const index = systemAt(x), s = data.systems[index];
  const share = (x - s.stripLeft) / (s.stripRight - s.stripLeft);
  return {system: index, page: s.page, x: s.left + share * (s.right - s.left), top: s.top, bottom: s.bottom};
}
const measureAt = x => data.measures.findLast(m => m.stripLeft <= x)?.label ?? data.measures[0]?.label ?? "–";
/* What was clicked at (px, py) of a page: the number of the system that is nearest, and the strip position in it. */
function clicked(page, px, py) {
  let system = -1, least = Infinity;
  data.systems.forEach((s, k) => {
    const away = Math.abs((s.top + s.bottom) / 2 - py);
    if (s.page === page && away < least) { system = k; least = away; }
  });
  if (system < 0) return null;
  const s = data.systems[system], share = (Math.min(Math.max(px, s.left), s.right) - s.left) / (s.right - s.left);
  return {system, x: s.stripLeft + share * (s.stripRight - s.stripLeft)};
}
