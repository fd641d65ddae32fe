"use strict";
(() => {
  const line = document.querySelector("[data-zone]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!line || !zone || "chosen" in line.dataset) return;
  if (zone === line.dataset.zone) {
    line.hidden = true;
    return;
  }
  const format = new Intl.DateTimeFormat("en-GB", {
    weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZone: zone,
  });
  const [start, end] = [line.dataset.start, line.dataset.end].map((at) => new Date(at));
  line.querySelector("[data-zone-label]").textContent = "Your time";
  line.querySelector("[data-zone-time]").textContent = format.formatRange(start, end);
})();
