// SPDX-License-Identifier: Apache-2.0
// The page: looks every second, follows the events, asks for changes. `xvm` is what the first page gave us:
// xvm.ask(method, target, body) → the answer's JSON; an error is thrown with xvmd's own words.
const find = (id) => document.getElementById(id);
const mebibytes = (bytes) => `${Math.round(bytes / 1048576)} MiB`;
let waking = 0;

// Only text goes into the page: names and files are the users' own.
function cell(text, kind) {
  const made = document.createElement("td");
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function say(text, kind = "good") {
  find("message").textContent = text;
  find("message").className = kind;
}

async function change(method, target, body, what) {
  say("");
  waking += 1;
  try {
    await xvm.ask(method, target, body);
    say(`${what}: done`);
  } catch (error) {
    say(`${what}: ${error.message}`, "bad");
  } finally {
    waking -= 1;
    look();
  }
}

function button(name, verb, act) {
  const made = document.createElement("button");
  made.textContent = verb;
  made.setAttribute("aria-label", `${verb} ${name}`);
  made.addEventListener("click", act);
  return made;
}

function guestRow(guest) {
  const row = document.createElement("tr");
  row.dataset.name = guest.name;
  const path = `/v1/domains/${encodeURIComponent(guest.uuid)}`;
  const doing = document.createElement("td");
  if (guest.managed) {
    const paused = guest.state === "paused";
    doing.append(
      button(guest.name, paused ? "Unpause" : "Pause",
        () => change("POST", `${path}/${paused ? "unpause" : "pause"}`, null, guest.name)),
      button(guest.name, "Shut down", () => change("POST", `${path}/shutdown`, null, guest.name)),
      button(guest.name, "Destroy", () => change("DELETE", path, null, guest.name)));
  }
  row.append(cell(guest.name), cell(guest.domid, "number"), cell(guest.type), cell(guest.state),
    cell(guest.vcpus, "number"), cell(mebibytes(guest.memory_bytes), "number"), doing);
  return row;
}

function memoryRow(guest) {
  const row = document.createElement("tr");
  const bar = document.createElement("div");
  bar.className = "bar";
  const full = document.createElement("div");
  full.style.width = `${Math.min(100, (100 * guest.memory_bytes) / (guest.memory_max_bytes || guest.memory_bytes || 1))}%`;
  bar.append(full);
  const drawn = document.createElement("td");
  drawn.append(bar);
  row.append(cell(guest.name), cell(mebibytes(guest.memory_bytes), "number"), cell(mebibytes(guest.target_bytes), "number"),
    cell(mebibytes(guest.memory_max_bytes), "number"), drawn);
  return row;
}

// How long requests took, a bar for each power of two of nanoseconds; what xvm-blkd counts, and blkback does not.
function latency(counts) {
  const made = cell("");
  const whole = ((counts.detail || {}).times || {}).whole || { buckets: [], count: 0 };
  if (whole.count === 0) {
    made.textContent = "–";
    return made;
  }
  const most = Math.max(...whole.buckets.map((bucket) => bucket.count));
  const drawn = document.createElement("div");
  drawn.className = "histogram";
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", whole.buckets.map((bucket) => `${bucket.count} below ${bucket.below_ns / 1000} µs`).join(", "));
  for (const bucket of whole.buckets) {
    const bar = document.createElement("div");
    bar.style.height = `${Math.max(4, (100 * bucket.count) / most)}%`;
    bar.title = `${bucket.count} below ${bucket.below_ns / 1000} µs`;
    drawn.append(bar);
  }
  made.append(drawn, `${whole.count} requests, mean ${Math.round(whole.sum_ns / whole.count / 1000)} µs`);
  return made;
}

async function diskRows(guests) {
  const rows = [];
  for (const guest of guests.filter((one) => (one.disks || []).length > 0)) {
    const counted = await xvm.ask("GET", `/v1/domains/${encodeURIComponent(guest.uuid)}/disks/stats`).catch(() => ({ disks: [] }));
    for (const disk of guest.disks) {
      const counts = counted.disks.find((one) => one.dev === disk.dev) || {};
      const row = document.createElement("tr");
      row.append(cell(guest.name), cell(disk.dev), cell(disk.kind), cell(disk.path), cell(disk.mode), latency(counts));
      rows.push(row);
    }
  }
  return rows;
}

// A row that did not change stays: whoever is on its button by keyboard stays there.
function put(id, rows) {
  const body = find(id);
  if (rows.map((row) => row.outerHTML).join("") !== body.innerHTML) body.replaceChildren(...rows);
}

async function look() {
  try {
    const [domains, memory, host, service] = await Promise.all(["/v1/domains", "/v1/memory", "/v1/host", "/v1/service"]
      .map((target) => xvm.ask("GET", target)));
    put("guests", domains.domains.map(guestRow));
    put("memory", memory.domains.map(memoryRow));
    put("disks", await diskRows(domains.domains));
    find("host").textContent = `Xen ${host.xen_version}, ${host.cpus} processors`;
    find("free").textContent = `Free for guests: ${mebibytes(host.memory_free_bytes)} of ${mebibytes(host.memory_total_bytes)}`;
    const state = waking > 0 && service.state === "starting" ? "waking" : service.state;
    find("service").textContent = state;
    find("service-more").textContent =
      `(${service.mode}; started ${service.starts} times, answered ${service.answered}, refused ${service.refused})`;
  } catch (error) {
    say(`xvmd does not answer: ${error.message}`, "bad");
  }
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch("/v1/events?after=0", { headers: xvm.headers });
      if (!answer.ok) throw new Error(answer.statusText);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      find("events").replaceChildren();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const lines = (rest + part.value).split("\n");
        rest = lines.pop();
        for (const line of lines.filter(Boolean)) {
          const event = JSON.parse(line);
          const item = document.createElement("li");
          item.textContent = [event.seq, event.kind, event.name, event.verb, event.detail].filter(Boolean).join(" ");
          find("events").prepend(item);
          while (find("events").childElementCount > 200) find("events").lastChild.remove();
        }
        look();
      }
    } catch (error) {
      say(`events: ${error.message}`, "bad");
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

find("create").addEventListener("submit", (event) => {
  event.preventDefault();
  change("POST", `/v1/domains?source=${encodeURIComponent(find("source").value)}`, find("toml").value, "create");
});
setInterval(look, 1000);
look();
follow();
