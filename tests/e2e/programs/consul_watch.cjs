// The real npm consul: a watch that counts how often it sees each event, while another client fires.
// Run as `node consul_watch.cjs HOST PORT COUNT`; prints one JSON object.
const Consul = require("consul");

const [host, port, count] = process.argv.slice(2);
const client = new Consul({ host, port: Number(port) });
const seen = new Map();
const wanted = Number(count);

async function main() {
  const fired = await client.event.fire({ name: "first", payload: "hello" });
  const listed = await client.event.list("first");
  const watch = client.watch({ method: client.event.list, options: { name: "tick" } });
  let known = new Set();
  const done = new Promise((resolve, reject) => {
    watch.on("error", reject);
    watch.on("change", (events) => {
      // Every answer is the whole list: what an application does with it is skip what it has handled.
      const fresh = events.filter((event) => !known.has(event.ID));
      if (events.length > 0 && fresh.length === 0) seen.set("again", (seen.get("again") || 0) + 1);
      for (const event of fresh) {
        known.add(event.ID);
        const payload = Buffer.from(event.Payload, "base64").toString();
        seen.set(payload, (seen.get(payload) || 0) + 1);
      }
      if (known.size === wanted) resolve();
    });
  });
  for (let number = 0; number < wanted; number += 1) {
    await client.event.fire({ name: "tick", payload: String(number) });
  }
  await done;
  watch.end();
  console.log(JSON.stringify({ fired: fired.ID, listed: listed.map((e) => [e.ID, e.Payload]), seen: [...seen] }));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
