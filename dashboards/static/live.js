// Spans as they come in, at the top of the table: asked for every two seconds while the page is seen, bounded, paused at will.

const EVERY = 2000;
const ROWS = 100;
const DASH = "–";
let stop = () => {};

function cell(text, className, title) {
  const made = document.createElement("td");
  if (className) made.className = className;
  const inner = document.createElement("bdi");
  inner.textContent = text || DASH;
  if (title !== undefined) {
    inner.className = "cut name";
    inner.title = title;
  }
  made.append(inner);
  return made;
}

const significant = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });

function took(ns) {
  if (ns === null) return DASH;
  if (ns >= 60e9) return `${significant(ns / 60e9)} min`;
  if (ns >= 1e9) return `${significant(ns / 1e9)} s`;
  return ns >= 1e6 ? `${significant(ns / 1e6)} ms` : `${significant(ns / 1e3)} µs`;
}

function money(usd) {
  if (usd === null) return DASH;
  return usd >= 1 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(3))}`;
}

const count = (value) => (value === null ? DASH : value.toLocaleString("en"));

function row(span) {
  const made = document.createElement("tr");
  made.className = "new";
  made.tabIndex = 0;
  made.dataset.href = `/traces/${encodeURIComponent(span.trace_id)}`;
  made.dataset.span = span.trace_id + span.span_id;
  const trace = document.createElement("td");
  const link = document.createElement("a");
  link.className = "id";
  link.href = made.dataset.href;
  link.textContent = span.trace_id.slice(0, 8);
  trace.append(link);
  const failed = span.status === "error";
  made.append(cell(span.started.slice(11), "time"), trace, cell(span.service, "", span.service), cell(span.name, "", span.name),
    cell(span.model, "", span.model), cell(span.tenant, "", span.tenant), cell(`${count(span.input_tokens)} / ${count(span.output_tokens)}`, "n"),
    cell(took(span.duration_ns), "n"), cell(money(span.cost_usd), "n"), cell(failed ? "✕ error" : span.status, failed ? "error" : "quiet"));
  return made;
}

function remember(on) {
  const url = new URL(location.href);
  if (on) url.searchParams.set("live", "1");
  else url.searchParams.delete("live");
  history.replaceState(null, "", url);
}

export function live(button, body, said) {
  stop();
  let [timer, after, came, left] = [0, 0, 0, 0];

  async function ask() {
    const asked = new URLSearchParams({ after, filter: button.dataset.filterText });
    try {
      const answer = document.hidden ? null : await fetch(`${button.dataset.source}?${asked}`);
      if (answer?.ok) show(await answer.json());
      else if (answer) said.textContent = "The service can't be asked right now; trying again.";
    } catch {
      said.textContent = "The service does not answer; trying again.";
    }
    if (timer) timer = setTimeout(ask, EVERY);
  }

  function show(answer) {
    const known = new Set([...body.rows].map((each) => each.dataset.span));
    const fresh = answer.spans.filter((span) => !known.has(span.trace_id + span.span_id));
    for (const span of fresh) body.prepend(row(span));
    while (body.rows.length > ROWS) body.rows[body.rows.length - 1].remove();
    after = answer.next;
    came += fresh.length;
    left += answer.more && fresh.length === answer.spans.length ? 1 : 0;
    said.textContent = `${came.toLocaleString("en")} came in while watching${left ? "; too fast to show all, a filter brings fewer" : ""}`;
  }

  const set = (on) => {
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Pause" : "Live";
    clearTimeout(timer);
    timer = on ? setTimeout(ask, 0) : 0;
    said.textContent = on ? "Watching …" : came ? `Paused; ${came.toLocaleString("en")} came in` : "";
  };
  stop = () => { clearTimeout(timer); timer = 0; };
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    remember(on);
    set(on);
  });
  if (new URLSearchParams(location.search).get("live")) set(true);
}
