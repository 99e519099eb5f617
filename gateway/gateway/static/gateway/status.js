// Asks for the same page as JSON every two seconds and writes what changed into the table.
"use strict";

const EVERY_MS = 2000;
const shown = (value, unit = "") => (value === null || value === undefined ? "–" : `${value}${unit}`);

function cell(tag, content, className = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.append(content);
  return element;
}

function row(service) {
  const word = cell("span", service.status, `word ${service.status}`);
  const name = cell("th", service.name);
  name.scope = "row";
  const numbers = [
    shown(service.instances),
    shown(service.workers),
    shown(service.queue_depth),
    shown(service.dead_messages),
    shown(service.outbox_age_seconds, " s"),
    shown(service.answered_ms, " ms"),
  ];
  const line = document.createElement("tr");
  line.append(name, cell("td", word), cell("td", shown(service.version)));
  line.append(...numbers.map((text) => cell("td", text, "number")));
  return line;
}

function say(word, note) {
  const whole = document.getElementById("whole");
  if (whole.textContent !== word) {
    whole.textContent = word;
    whole.className = `word ${word}`;
    document.title = `${word} · Nexus status`;
  }
  const fresh = document.getElementById("fresh");
  if (fresh.textContent !== note) fresh.textContent = note;
}

async function refresh() {
  try {
    const response = await fetch("/status", { headers: { Accept: "application/json" } });
    const report = await response.json();
    document.getElementById("services").replaceChildren(...report.services.map(row));
    say(report.status, "as of this moment");
  } catch {
    say("down", "the gateway does not answer");
  }
}

setInterval(() => document.hidden || refresh(), EVERY_MS);
