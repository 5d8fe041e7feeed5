/* The sound and going about in it. The page says how it draws, and at which second its last frame begins. */
const audio = new Audio(data.audio);
audio.preload = "auto";
const clock = s => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}.${Math.floor(s % 1 * 10 + 1e-6)}`;
const seek = time => { audio.currentTime = Math.min(Math.max(time, 0), lastTime); draw(); };
function toggle() {
  if (!audio.paused) return audio.pause();
  if (audio.ended || audio.currentTime > lastTime - .05) audio.currentTime = 0;
  audio.play();
}
function drawWhilePlaying() { draw(); if (!audio.paused) requestAnimationFrame(drawWhilePlaying); }
function showTime() {
  $("time").textContent = clock(Math.min(audio.currentTime, lastTime)) + " / " + clock(lastTime);
  if (document.activeElement !== $("seek") || !audio.paused) $("seek").value = audio.currentTime;
  $("play").textContent = audio.paused ? "Play" : "Pause";
}
function startPlayer(moreKeys = {}) {
  const keys = {" ": toggle, ArrowLeft: () => seek(audio.currentTime - 2), ArrowRight: () => seek(audio.currentTime + 2),
    Home: () => seek(0), End: () => seek(lastTime), ...moreKeys};
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
    if (event.key === " " && event.target.tagName === "BUTTON" && event.target.id !== "play") return;
    event.preventDefault();
    keys[event.key]();
  });
  $("seek").max = lastTime;
  $("seek").addEventListener("input", event => seek(+event.target.value));
  $("play").addEventListener("click", toggle);
  for (const event of ["play", "pause", "ended", "seeked", "loadedmetadata"]) audio.addEventListener(event, drawWhilePlaying);
}
