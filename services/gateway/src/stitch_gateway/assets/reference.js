// The page works without this file; with it one can search, log in and try operations.
"use strict";

let token = null;

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const narrow = window.matchMedia("(max-width: 56rem)");

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details.operation")) target.open = true;
  target?.scrollIntoView();
}

function find(words) {
  for (const item of all("[data-find]")) {
    item.hidden = !words.every((word) => item.dataset.find.includes(word));
  }
  for (const group of all("section.group, .contents ul")) {
    const empty = !all("[data-find]", group).some((item) => !item.hidden);
    group.hidden = empty;
    if (group.matches("ul")) group.previousElementSibling.hidden = empty;
  }
}

function requestOf(form) {
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const input of all("input[data-place]", form)) {
    if (input.dataset.place === "path") {
      path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    } else if (input.value !== "") {
      query.append(input.name, input.value);
    }
  }
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const body = form.querySelector("textarea");
  if (body) headers["Content-Type"] = body.dataset.type;
  const text = query.toString();
  return { url: path + (text && `?${text}`), method: form.dataset.method, headers, body: body?.value };
}

async function send(form) {
  const { url, ...options } = requestOf(form);
  const [outcome, result] = [form.querySelector(".outcome"), form.querySelector(".result")];
  outcome.textContent = "…";
  const began = performance.now();
  try {
    const answer = await fetch(url, options);
    const text = await answer.text();
    outcome.textContent = `${answer.status} ${answer.statusText} in ${Math.round(performance.now() - began)} ms`;
    result.firstChild.textContent = pretty(text);
    result.hidden = text === "";
  } catch (error) {
    outcome.textContent = String(error);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.slice(0, 100000);
  }
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function asCurl(form) {
  const { url, method, headers, body } = requestOf(form);
  const parts = [`curl -X ${method} ${quoted(location.origin + url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body) parts.push(`--data-raw ${quoted(body)}`);
  return parts.join(" \\\n  ");
}

async function logIn(form) {
  const outcome = form.querySelector(".outcome");
  const answer = await fetch("/api/auth/token", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const said = await answer.json();
  token = said.access_token ?? null;
  outcome.textContent = token ? "Logged in; what you try now is sent with your token." : said.detail;
}

addEventListener("hashchange", reveal);
document.getElementById("find").addEventListener("input", (event) => {
  find(event.target.value.toLowerCase().split(/\s+/).filter(Boolean));
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.id === "login") logIn(event.target);
  else send(event.target);
});
document.addEventListener("click", (event) => {
  if (!event.target.matches(".copy")) return;
  const form = event.target.closest("form");
  navigator.clipboard.writeText(asCurl(form)).then(() => {
    form.querySelector(".outcome").textContent = "Copied.";
  });
});
for (const item of all("form[hidden], label.find")) item.hidden = false;
if (narrow.matches) document.querySelector(".contents details").open = false;
reveal();
