// Publishes to a Tidings, asks it, and follows its log over restarts. Usage: node dist/example.js ADDRESS
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type EventRecord, type EventSchema } from "./gen/tidings/v1/event_pb.js";
import { EventService, SubscribeRequestSchema } from "./gen/tidings/v1/event_service_pb.js";

type Service = Client<typeof EventService>;
type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

const HEARTBEAT_S = 5;
const DEAD_MS = 3 * HEARTBEAT_S * 1000; // without a sound for so long, a stream is dead
const PAUSE_MS = 500;

// One event of each system.
const BODIES: Body[] = [
  {
    case: "nomad",
    value: {
      topic: "Job",
      type: "JobRegistered",
      key: "web",
      payload: { object: { case: "job", value: { id: "web" } } },
    },
  },
  { case: "consul", value: { name: "hello", payload: new TextEncoder().encode("hi") } },
  {
    case: "dockerCloud",
    value: { type: "service", action: "create", resourceUri: "/api/app/v1/shop/service/7/" },
  },
  { case: "puppet", value: { job: "352", type: "node_running", timestamp: { seconds: 1462477808n } } },
  {
    case: "feldera",
    value: { allHealthy: true, apiStatus: "Healthy", compilerStatus: "Healthy", runnerStatus: "Healthy" },
  },
  {
    case: "cloudEvent",
    value: { id: "invoice-7", source: "/billing", specVersion: "1.0", type: "com.example.invoice.paid" },
  },
];

const nameOf = (body: string | undefined): string =>
  (body ?? "none").replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());

// Waits where the service cannot be reached; any other error is thrown on.
async function pause(error: unknown): Promise<void> {
  const codes = [Code.Unavailable, Code.Aborted, Code.Canceled, Code.Internal];
  if (!codes.includes(ConnectError.from(error).code)) throw error;
  await new Promise((done) => setTimeout(done, PAUSE_MS));
}

// Repeats a call until the service can be reached.
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await pause(error);
    }
  }
}

// Yields every record from the beginning on, each once, for ever.
async function* follow(service: Service): AsyncGenerator<EventRecord> {
  const request = create(SubscribeRequestSchema, { heartbeatInterval: { seconds: BigInt(HEARTBEAT_S) } });
  let afterSeq = 0n;
  for (;;) {
    request.start = { case: "afterSeq", value: afterSeq };
    const stop = new AbortController();
    const silence = setTimeout(() => stop.abort(), DEAD_MS);
    try {
      const onHeader = (header: Headers) => (request.logId = header.get("tidings-log-id") ?? "");
      for await (const { part } of service.subscribe(request, { signal: stop.signal, onHeader })) {
        silence.refresh();
        if (part.case === "batch") {
          for (const record of part.value.records) {
            afterSeq = record.seq;
            yield record;
          }
        } else if (part.case === "heartbeat") {
          afterSeq = part.value.seq;
        } else if (part.case === "gap") {
          console.error("gone:", part.value);
          afterSeq = part.value.resumeSeq;
        }
      }
    } catch (error) {
      await pause(error);
    } finally {
      clearTimeout(silence);
    }
  }
}

async function main(address: string): Promise<void> {
  const service = createClient(EventService, createGrpcTransport({ baseUrl: `http://${address}` }));
  for (const body of BODIES) {
    // With a key a repeated call stores nothing twice.
    const draft = { key: `example-${nameOf(body.case)}`, events: [{ body }] };
    const { seq } = await retried(() => service.publish({ draft }));
    console.log("published", nameOf(body.case), String(seq));
  }
  const fired = (await service.fire({ name: "deploy" })).event;
  const listed = (await retried(() => service.list({ name: "deploy" }))).events;
  console.log("fired", fired?.name, "listed", listed.some((event) => event.id === fired?.id));
  const job = await retried(() => service.getJobEvents({ jobId: "352" }));
  console.log("job", ...job.items.map((event) => event.type));
  const latest = await retried(() => service.getClusterEvent({ eventId: "latest" }));
  console.log("healthy", latest.event?.allHealthy);
  for await (const record of follow(service)) {
    const body = record.events[0]?.body;
    console.log("record", String(record.seq), nameOf(body?.case));
    if (body?.case === "consul" && body.value.name === "end") break;
  }
}

await main(process.argv[2]!);
process.exit(0); // without waiting for idle connections
