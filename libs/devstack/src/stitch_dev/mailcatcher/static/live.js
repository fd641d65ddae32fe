// Shows new mails without a reload, and deletes all of them on request.
"use strict";

const pause = 1500;
let revision = document.body.dataset.revision;

async function refresh() {
  const list = document.getElementById("mails");
  const answer = await fetch("/revision");
  const current = String((await answer.json()).revision);
  if (current === revision) return;
  const page = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(page, "text/html");
  const freshList = fresh.getElementById("mails");
  if (list && freshList && !list.contains(document.activeElement)) {
    list.replaceChildren(...freshList.childNodes);
    revision = current;
  }
  const count = fresh.getElementById("mail-count");
  if (count) document.getElementById("mail-count").textContent = count.textContent;
}

setInterval(() => {
  if (!document.hidden) refresh().catch(() => {});
}, pause);

document.getElementById("delete-all")?.addEventListener("click", async () => {
  await fetch("/api/v1/messages", { method: "DELETE" });
  location.assign("/");
});
