// The page: which bucket is shown, the list of them, the theme, and the connection's state.

import { BucketView } from "./bucket.js";
import { connect } from "./empty.js";
import * as server from "./server.js";
import { ago, el, visible } from "./text.js";

const $ = (id) => document.getElementById(id);
let list = [];
let view = null;
let shownAs = null; // what the main part shows: a bucket's id, "connect", "nothing"
let unwatch = null;

function wanted() {
  const hash = location.hash.slice(1);
  if (hash === "connect") return { as: "connect" };
  const id = hash.startsWith("b=") ? decoded(hash.slice(2)) : null;
  const bucket = list.find((b) => b.id === id) ?? list[0];
  return bucket ? { as: "b=" + bucket.id, bucket } : { as: "nothing" };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

async function refresh() {
  list = await server.buckets();
  drawList();
  await show();
}

async function show() {
  const { as, bucket } = wanted();
  if (as === shownAs) return;
  shownAs = as;
  view?.close();
  view = null;
  unwatch?.();
  document.title = bucket ? `${visible(bucket.name, 60)} – islog` : "islog";
  drawList();
  // While there is nothing, the first reading of any bucket brings the page to life.
  unwatch = server.watch(bucket?.id, {
    arrived: (readings) => (view ? view.arrived(readings) : refresh().catch(down)),
    again: () => (view ? view.again() : refresh().catch(down)),
    state,
  });
  if (bucket) {
    view = new BucketView(bucket, $("main"));
    await view.open();
  } else {
    const about = await server.about();
    if (shownAs === as) $("main").replaceChildren(connect(about, as === "nothing"));
  }
}

function drawList() {
  const nav = $("buckets");
  nav.hidden = list.length < 1;
  nav.replaceChildren(el("h2", "", "Buckets"), ...list.map((b) => {
    const link = el("a", "", el("b", "", visible(b.name)), el("small", "", b.last == null ? "no readings yet" : ago(b.last)));
    link.href = "#b=" + encodeURIComponent(b.id);
    link.title = visible(b.id);
    if ("b=" + b.id === shownAs) link.setAttribute("aria-current", "page");
    return link;
  }));
}

function state(name) {
  const link = $("link");
  link.className = `link ${name}`;
  link.textContent = name === "live" ? "live" : "reconnecting";
}

const down = () => state("down");

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
$("theme").onclick = () => theme(THEMES[(THEMES.indexOf($("theme").dataset.theme) + 1) % 3]);
system.addEventListener("change", () => theme($("theme").dataset.theme));
addEventListener("hashchange", () => show().catch(down));
setInterval(() => refresh().catch(down), 5000);
refresh().catch(down);
