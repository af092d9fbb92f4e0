// The explorer: the address is the state. A choice asks for the page at its new address and takes over what changed.

import { complete } from "./complete.js";
import { HeatMap, read, written } from "./heat.js";
import { live } from "./live.js";
import { views } from "./views.js";

const PATIENCE = 1000;
const main = document.querySelector("main");
let map = null;
let latest = 0;

// What of the address is selected, as the picture draws it.
function selection() {
  const asked = new URLSearchParams(location.search);
  const measure = asked.get("measure") || "duration";
  const time = (name) => {
    const text = asked.get(name);
    const at = text ? Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`) : NaN;
    return Number.isNaN(at) ? null : at;
  };
  return { since: time("box_from"), until: time("box_to"), low: read(measure, asked.get("low")), high: read(measure, asked.get("high")) };
}

const short = (at) => new Date(at).toISOString().replace(/(?::00)?\.000Z$/, "Z");

function choose({ since, until, low, high }) {
  const url = new URL(location.href);
  const measure = url.searchParams.get("measure") || "duration";
  const values = {
    box_from: since === null ? null : short(since),
    box_to: until === null ? null : short(until),
    low: low === null ? null : written(measure, low),
    high: high === null ? null : written(measure, high),
  };
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  go(url);
}

function busy(on) {
  const results = document.getElementById("results");
  results?.setAttribute("aria-busy", String(on));
}

async function go(url, push = true) {
  latest += 1;
  const turn = latest;
  busy(true);
  const slow = setTimeout(() => { const said = document.querySelector("#answer .question"); if (said) said.textContent = "Asking the engine …"; }, PATIENCE);
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (turn !== latest) return;
    const next = new DOMParser().parseFromString(text, "text/html");
    if (!answer.ok || !next.querySelector("#answer")) {
      location.assign(url);
      return;
    }
    if (push) history.pushState(null, "", url);
    take(next);
  } catch {
    location.assign(url);
  } finally {
    clearTimeout(slow);
    if (turn === latest) busy(false);
  }
}

// Takes the new page over; the picture stays when it is of the same spans.
function take(next) {
  const [old, fresh] = [document.getElementById("heat"), next.getElementById("heat")];
  const same = old && fresh && samePicture(old.dataset.source, fresh.dataset.source);
  const focused = old?.contains(document.activeElement);
  if (same) {
    fresh.replaceWith(document.adoptNode(old));
  }
  document.title = next.title;
  main.replaceChildren(...[...next.querySelector("main").childNodes].map((node) => document.adoptNode(node)));
  for (const link of document.querySelectorAll("footer a")) {
    const twin = [...next.querySelectorAll("footer a")].find((each) => each.textContent === link.textContent);
    if (twin) link.setAttribute("href", twin.getAttribute("href"));
  }
  begin(same);
  if (same && focused) main.querySelector("#heat svg")?.focus();
}

// Times that follow the clock differ by the seconds between two answers; that is no other picture.
function samePicture(one, other) {
  const [a, b] = [one, other].map((each) => new URL(each, location.href).searchParams);
  const near = (name) => Math.abs(Date.parse(a.get(name)) - Date.parse(b.get(name))) < 60000;
  return a.get("filter") === b.get("filter") && a.get("measure") === b.get("measure") && near("from") && near("to");
}

function begin(same = false) {
  for (const input of main.querySelectorAll("[data-complete]")) complete(input);
  for (const row of main.querySelectorAll("tr[data-href]")) row.tabIndex = 0;
  const panel = main.querySelector(".views .panel");
  if (panel) views(panel, () => go(new URL(location.href), false));
  const button = main.querySelector("button.live");
  if (button) live(button, main.querySelector("table.spans tbody"), document.getElementById("live-said"));
  const figure = document.getElementById("heat");
  if (!figure) return;
  if (!same) {
    map?.tip.remove();
    map = new HeatMap(figure, choose);
  }
  map.selection = selection();
  map.colour = new URLSearchParams(location.search).get("colour");
  map.marks = [...main.querySelectorAll(".marks a")].map((link) => ({ at: Number(link.dataset.at), kind: link.dataset.kind, title: link.textContent }));
  if (same) map.draw();
  else map.load(figure.dataset.source);
}

main.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  if (link.origin !== location.origin || link.pathname !== location.pathname) return;
  event.preventDefault();
  go(new URL(link.href));
});
main.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "get" || form.closest(".panel")) return;
  event.preventDefault();
  const url = new URL(location.pathname, location.href);
  for (const [name, value] of new FormData(form)) if (value) url.searchParams.append(name, value);
  go(url);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("input, dialog")) return;
  if (map?.cursor) map.drop();
  else main.querySelector("a.clear")?.click();
});
addEventListener("popstate", () => go(new URL(location.href), false));
begin();
