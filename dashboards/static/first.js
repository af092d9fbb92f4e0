// The empty page turns live: it asks until a span has come, and says so with a link.

const EVERY = 1500;
const said = document.getElementById("first");

function arrived(span) {
  const link = document.createElement("a");
  link.href = `/traces/${encodeURIComponent(span.trace_id)}`;
  link.textContent = span.name || "unnamed";
  const from = document.createElement("bdi");
  from.textContent = span.service || "an unnamed service";
  const now = document.createElement("a");
  now.href = "/";
  now.textContent = "To the overview";
  const line = document.createElement("span");
  line.append("It is here: ", link, " of ", from, ". ", now);
  said.classList.replace("waiting", "here");
  said.replaceChildren(line);
  document.querySelector("h1").textContent = "The first span has come";
  document.title = "The first span has come · spanledger";
  link.focus({ preventScroll: true });
}

async function ask() {
  let span = null;
  if (!document.hidden) {
    try {
      const answer = await fetch(said.dataset.source);
      if (answer.ok) span = (await answer.json()).span;
      said.classList.toggle("away", !answer.ok);
    } catch {
      said.classList.add("away");
    }
  }
  if (span) arrived(span);
  else setTimeout(ask, EVERY);
}

ask();
