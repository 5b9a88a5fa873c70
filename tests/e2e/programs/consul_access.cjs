// The real npm consul under access control. Run as `node consul_access.cjs HOST PORT TOKEN`: prints as
// JSON what fire and list give; with a fourth argument it watches, and prints each change and its error.
const Consul = require("consul");

const [host, port, token, watches] = process.argv.slice(2);
const client = new Consul({ host, port: Number(port), defaults: token ? { token } : {} });

async function outcome(call, show) {
  try {
    return show(await call());
  } catch (error) {
    return `${error.statusCode}: ${error.message}`;
  }
}

async function main() {
  const fire = (name) => outcome(() => client.event.fire(name, "x"), (event) => event.Name);
  console.log(
    JSON.stringify({
      fire: await fire("web-1"),
      "fire another": await fire("db"),
      list: await outcome(() => client.event.list("web-0"), (events) => events.map((event) => event.Name)),
    }),
  );
}

function watch() {
  const watching = client.watch({ method: client.event.list, options: { name: "web-0" }, maxAttempts: 0 });
  watching.on("change", (events) => console.log(`change ${events.length}`));
  watching.on("error", (error) => console.log(`error ${error.statusCode}: ${error.message}`));
  watching.on("end", () => console.log("end"));
}

if (watches) watch();
else main();
