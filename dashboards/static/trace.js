// The spans of a trace as a waterfall, of which only the rows in sight are in the document, so that 20,000 spans scroll
// as quickly as 20, or as a flame view. What is chosen is in the address.

import { Flame } from "./flame.js";
import { tell } from "./span.js";

const ROW = 24;
const AHEAD = 6;
const lines = [];
const box = document.getElementById("waterfall");
const find = document.querySelector(".find");
const nodes = document.querySelectorAll(".graph .node");
const scroller = element("div", "scroller");
const query = new URLSearchParams(location.search);
let data = null;
let shown = [];
let highest = 0;
let axis = query.get("axis") ?? "time";
let bars = null;
let chosen = -1;
let node = null;
let flame = null;
const rowsShown = () => scroller.isConnected;
const folded = new Set();

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function significant(value, unit) {
  return `${Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 })}${unit}`;
}

function remember(name, value) {
  if (value) query.set(name, value);
  else query.delete(name);
  history.replaceState(null, "", `?${query}`);
}

function took(micros) {
  if (micros === null) return "no end";
  if (micros >= 60e6) return `${Math.floor(micros / 60e6)} min ${Math.round((micros % 60e6) / 1e6)} s`;
  if (micros >= 1e6) return significant(micros / 1e6, " s");
  return micros >= 1e3 ? significant(micros / 1e3, " ms") : `${micros} µs`;
}

function amount(value) {
  if (value === null || value === undefined) return "–";
  if (axis === "cost") return value >= 1 ? `$${value.toFixed(2)}` : `$${Number(value.toPrecision(2))}`;
  if (axis === "tokens") return value.toLocaleString("en");
  return value >= 1 ? significant(value, " kWh") : significant(value * 1000, " Wh");
}

// On the axis of time a bar lies where the span lies. On the others a span is as wide as all that is below it, and
// stands behind what came before it: a flame view of money, tokens or energy.
function measure() {
  const many = data.id.length;
  if (axis === "time") {
    const end = data.start.reduce((most, start, at) => Math.max(most, start + (data.took[at] ?? 0)), 1);
    return { left: data.start.map((start) => start / end), wide: data.took.map((each) => (each ?? 0) / end), own: data.took };
  }
  const own = data[axis];
  const sum = own.map((each) => each ?? 0);
  const before = new Array(many);
  let total = 0;
  for (let at = 0; at < many; at += 1) {
    before[at] = total;
    total += own[at] ?? 0;
  }
  for (let at = many - 1; at > 0; at -= 1) if (data.parent[at] >= 0 && data.parent[at] < at) sum[data.parent[at]] += sum[at];
  total = total || 1;
  return { left: before.map((each) => each / total), wide: sum.map((each) => each / total), own: sum };
}

function select() {
  const text = find.value.trim().toLowerCase();
  const hidden = new Array(data.id.length).fill(false);
  shown = [];
  for (let at = 0; at < data.id.length; at += 1) {
    const parent = data.parent[at];
    hidden[at] = parent >= 0 && parent < at && (hidden[parent] || folded.has(parent));
    const named = !text || data.name[at].toLowerCase().includes(text) || data.node[at].toLowerCase().includes(text);
    const within = !node || (data.node[at] === node.name && data.kind[at] === node.kind);
    if (named && within && (text || node || !hidden[at])) shown.push(at);
  }
  const some = text || node;
  document.getElementById("found").textContent = some ? `${shown.length.toLocaleString("en")} of ${data.id.length.toLocaleString("en")}` : "";
  scroller.querySelector(".rows").style.height = `${shown.length * ROW}px`;
  draw();
}

// A row without a span yet. Rows are made once and filled again and again, which costs a frame less than new ones.
function blank() {
  const line = element("div", "row");
  line.setAttribute("role", "treeitem");
  const fold = element("button", "plain fold");
  fold.tabIndex = -1;
  const name = element("span", "what");
  name.append(fold, element("bdi"));
  const track = element("span", "track");
  track.append(element("span", "strip"));
  line.append(name, track, element("span", "n"));
  return line;
}

function fill(line, place) {
  const at = shown[place];
  const again = data.retry[at] || data.again[at];
  line.className = `row${at === chosen ? " chosen" : ""}${data.error[at] ? " wrong" : ""}${data.critical[at] ? " critical" : ""}`;
  line.style.top = `${place * ROW}px`;
  line.dataset.at = at;
  line.id = `row-${at}`;
  line.setAttribute("aria-level", data.depth[at] + 1);
  const [name, track, size] = line.children;
  const [fold, title] = name.children;
  name.style.paddingLeft = `${Math.min(data.depth[at], 24) * 12}px`;
  name.title = `${data.name[at]}${data.retry[at] ? " (sent again)" : ""}${data.again[at] ? " (called before with the same arguments)" : ""}`;
  const parent = data.parent[at + 1] === at;
  fold.textContent = parent ? (folded.has(at) ? "▸" : "▾") : "";
  fold.style.visibility = parent ? "visible" : "hidden";
  fold.setAttribute("aria-label", folded.has(at) ? "Unfold" : "Fold");
  title.textContent = `${data.error[at] ? "✕ " : ""}${again ? "↻ " : ""}${data.name[at] || "–"}`;
  const [bar] = track.children;
  bar.className = `strip ${data.kind[at] || "other"}${again ? " retry" : ""}`;
  bar.style.left = `${bars.left[at] * 100}%`;
  bar.style.width = `max(2px, ${bars.wide[at] * 100}%)`;
  size.textContent = said(at);
}

// What the amount of a span is on this axis, in words.
function said(at) {
  return axis === "time" ? took(data.took[at]) : amount(bars.own[at]);
}

// When it was only `scrolled`, rows that left the picture on one side become those that come in on the other.
function draw(scrolled = false) {
  if (!rowsShown()) {
    flame.chosen = chosen;
    flame.show(bars, axis, node || find.value.trim() ? new Set(shown) : null);
    return;
  }
  const rows = scroller.querySelector(".rows");
  const many = Math.min(shown.length, Math.ceil(scroller.clientHeight / ROW) + 2 * AHEAD);
  const first = Math.max(0, Math.min(shown.length - many, Math.floor(scroller.scrollTop / ROW) - AHEAD));
  const all = !scrolled || many !== lines.length || Math.abs(first - highest) >= many;
  while (lines.length > many) lines.pop().remove();
  while (lines.length < many) rows.append(lines[lines.push(blank()) - 1]);
  if (all) lines.forEach((line, at) => fill(line, first + at));
  for (let place = highest + many; !all && place < first + many; place += 1) {
    const line = lines.shift();
    lines.push(line);
    rows.append(line);
    fill(line, place);
  }
  for (let place = highest - 1; !all && place >= first; place -= 1) {
    const line = lines.pop();
    lines.unshift(line);
    rows.prepend(line);
    fill(line, place);
  }
  highest = first;
}

// Everything that is known of a span, beside the picture.
function open(at) {
  chosen = at;
  remember("span", data.id[at]);
  if (rowsShown()) box.setAttribute("aria-activedescendant", `row-${at}`);
  draw();
  const trace = box.dataset.source.replace("/spans.json", "");
  tell(`${trace}/spans/${data.id[at]}.json`, () => { chosen = -1; remember("span", ""); draw(); });
}

function inSight(place) {
  if (place * ROW < scroller.scrollTop) scroller.scrollTop = place * ROW;
  if ((place + 1) * ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = (place + 1) * ROW - scroller.clientHeight;
}

function move(step) {
  const place = Math.max(0, Math.min(shown.length - 1, shown.indexOf(chosen) + step));
  if (!shown.length) return;
  inSight(place);
  open(shown[place]);
}

function keys(event) {
  if (!rowsShown()) return;
  if (event.key === "ArrowDown" || event.key === "j") move(1);
  else if (event.key === "ArrowUp" || event.key === "k") move(-1);
  else if (event.key === "ArrowLeft" && chosen >= 0) { folded.add(chosen); select(); }
  else if (event.key === "ArrowRight" && chosen >= 0) { folded.delete(chosen); select(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// Leaves the spans of a node of the call graph alone; of none when it was chosen before.
function choose(group) {
  const same = !group || (node && node.name === group.dataset.node && node.kind === group.dataset.kind);
  node = same ? null : { name: group.dataset.node, kind: group.dataset.kind };
  for (const each of document.querySelectorAll(".graph .node")) {
    each.classList.toggle("chosen", !same && each === group);
    each.setAttribute("aria-pressed", String(!same && each === group));
  }
  remember("node", node && `${node.kind} ${node.name}`);
  if (data) select();
}

// Buttons of which one is pressed; what it stands for is kept in the address.
function choices(name, chosenNow, take) {
  const buttons = document.querySelectorAll(`[data-${name}]`);
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(button.dataset[name] === chosenNow));
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      remember(name, button.dataset[name]);
      take(button.dataset[name]);
    });
  }
}

function view(name) {
  const rows = name !== "flame";
  box.setAttribute("role", rows ? "tree" : "group");
  box.removeAttribute("aria-activedescendant");
  box.tabIndex = rows ? 0 : -1;
  if (rows) box.replaceChildren(scroller);
  else box.replaceChildren(flame.back, flame.box);
  flame.tip.hidden = true;
  select();
}

function listen() {
  scroller.addEventListener("scroll", () => requestAnimationFrame(() => draw(true)), { passive: true });
  scroller.addEventListener("click", (event) => {
    const line = event.target.closest(".row");
    if (!line) return;
    const at = Number(line.dataset.at);
    if (event.target.closest(".fold") && event.target.textContent) {
      if (!folded.delete(at)) folded.add(at);
      select();
    } else open(at);
  });
  box.addEventListener("keydown", keys);
  find.addEventListener("input", () => { remember("find", find.value.trim()); if (data) select(); });
  for (const group of nodes) {
    group.addEventListener("click", () => choose(group));
    group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(group); } });
  }
}

// What is chosen before the spans are here holds as soon as they are.
async function start() {
  listen();
  choices("axis", axis, (name) => { axis = name; if (data) { bars = measure(); draw(); } });
  choices("view", query.get("view") ?? "rows", (name) => { if (data) view(name); });
  find.value = query.get("find") ?? "";
  choose([...nodes].find((each) => `${each.dataset.kind} ${each.dataset.node}` === query.get("node")));
  const answer = await fetch(box.dataset.source);
  if (!answer.ok) {
    box.replaceChildren(element("p", "error", "The spans can't be read right now. Load the page again in a moment."));
    return;
  }
  data = await answer.json();
  scroller.append(element("div", "rows"));
  scroller.style.height = `${Math.min(data.id.length * ROW + 2, Math.max(240, innerHeight - 220))}px`;
  bars = measure();
  flame = new Flame(data, open, (at) => `${data.name[at] || "–"}\n${data.kind[at] || "other"}, ${said(at)}${data.error[at] ? ", failed" : ""}`);
  document.body.append(flame.tip);
  view(query.get("view"));
  const at = data.id.indexOf(query.get("span"));
  if (at < 0) return;
  if (shown.includes(at)) inSight(shown.indexOf(at));
  open(at);
}

start();
