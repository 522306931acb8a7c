// The page: what its address asks for, the list of buckets, the theme, and the connection's state.
//
// #              all boards            #b=ID&range=hour|day|all    a bucket
// #connect       how to connect one    #b=ID&from=…&to=…           a stretch of time in it

import { BucketView } from "./bucket.js";
import { connect } from "./empty.js";
import { Overview } from "./overview.js";
import * as server from "./server.js";
import { ago, arrange, clock, el, put, visible } from "./text.js";

const $ = (id) => document.getElementById(id);
let list = [];
let view = null;
let shownAs = null; // what the main part shows: "b=" and a bucket's id, "connect", "nothing", ...
let unwatch = null;
let heardMs = Date.now(); // when the server answered last

function wanted() {
  const address = new URLSearchParams(location.hash.slice(1));
  if (address.has("connect")) return { as: "connect", title: "Connect a board", open: guide };
  if (!address.has("b")) {
    return list.length
      ? { as: "all", title: "All boards", open: overview }
      : { as: "nothing", title: "No readings yet", open: guide };
  }
  const id = address.get("b");
  const bucket = list.find((b) => b.id === id);
  if (!bucket) return { as: `no ${id}`, title: "No such bucket", open: () => () => missing(id) };
  const range = (asked, again) => go({ b: id, ...asked }, again);
  return {
    as: `b=${id}`, title: visible(bucket.name, 60), bucket, address,
    open: async () => {
      const signals = await server.signals(id);
      return () => new BucketView(bucket, $("main"), signals, range);
    },
  };
}

async function overview() {
  list = await server.buckets();
  return () => new Overview($("main"), list);
}

async function guide() {
  const about = await server.about();
  return () => void $("main").replaceChildren(connect(about, !list.length));
}

function missing(id) {
  const all = el("a", "", "All boards");
  all.href = "#";
  $("main").replaceChildren(el("section", "start",
    el("h1", "", `There is no bucket ${visible(id, 100)}`),
    el("p", "", "It has not sent anything to this server; once it does, it is shown here. ", all)));
}

function go(address, again) {
  const hash = "#" + new URLSearchParams(address);
  if (hash !== location.hash) history[again ? "replaceState" : "pushState"](null, "", hash);
  show().catch(down);
}

async function refresh() {
  list = await server.buckets();
  heardMs = Date.now();
  drawList();
  view?.refreshed?.(list);
  await show();
}

async function show() {
  const want = wanted();
  if (want.as === shownAs) {
    say("");
    view?.range?.look(want.address);
    return;
  }
  let made;
  try {
    // What was shown stays until there is something to show in its place.
    made = await want.open();
  } catch (error) {
    if (wanted().as === want.as) say(`The server does not answer: “${want.title}” is shown once it is back.`);
    throw error;
  }
  if (wanted().as !== want.as || shownAs === want.as) return; // elsewhere meanwhile
  say("");
  const first = shownAs == null;
  shownAs = want.as;
  view?.close();
  unwatch?.();
  document.title = want.as === "nothing" ? "islog" : `${want.title} – islog`;
  view = made() ?? null;
  drawList();
  if (!first) arriveAt($("main").querySelector("h1"));
  view?.range?.look(want.address);
  // Once the stream is open nothing that arrives is missed; where there is none to be had, without.
  let begun = !view;
  const begin = () => {
    if (begun) return false;
    begun = true;
    Promise.resolve(view.open()).catch(down);
    return true;
  };
  unwatch = server.watch(want.bucket?.id, {
    arrived: (readings) => (view ? view.arrived(readings) : refresh().catch(down)),
    again: () => {
      if (!begin()) view?.again();
      refresh().catch(down);
    },
    state: (name) => {
      state(name);
      if (name === "down") begin();
    },
  });
}

// Whoever chose something else to be shown is led to its beginning.
function arriveAt(heading) {
  scrollTo(0, 0);
  const at = document.activeElement;
  if (!heading || (at !== document.body && !$("main").contains(at))) return;
  heading.tabIndex = -1;
  heading.focus();
}

const links = new Map();

function link(id) {
  if (!links.has(id)) {
    const made = el("a", "", el("b"), el("small"));
    made.href = id == null ? "#" : "#" + new URLSearchParams({ b: id });
    if (id != null) made.title = visible(id);
    links.set(id, made);
  }
  return links.get(id);
}

// In place, so that who is at a link stays at it.
function drawList() {
  const named = list.toSorted((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  const entries = [{ id: null, name: "All boards", note: `${list.length} in all` },
    ...named.map((b) => ({ ...b, note: b.received == null ? "no readings yet" : ago(b.received) }))];
  $("buckets").hidden = !list.length;
  arrange($("buckets"), entries.map(({ id, name, note }) => {
    const made = link(id);
    put(made.firstChild, visible(name));
    put(made.lastChild, note);
    const current = shownAs === (id == null ? "all" : `b=${id}`);
    if (current && !made.hasAttribute("aria-current")) made.scrollIntoView?.({ block: "nearest", inline: "nearest" });
    made.toggleAttribute("aria-current", current);
    if (current) made.setAttribute("aria-current", "page");
    return made;
  }));
}

function say(text) {
  put($("notice"), text);
}

function state(name) {
  $("link").className = `link ${name}`;
  put($("link"), name === "live" ? "live" : "reconnecting");
}

function down() {
  state("down");
  drawList(); // what is told there goes on ageing
  if (!$("notice").textContent)
    say(`The server has not answered since ${clock(heardMs / 1000)}: what is shown is of that time.`);
}

const THEMES = ["auto", "light", "dark"];
const system = matchMedia("(prefers-color-scheme: dark)");

function theme(chosen) {
  const dark = chosen === "dark" || (chosen === "auto" && system.matches);
  document.documentElement.classList.toggle("dark", dark);
  $("theme").textContent = `Theme: ${chosen}`;
  $("theme").dataset.theme = chosen;
  try {
    localStorage.setItem("theme", chosen);
  } catch { /* kept for this page only */ }
  view?.restyle();
}

function kept() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

theme(THEMES.includes(kept()) ? kept() : "auto");
$("theme").hidden = false;
$("theme").onclick = () => theme(THEMES[(THEMES.indexOf($("theme").dataset.theme) + 1) % 3]);
system.addEventListener("change", () => theme($("theme").dataset.theme));
$("skip").onclick = (event) => {
  event.preventDefault(); // its address would be that of all boards
  $("main").focus();
};
addEventListener("hashchange", () => show().catch(down));
// On paper: light, and as wide as paper is (cards.css).
addEventListener("beforeprint", () => {
  document.documentElement.classList.remove("dark");
  view?.printed?.(true);
});
addEventListener("afterprint", () => {
  view?.printed?.(false);
  theme($("theme").dataset.theme);
});
setInterval(() => refresh().catch(down), 5000);
refresh().catch(down);
