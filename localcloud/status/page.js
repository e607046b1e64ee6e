// Fills the status page: asks for the data while somebody looks, and draws only what has changed.
// Whatever comes from the local cloud becomes text, never markup: elements are made one by one.

const DATA = "/_control/status";
const PAUSE = 1000; // milliseconds between two questions
const RECENT = 20; // requests that are shown at once
const PATIENCE = 5000; // milliseconds until an answer counts as lost
const SYMBOLS = { good: "✓", busy: "…", idle: "○", bad: "✗", warn: "!" };
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

let tag = ""; // of the data that is drawn
let offset = 0; // milliseconds by which the local cloud's clock is ahead
const drawn = new Map(); // panel -> the JSON that it shows

/** Make an element; `children` are texts and nodes. */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A short statement whose tone is told by colour and by a sign. */
function mark(tone, text) {
  return make("span", { class: `mark ${tone}` }, make("span", { "aria-hidden": "true" }, SYMBOLS[tone]), ` ${text}`);
}

function code(text) {
  return make("code", {}, text);
}

/** A word of the platform's that no line breaks. */
function term(text) {
  return make("span", { class: "term" }, text);
}

/** A point in time, in words that `tick` keeps true; `cloud` where the local cloud's clock gave it. */
function moment(value, cloud) {
  const date = new Date(value);
  const element = make("time", { datetime: date.toISOString(), title: full.format(date) });
  if (cloud) element.dataset.cloud = "";
  tell(element);
  return element;
}

function tell(element) {
  const now = Date.now() + ("cloud" in element.dataset ? offset : 0);
  const seconds = Math.round((new Date(element.dateTime).getTime() - now) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  const text = Math.abs(seconds) < 2 ? "just now" : ago.format(Math.trunc(seconds / size), unit);
  if (element.textContent !== text) element.textContent = text;
}

/** A table; each column is [title, how to show a row's cell], the first one names the row. A narrow screen shows a row
 *  as a list with the columns' titles, or in a line without them where the cells are `plain`. */
function table(caption, columns, rows, plain = "") {
  const titles = columns.map(([title]) => make("th", { scope: "col", role: "columnheader" }, title));
  const lines = rows.map((row) =>
    make("tr", { role: "row" }, ...columns.map(([title, show], index) => {
      const kind = index ? ["td", { role: "cell" }] : ["th", { scope: "row", role: "rowheader" }];
      return make(kind[0], { ...kind[1], "data-title": title }, make("div", {}, ...[show(row)].flat()));
    })));
  // The roles stand here because a narrow screen shows rows as blocks, and some browsers then forget the table.
  return make("table", { role: "table", class: plain },
    make("caption", {}, caption),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...titles)),
    make("tbody", { role: "rowgroup" }, ...lines));
}

function list(items) {
  return make("ul", {}, ...items.map((item) => make("li", {}, ...[item].flat())));
}

/** What a panel says that has nothing to show. */
function nothing(...text) {
  return make("p", { class: "nothing" }, ...text);
}

function heading(text) {
  return make("h3", {}, text);
}

function secrets(items) {
  if (!items.length) return "none";
  return list(items.map((item) => [code(item.name), " set ", moment(item.updated_at, true)]));
}

function variables(items) {
  if (!items.length) return "none";
  return list(items.map((item) => [code(item.name), " = ", code(item.value)]));
}

function projects(all) {
  if (!all.length) return [nothing("There is no project. ", code("make up"), " creates the one of the stack staging.")];
  return [table("Supabase projects", [
    ["Project", (project) => [project.name, " ", code(project.ref)]],
    ["Health", (project) => [mark(project.tone, project.health), ` ${project.meaning} `, term(project.status)]],
    ["Region", (project) => term(project.region)],
    ["Plan", (project) => [term(project.plan), ", size ", term(project.size)]],
    ["Created", (project) => moment(project.created_at, true)],
    ["Secrets of functions", (project) => secrets(project.secrets)],
  ], all)];
}

function functions(all) {
  return perProject(all, (project) => {
    if (!project.functions.length) {
      return nothing("Nothing is deployed. ", code("make up"), " deploys what its stack declares.");
    }
    return table(`Functions of ${project.name}`, [
      ["Function", (entry) => entry.slug],
      ["Worker", (entry) => (entry.worker ? mark("good", "runs") : mark("idle", "starts at the next call"))],
      ["Version", (entry) => `${entry.version}`],
      ["Deployed", (entry) => moment(entry.deployed_at)],
      ["Last call", (entry) => (entry.called_at ? moment(entry.called_at) : "none since the start")],
      ["Who may call", (entry) => (entry.verify_jwt ? "whoever has a JWT" : "everybody")],
      ["Status", (entry) => code(entry.status)],
    ], project.functions);
  });
}

const STATES = {
  applied: ["good", "applied"],
  pending: ["warn", "pending"],
  gone: ["bad", "applied, and no file is left"],
  unknown: ["idle", "not known"],
};

function migrations(all) {
  return perProject(all, (project) => {
    if (!project.migrations.length) {
      return nothing("No migration was applied, and none waits in the work tree. Put the first into ",
        code(`${project.backend ?? "backend"}/supabase/migrations`), " and run ", code("make up"), ".");
    }
    return make("details", { id: `migrations-of-${project.ref}` },
      make("summary", {}, ...summary(project)),
      table(`Migrations of ${project.name}`, [
        ["Version", (entry) => code(entry.version)],
        ["Name", (entry) => entry.name],
        ["State", (entry) => mark(...STATES[entry.state])],
      ], project.migrations.toReversed(), "plain"));
  });
}

/** Say in a line how a project's ledger stands to the files. */
function summary({ migrations: entries, backend }) {
  const named = Object.groupBy(entries, (entry) => entry.state);
  const count = (state) => named[state]?.length ?? 0;
  if (named.unknown) {
    return [mark("idle", "not known"), ` ${count("unknown")} in ${backend}/; the ledger is read while the database `
      + "runs, which any use of it starts"];
  }
  const parts = [];
  if (named.pending) {
    const names = named.pending.map((entry) => entry.name).join(", ");
    parts.push(mark("warn", `${count("pending")} pending`), ` ${names}; `);
  }
  if (named.gone) parts.push(mark("bad", `${count("gone")} applied without a file`), " ");
  if (!parts.length && backend) parts.push(mark("good", "nothing pending"), " ");
  const applied = `${count("applied") + count("gone")} applied`;
  return [...parts, backend ? applied : `${applied}; no stack releases a folder into this project`];
}

function perProject(all, show) {
  if (!all.length) return [nothing("There is no project.")];
  return all.flatMap((project) => [heading(project.name), show(project)]);
}

function pulls(all) {
  return perRepository(all, (repository) => {
    if (!repository.pull_requests.length) {
      return nothing("No pull request is open. Push a branch and open one by GitHub’s API, as at github.com.");
    }
    return table(`Pull requests of ${repository.name}`, [
      ["Pull request", (pull) => `#${pull.number} ${pull.title}`],
      ["Branches", (pull) => [code(pull.head), " into ", code(pull.base)]],
      ["Author", (pull) => pull.author],
      ["Stands", (pull) => list(pull.words)],
      ["Labels", (pull) => pull.labels.join(", ") || "none"],
      ["Changed", (pull) => moment(pull.updated_at, true)],
    ], repository.pull_requests);
  });
}

function rules(all) {
  return perRepository(all, (repository) => {
    const rows = [
      ...repository.protections.map((rule) => [code(rule.pattern), "protection rule", rule.words]),
      ...repository.rulesets.map((rule) => [rule.name, `ruleset for ${rule.scope}`, rule.words]),
    ];
    if (!rows.length) {
      return nothing("No branch is protected: whoever may push changes all of them. ", code("make up"),
        " declares the rules of its stack.");
    }
    return table(`Rules of ${repository.name}`, [
      ["Branch or ruleset", (row) => row[0]],
      ["Kind", (row) => row[1]],
      ["Demands", (row) => (row[2].length ? list(row[2]) : "nothing")],
    ], rows);
  });
}

function environments(all) {
  return perRepository(all, (repository) => {
    const rows = [...repository.environments];
    if (repository.secrets.length || repository.variables.length) {
      rows.push({ ...repository, name: "the whole repository", words: ["every workflow gets these"] });
    }
    if (!rows.length) {
      return nothing("There is no environment, secret or variable. ", code("make up"), " declares those of its stack.");
    }
    return table(`Environments of ${repository.name}`, [
      ["Environment", (row) => row.name],
      ["Deployments", (row) => list(row.words)],
      ["Secrets", (row) => secrets(row.secrets)],
      ["Variables", (row) => variables(row.variables)],
    ], rows);
  });
}

function perRepository(all, show) {
  return all.flatMap((repository) => [heading(repository.name), show(repository)]);
}

function disturbances(all) {
  if (!all.length) {
    return [nothing("Nothing is disturbed. ", code("POST /_control/faults"), " sets a fault, as the fault tests do.")];
  }
  return [list(all.map((text) => [mark("warn", "set"), ` ${text}`]))];
}

function requests(all) {
  if (!all.length) return [nothing("Nobody has called since the local cloud was started. ", code("make up"), " does.")];
  const older = all.slice(RECENT);
  const shown = [calls("Last requests", all.slice(0, RECENT))];
  if (older.length) {
    const line = make("summary", {}, `${older.length} older requests`);
    shown.push(make("details", { id: "older-requests" }, line, calls("Older requests", older)));
  }
  return shown;
}

function calls(caption, entries) {
  return table(caption, [
    ["Request", (entry) => [code(entry.method), " ", code(entry.path)]],
    ["Answer", answer],
    ["Took", (entry) => (entry.seconds === undefined ? "" : `${Math.round(entry.seconds * 1000)} ms`)],
    ["Program", (entry) => entry.client],
    ["When", (entry) => moment(entry.time * 1000)],
  ], entries, "plain");
}

function answer({ status, seconds }) {
  if (status !== null) return mark(status < 400 ? "good" : status < 500 ? "warn" : "bad", `${status}`);
  return seconds === undefined ? mark("busy", "under way") : mark("bad", "none, the connection was closed");
}

/** Each panel: the part of the data that it shows, how, and what the navigation counts. */
const PANELS = {
  projects: [(data) => data.projects, projects, (all) => all.length],
  functions: [(data) => data.projects, functions, (all) => sum(all, (project) => project.functions.length)],
  migrations: [(data) => data.projects, migrations, pending],
  pulls: [(data) => data.repositories, pulls, (all) => sum(all, (one) => one.pull_requests.length)],
  rules: [(data) => data.repositories, rules, (all) => sum(all, (one) => one.protections.length + one.rulesets.length)],
  environments: [(data) => data.repositories, environments, (all) => sum(all, (one) => one.environments.length)],
  disturbances: [(data) => data.disturbances, disturbances, (all) => all.length],
  requests: [(data) => data.requests, requests, (all) => all.length],
};

function sum(items, count) {
  return items.reduce((total, item) => total + count(item), 0);
}

function pending(all) {
  return `${sum(all, (project) => project.migrations.filter((entry) => entry.state === "pending").length)} pending`;
}

function draw(data) {
  offset = data.clock_offset * 1000;
  for (const [name, [select, show, count]] of Object.entries(PANELS)) {
    const part = select(data);
    const text = JSON.stringify(part);
    if (drawn.get(name) === text) continue;
    drawn.set(name, text);
    replace(document.querySelector(`[data-panel=${name}]`), show(part));
    document.querySelector(`[data-count=${name}]`).textContent = count(part);
  }
}

/** Put new content into a panel; what was unfolded or had the focus there stays so. */
function replace(panel, content) {
  const unfolded = new Set([...panel.querySelectorAll("details[open]")].map((details) => details.id));
  const focused = panel.contains(document.activeElement) ? document.activeElement.closest("details")?.id : undefined;
  panel.replaceChildren(...content);
  for (const details of panel.querySelectorAll("details")) {
    details.open = unfolded.has(details.id);
    if (details.id === focused) details.querySelector("summary").focus();
  }
}

function connection(tone, text) {
  const line = document.getElementById("connection");
  if (line.textContent.endsWith(text)) return; // whoever listens to the page hears of changes only
  line.className = `mark ${tone}`;
  line.replaceChildren(make("span", { "aria-hidden": "true" }, SYMBOLS[tone]), ` ${text}`);
}

function lost(reason) {
  const notice = document.getElementById("lost");
  if (!notice.hidden) return;
  connection("bad", "connection lost");
  notice.replaceChildren(`${reason} What stands below is as it was at ${full.format(new Date())}. It goes on by itself `
    + "as soon as the local cloud answers again; ", code("python -m localcloud start"), " starts it.");
  notice.hidden = false;
}

async function ask() {
  let response, data;
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    response = await fetch(DATA, { cache: "no-store", headers, signal: AbortSignal.timeout(PATIENCE) });
    if (response.status === 200) data = await response.json();
  } catch {
    return lost("The local cloud does not answer.");
  }
  if (!data && response.status !== 304) return lost(`The local cloud answers ${response.status}.`);
  try {
    if (data) draw(data);
  } catch (error) {
    console.error(error);
    return lost("The local cloud’s answer can not be shown: reload this page.");
  }
  tag = response.headers.get("ETag") ?? "";
  document.getElementById("lost").hidden = true;
  connection("good", "live");
}

/** Ask again and again while the page is seen. */
async function follow() {
  for (;;) {
    if (document.hidden) {
      connection("idle", "paused while nobody looks");
      await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    } else {
      await ask();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

setInterval(() => document.querySelectorAll("time").forEach(tell), PAUSE);
follow();
