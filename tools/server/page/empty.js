// How to connect a board: what is shown where there are no readings yet.

import { el } from "./text.js";

export function connect(about, waiting) {
  // A server that listens here only is shown as it will be once it is opened to the network.
  const host = about.network ? about.address : about.network_address;
  const base = `${about.tls ? "https" : "http"}://${host}:${about.port}`;
  const ready = about.config_file
    ? ["It asks for your Wi-Fi and writes config.json. Answer ", el("code", "", "local"), " where it asks for the server: what a board needs to know of this one, the key too, is in ", el("code", "", about.config_file), "."]
    : ["On the machine that runs this server: it asks for your Wi-Fi and writes config.json. Answer ", el("code", "", "local"), " where it asks for the server."];
  const steps = el("ol", "",
    step("Write the board's config.json", ready, "make config"),
    step("Put islog on the board", ["Plug it in by USB; it needs MicroPython on it."], "make flash"),
    step("No board at hand?", ["A simulated one runs a real MicroPython. It sends to a server of its own, not to this one: the first lines that it prints name its page."], "make demo"));
  steps.lastChild.className = "aside";
  if (!about.network)
    steps.prepend(step("Let boards reach this machine",
      ["The server listens on this machine only. End it, and start it like this to open it to your network:"],
      'make serve ARGS="--host 0.0.0.0"'));
  const byHand = el("details", "", el("summary", "", "What config.json says, to write it by hand"), block("config.json", pretty({
    client_key: "the key of this server",
    bucket_name: "my board",
    bucket_url: `${base}/api/v1/buckets`,
    ingest_url: `${base}/batch_logs`,
    ntp_hosts: [`${host}:${about.ntp_port}`],
    ...(about.tls ? { ca_file: "ca.der" } : {}),
    wifi: [{ ssid: "network at home", password: "its password" }],
  })));
  const page = el("section", "start",
    el("h1", "", waiting ? "No readings yet" : "Connect a board"),
    el("p", "", about.network
      ? `Boards on your network reach this server at ${about.address}, port ${about.port}.`
      : "This server is running and waits for a board."),
    steps, byHand);
  if (waiting) page.append(el("div", "waiting", "Waiting for the first reading; it will show up here by itself."));
  return page;
}

function pretty(config) {
  const lines = Object.entries(config).map(([name, value]) => {
    const text = JSON.stringify(value).replaceAll('":"', '": "').replaceAll('","', '", "');
    return `  "${name}": ${typeof value === "string" ? JSON.stringify(value) : text}`;
  });
  return `{\n${lines.join(",\n")}\n}`;
}

function step(title, text, code) {
  return el("li", "", el("h2", "", title), el("p", "", ...text), block(code, code));
}

// Code to be copied; it takes the focus, for it may have to be scrolled.
function block(name, code) {
  const text = el("pre", "", code);
  text.tabIndex = 0;
  const copy = el("button", "", "Copy");
  copy.type = "button";
  copy.setAttribute("aria-label", `Copy ${name}`);
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
      copy.setAttribute("aria-label", `Copied ${name}`);
    } catch {
      getSelection().selectAllChildren(text);
    }
  };
  return el("div", "codeblock", text, copy);
}
