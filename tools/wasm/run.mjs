// Runs MicroPython programs in the 32-bit WebAssembly build: `node run.mjs < jobs.json`.
//
// jobs: a list; each has an interpreter of its own, and the first exception is the end.
// job: { files: {path: base64}, path: [folder, ...], program, args, heap_bytes }
// `program` is a module whose main(*args) is a generator; `args`, a Python list as text. Between
// two steps of it no call is in progress, and only there can this build collect garbage
// (ports/webassembly/main.c: it cannot see the C stack). What the program prints goes to stdout,
// an exception to stderr.
// `heap_bytes` is the heap at the start. It grows where that is not enough, and never shrinks.

import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

async function run(job) {
  const mp = await loadMicroPython({
    heapsize: job.heap_bytes,
    pystack: 8192,
    stdout: (line) => console.log(line),
    stderr: (line) => console.error(line),
  });
  for (const [path, content] of Object.entries(job.files)) {
    mp.FS.mkdirTree(dirname(path));
    mp.FS.writeFile(path, Buffer.from(content, "base64"));
  }
  mp.runPython(`
import gc, sys
sys.path[:] = ${JSON.stringify(job.path)}
import ${job.program}
_steps = ${job.program}.main(*${job.args})
def _step():
    more = next(_steps, _steps) is not _steps
    gc.collect()  # once the step is over: see above
    return more
gc.collect()
`);
  const step = mp.globals.get("_step");
  while (step());
}

try {
  for (const job of JSON.parse(readFileSync(0, "utf8"))) await run(job);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
