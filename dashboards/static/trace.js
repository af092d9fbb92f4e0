// The waterfall of a trace: only the rows in sight are in the document, so 20,000 spans scroll as quickly as 20.

const ROW = 24;
const box = document.getElementById("waterfall");
const detail = document.getElementById("detail");
const query = new URLSearchParams(location.search);
let data = null;
let shown = [];
let axis = query.get("axis") ?? "time";
let bars = null;
let chosen = -1;
let node = null;
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
  const text = document.querySelector(".find").value.trim().toLowerCase();
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
  document.querySelector(".rows").style.height = `${shown.length * ROW}px`;
  draw();
}

function row(at, place) {
  const line = element("div", `row${at === chosen ? " chosen" : ""}${data.error[at] ? " wrong" : ""}${data.critical[at] ? " critical" : ""}`);
  line.style.top = `${place * ROW}px`;
  line.dataset.at = at;
  line.setAttribute("role", "treeitem");
  line.setAttribute("aria-level", data.depth[at] + 1);
  line.id = `row-${at}`;
  const name = element("span", "what");
  name.style.paddingLeft = `${Math.min(data.depth[at], 24) * 12}px`;
  const parent = at + 1 < data.id.length && data.parent[at + 1] === at;
  const fold = element(parent ? "button" : "span", "plain fold", parent ? (folded.has(at) ? "▸" : "▾") : "");
  if (parent) {
    fold.tabIndex = -1;
    fold.setAttribute("aria-label", folded.has(at) ? "Unfold" : "Fold");
  }
  name.append(fold);
  name.append(element("bdi", "", `${data.error[at] ? "✕ " : ""}${data.retry[at] || data.again[at] ? "↻ " : ""}${data.name[at] || "–"}`));
  name.title = `${data.name[at]}${data.retry[at] ? " (sent again)" : ""}${data.again[at] ? " (called before with the same arguments)" : ""}`;
  const track = element("span", "track");
  const bar = element("span", `strip ${data.kind[at] || "other"}${data.retry[at] || data.again[at] ? " retry" : ""}`);
  bar.style.left = `${bars.left[at] * 100}%`;
  bar.style.width = `max(2px, ${bars.wide[at] * 100}%)`;
  track.append(bar);
  line.append(name, track, element("span", "n", axis === "time" ? took(data.took[at]) : amount(bars.own[at])));
  return line;
}

function draw() {
  const scroller = document.querySelector(".scroller");
  const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 10);
  const last = Math.min(shown.length, first + Math.ceil(scroller.clientHeight / ROW) + 20);
  const rows = [];
  for (let place = first; place < last; place += 1) rows.push(row(shown[place], place));
  document.querySelector(".rows").replaceChildren(...rows);
}

function show(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function empty(value) {
  return value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
}

async function open(at) {
  chosen = at;
  box.setAttribute("aria-activedescendant", `row-${at}`);
  draw();
  detail.hidden = false;
  detail.replaceChildren(element("p", "quiet", "Loading …"));
  const trace = box.dataset.source.replace("/spans.json", "");
  const answer = await fetch(`${trace}/spans/${data.id[at]}.json`);
  const span = await answer.json();
  const close = element("button", "plain close", "✕");
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => { detail.hidden = true; chosen = -1; draw(); });
  const find = element("input");
  find.type = "search";
  find.placeholder = "Find in attributes";
  find.setAttribute("aria-label", "Find in attributes");
  const list = element("dl", "attributes");
  const pairs = Object.entries(span).filter(([name, value]) => !empty(value) && !["attributes", "resource_attributes"].includes(name));
  pairs.push(...Object.entries(span.attributes ?? {}), ...Object.entries(span.resource_attributes ?? {}));
  const fill = () => {
    const text = find.value.toLowerCase();
    list.replaceChildren(...pairs.filter(([name, value]) => !text || name.toLowerCase().includes(text) || show(value).toLowerCase().includes(text))
      .map(([name, value]) => {
        const pair = element("div");
        pair.append(element("dt", "", name), element("dd", "", show(value).slice(0, 20000)));
        return pair;
      }));
  };
  find.addEventListener("input", fill);
  fill();
  detail.replaceChildren(close, element("h3", "", span.name ?? span.detail), find, list);
}

function move(step) {
  const place = Math.max(0, Math.min(shown.length - 1, shown.indexOf(chosen) + step));
  const scroller = document.querySelector(".scroller");
  if (place * ROW < scroller.scrollTop) scroller.scrollTop = place * ROW;
  if ((place + 1) * ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = (place + 1) * ROW - scroller.clientHeight;
  open(shown[place]);
}

function keys(event) {
  if (event.key === "ArrowDown" || event.key === "j") move(1);
  else if (event.key === "ArrowUp" || event.key === "k") move(-1);
  else if (event.key === "ArrowLeft" && chosen >= 0) { folded.add(chosen); select(); }
  else if (event.key === "ArrowRight" && chosen >= 0) { folded.delete(chosen); select(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function choose(group) {
  const same = node && node.name === group.dataset.node && node.kind === group.dataset.kind;
  node = same ? null : { name: group.dataset.node, kind: group.dataset.kind };
  for (const each of document.querySelectorAll(".graph .node")) each.classList.toggle("chosen", !same && each === group);
  select();
}

function axes() {
  for (const button of document.querySelectorAll("[data-axis]")) {
    button.addEventListener("click", () => {
      axis = button.dataset.axis;
      for (const other of document.querySelectorAll("[data-axis]")) other.setAttribute("aria-pressed", other === button);
      query.set("axis", axis);
      history.replaceState(null, "", `?${query}`);
      if (!data) return;
      bars = measure();
      draw();
    });
  }
}

async function start() {
  axes();
  const answer = await fetch(box.dataset.source);
  if (!answer.ok) {
    box.replaceChildren(element("p", "error", "The spans can't be read right now. Load the page again in a moment."));
    return;
  }
  data = await answer.json();
  const scroller = element("div", "scroller");
  scroller.append(element("div", "rows"));
  box.replaceChildren(scroller);
  scroller.style.height = `${Math.min(data.id.length * ROW + 2, Math.max(240, innerHeight - 220))}px`;
  bars = measure();
  scroller.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
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
  document.querySelector(".find").addEventListener("input", select);
  for (const group of document.querySelectorAll(".graph .node")) {
    group.addEventListener("click", () => choose(group));
    group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(group); } });
  }
  select();
}

start();
