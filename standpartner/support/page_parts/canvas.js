/* Drawing on canvases in CSS px, sharp on every screen. */
function cleared(canvas) {
  const ratio = devicePixelRatio || 1, {width, height} = canvas.getBoundingClientRect(), ink = canvas.getContext("2d");
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns || canvas.height !== rows) { canvas.width = columns; canvas.height = rows; }
  ink.setTransform(ratio, 0, 0, ratio, 0, 0);
  ink.clearRect(0, 0, width, height);
  ink.font = "13px " + getComputedStyle(document.body).fontFamily;
  ink.lineJoin = "round";
  return {ink, width, height};
}
function verticalLine(ink, x, top, bottom, {tone, wide = 1, dash = []}) {
  ink.strokeStyle = tone;
  ink.lineWidth = wide;
  ink.setLineDash(dash);
  ink.beginPath(); ink.moveTo(x, top); ink.lineTo(x, bottom); ink.stroke();
  ink.setLineDash([]);
}
function write(ink, words, x, y, {tone = colour("soft"), align = "left", base = "alphabetic"} = {}) {
  ink.fillStyle = tone;
  ink.textAlign = align;
  ink.textBaseline = base;
  ink.fillText(words, x, y);
}
/* A wide picture lies in tiles side by side. Its px (0, 0) is drawn at (left, top), on a ground, and cut at a box. */
function drawTiles(ink, tiles, {left, top, zoom: [across, down], box: [x, y, width, height], ground = "#fff"}) {
  ink.save();
  ink.beginPath(); ink.rect(x, y, width, height); ink.clip();
  if (ground) { ink.fillStyle = ground; ink.fillRect(x, y, width, height); }
  for (const tile of tiles) {
    const right = left + tile.width * across;
    if (right >= x && left <= x + width) ink.drawImage(tile, left, top, right - left, tile.height * down);
    left = right;
  }
  ink.restore();
}
