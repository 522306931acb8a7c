// How to connect a board: what is shown where there are no readings yet.

import { el } from "./text.js";

export function connect(about, waiting) {
  // A server that listens here only is shown as it will be once it is opened to the network.
  const host = about.network ? about.address : about.network_address;
  const scheme = about.tls ? "https" : "http";
  const base = `${scheme}://${host}:${about.port}`;
  const config = {
    client_key: "the key of this server",
    bucket_name: "my board",
    bucket_url: `${base}/api/v1/buckets`,
    ingest_url: `${base}/batch_logs`,
    ntp_hosts: [`${host}:${about.ntp_port}`],
    ...(about.tls ? { ca_file: "ca.pem" } : {}),
    wifi: [{ ssid: "your network", password: "its password" }],
  };
  const where = about.config_file
    ? [about.network ? "This file lies ready, with the key in it: " : "Started like that, it leaves this file ready, with the key in it: ", el("code", "", about.config_file), ". Put your Wi-Fi into it and copy it beside ", el("code", "", "main.py"), "."]
    : ["The server's terminal says where this file lies ready, with the key in it. Put your Wi-Fi into it and copy it beside ", el("code", "", "main.py"), "."];
  const steps = el("ol", "",
    step("Give the board its config.json", where, pretty(config)),
    step("Put islog on the board", ["Plug it in by USB; it needs MicroPython on it."], "make flash PORT=/dev/ttyACM0"),
    step("No board at hand?", ["A simulated one, with a real MicroPython and a server of its own:"], "make demo"));
  steps.lastChild.className = "aside";
  const page = el("section", "start",
    el("h1", "", waiting ? "No readings yet" : "Connect a board"),
    el("p", "", about.network
      ? `Boards on your network reach this server at ${about.address}, port ${about.port}.`
      : "This server is running and waits for a board."));
  if (!about.network)
    steps.prepend(step("Let boards reach this machine",
      ["The server listens on this machine only. Start it like this to open it to your network:"],
      'make serve ARGS="--host 0.0.0.0"'));
  page.append(steps);
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
  const copy = el("button", "", "Copy");
  copy.type = "button";
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(copy.previousSibling);
    }
  };
  return el("li", "", el("h2", "", title), el("p", "", ...text), el("div", "codeblock", el("pre", "", code), copy));
}
