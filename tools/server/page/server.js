// The server's API: what main, bucket and card ask for, and the stream of what arrives.

export async function get(path, params = {}, signal = null) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value != null) query.set(name, value);
  const answer = await fetch(query.size ? `${path}?${query}` : path, { signal });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || `the server answered ${answer.status}`);
  return body;
}

// A browser takes the ids . and .. for steps in the path, however they are written; the colon hides them.
export const bucketPath = (id, rest) =>
  `/api/buckets/${/^\.\.?$/.test(id) ? ":" : ""}${encodeURIComponent(id)}/${rest}`;

export const buckets = () => get("/api/buckets");
export const about = () => get("/api/server");
export const signals = (id) => get(bucketPath(id, "signals"));
export const readings = (id, asked, aborted) => get(bucketPath(id, "readings"), asked, aborted);

// Calls back with each list of readings, with `again` whenever the stream begins anew (what came
// before is to be read back), with `state` as the connection goes up and down. Returns how to end it.
export function watch(bucket, { arrived, again, state }) {
  const query = bucket == null ? "" : "?" + new URLSearchParams({ bucket });
  let source = null, retry = 0;
  const open = () => {
    source = new EventSource("/api/live" + query);
    source.onopen = () => {
      state("live");
      again();
    };
    source.onmessage = (event) => arrived(JSON.parse(event.data));
    source.addEventListener("lost", again);
    source.onerror = () => {
      state("down");
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, 2000);
    };
  };
  open();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}
