// Makes the plots of presence and the result's video move each other. Listens on the document, as
// Gradio replaces the elements with every result.
(() => {
  const video = () => document.querySelector("#slvp-player video");

  function show(track, time) {
    const duration = Number(track.dataset.duration);
    const levels = track.dataset.levels.split(",");
    const share = Math.min(1, Math.max(0, time / duration));
    const level = levels[Math.min(levels.length - 1, Math.floor(share * levels.length))];
    track.querySelector(".slvp-head").style.left = `${share * 100}%`;
    track.setAttribute("aria-valuenow", time.toFixed(2));
    track.setAttribute(
      "aria-valuetext", `${time.toFixed(1)} seconds, presence ${Math.round(level * 100)} percent`);
  }

  function seek(time) {
    const player = video();
    if (player) player.currentTime = time;
    document.querySelectorAll(".slvp-track").forEach((track) => show(track, time));
  }

  document.addEventListener("click", (event) => {
    const track = event.target.closest?.(".slvp-track");
    if (!track) return;
    const box = track.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * Number(track.dataset.duration));
  });

  document.addEventListener("keydown", (event) => {
    const track = event.target.closest?.(".slvp-track");
    if (!track) return;
    const duration = Number(track.dataset.duration);
    const step = duration / track.dataset.levels.split(",").length;
    const now = Number(track.getAttribute("aria-valuenow"));
    const target = {
      ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step,
      PageDown: now - 10 * step, PageUp: now + 10 * step, Home: 0, End: duration - step / 2,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    seek(Math.min(duration - step / 2, Math.max(0, target)));
  });

  document.addEventListener("timeupdate", (event) => {
    if (event.target !== video()) return;
    document.querySelectorAll(".slvp-track").forEach(
      (track) => show(track, event.target.currentTime));
  }, true);
})();
