// Everything that is known of one span, in the panel beside the picture of its trace.

const panel = document.getElementById("detail");
let latest = "";

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function words(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function empty(value) {
  return value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
}

// The columns, attributes and resource of a span, those that hold what is typed.
function attributes(span) {
  const find = element("input");
  find.type = "search";
  find.placeholder = "Find in attributes";
  find.setAttribute("aria-label", "Find in attributes");
  const list = element("dl", "attributes");
  const pairs = Object.entries(span).filter(([name, value]) => !empty(value) && !["attributes", "resource_attributes"].includes(name));
  pairs.push(...Object.entries(span.attributes ?? {}), ...Object.entries(span.resource_attributes ?? {}));
  const fill = () => {
    const text = find.value.toLowerCase();
    list.replaceChildren(...pairs.filter(([name, value]) => !text || name.toLowerCase().includes(text) || words(value).toLowerCase().includes(text))
      .map(([name, value]) => {
        const pair = element("div");
        pair.append(element("dt", "", name), element("dd", "", words(value).slice(0, 20000)));
        return pair;
      }));
  };
  find.addEventListener("input", fill);
  fill();
  return [find, list];
}

// Shows the span that is answered at `source`; `closed` is called when the panel was closed.
export async function tell(source, closed) {
  latest = source;
  panel.hidden = false;
  const close = element("button", "plain close", "✕");
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => { latest = ""; panel.hidden = true; closed(); });
  panel.replaceChildren(close, element("p", "quiet", "Loading …"));
  let span = { detail: "The span can't be read right now. Choose it again in a moment." };
  try {
    span = await (await fetch(source)).json();
  } catch { /* what stands above is said */ }
  if (source !== latest) return;
  const known = "name" in span;
  panel.replaceChildren(close, element("h3", "", known ? span.name || "–" : span.detail), ...(known ? attributes(span) : []));
}
