//! Publishes to a Tidings, asks it, and follows its log over restarts. Usage: cargo run ADDRESS

mod stubs;
use std::{env, error::Error, future::Future, time::Duration};
use stubs::tidings::v1::event_service_client::EventServiceClient;
use stubs::tidings::v1::{event::Body, subscribe_request::Start, subscribe_response::Part, *};
use tokio::time::{sleep, timeout};
use tonic::{transport::{Channel, Endpoint}, Code, Status};

type Client = EventServiceClient<Channel>;
const DEAD: Duration = Duration::from_secs(15); // without a sound for so long, a stream is dead
const PAUSE: Duration = Duration::from_millis(500);

/// One event of each system.
fn bodies() -> Vec<Body> {
    let job = nomad_payload::Object::Job(Job { id: "web".into(), ..Default::default() });
    let payload = NomadPayload { object: Some(job), ..Default::default() };
    let started = prost_types::Timestamp { seconds: 1462477808, nanos: 0 };
    vec![
        Body::Nomad(NomadEvent {
            topic: "Job".into(), r#type: "JobRegistered".into(), key: "web".into(), payload: Some(payload),
            ..Default::default()
        }),
        Body::Consul(ConsulEvent { name: "hello".into(), payload: b"hi".into(), ..Default::default() }),
        Body::DockerCloud(DockerCloudEvent {
            r#type: "service".into(), action: "create".into(),
            resource_uri: "/api/app/v1/shop/service/7/".into(), ..Default::default()
        }),
        Body::Puppet(PuppetJobEvent {
            job: "352".into(), r#type: "node_running".into(), timestamp: Some(started), ..Default::default()
        }),
        Body::Feldera(FelderaClusterEvent {
            all_healthy: true, api_status: "Healthy".into(), compiler_status: "Healthy".into(),
            runner_status: "Healthy".into(), ..Default::default()
        }),
        Body::CloudEvent(CloudEvent {
            id: "invoice-7".into(), source: "/billing".into(), spec_version: "1.0".into(),
            r#type: "com.example.invoice.paid".into(), ..Default::default()
        }),
    ]
}

fn name_of(body: &Body) -> &'static str {
    match body {
        Body::Nomad(_) => "nomad",
        Body::Consul(_) => "consul",
        Body::DockerCloud(_) => "docker_cloud",
        Body::Puppet(_) => "puppet",
        Body::Feldera(_) => "feldera",
        Body::Tidings(_) => "tidings",
        Body::CloudEvent(_) => "cloud_event",
    }
}

/// True where a later try may help; a connection that broke within a stream is Unknown to tonic.
fn is_lost(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal)
}

/// Repeats a call until the service can be reached.
async fn retried<T, F: Future<Output = Result<tonic::Response<T>, Status>>>(
    mut call: impl FnMut() -> F,
) -> Result<T, Status> {
    loop {
        match call().await {
            Err(status) if is_lost(&status) => sleep(PAUSE).await,
            ended => return ended.map(tonic::Response::into_inner),
        }
    }
}

/// Calls take with every record from the beginning on, each once, until it returns false.
async fn follow(client: &mut Client, mut take: impl FnMut(&EventRecord) -> bool) -> Result<(), Status> {
    let heartbeat = prost_types::Duration { seconds: 5, nanos: 0 };
    let mut request = SubscribeRequest { heartbeat_interval: Some(heartbeat), ..Default::default() };
    let mut after_seq = 0;
    loop {
        request.start = Some(Start::AfterSeq(after_seq));
        match read_stream(client, &mut request, &mut after_seq, &mut take).await {
            Err(status) if is_lost(&status) => sleep(PAUSE).await,
            ended => return ended,
        }
    }
}

/// Reads one stream until take returns false, or to its error.
async fn read_stream(
    client: &mut Client, request: &mut SubscribeRequest, after_seq: &mut u64, take: &mut impl FnMut(&EventRecord) -> bool,
) -> Result<(), Status> {
    let answer = client.subscribe(request.clone()).await?;
    if let Some(id) = answer.metadata().get("tidings-log-id") {
        request.log_id = id.to_str().unwrap_or_default().into();
    }
    let mut stream = answer.into_inner();
    loop {
        let response = timeout(DEAD, stream.message()).await.map_err(|_| Status::unavailable("no heartbeat"))??;
        match response.ok_or_else(|| Status::unavailable("the stream ended"))?.part {
            Some(Part::Batch(batch)) => {
                for record in &batch.records {
                    *after_seq = record.seq;
                    if !take(record) {
                        return Ok(());
                    }
                }
            }
            Some(Part::Heartbeat(heartbeat)) => *after_seq = heartbeat.seq,
            Some(Part::Gap(gap)) => {
                eprintln!("gone: {gap:?}");
                *after_seq = gap.resume_seq;
            }
            None => {} // of a newer Tidings
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).ok_or("usage: example ADDRESS")?;
    let mut client = EventServiceClient::new(Endpoint::new(format!("http://{address}"))?.connect_lazy());
    for body in bodies() {
        // With a key a repeated call stores nothing twice.
        let system = name_of(&body);
        let events = vec![Event { body: Some(body), ..Default::default() }];
        let draft = Some(Draft { key: format!("example-{system}"), events, ..Default::default() });
        let answer = retried(|| {
            let (mut client, request) = (client.clone(), PublishRequest { draft: draft.clone() });
            async move { client.publish(request).await }
        });
        println!("published {system} {}", answer.await?.seq);
    }
    let answer = client.fire(FireRequest { name: "deploy".into(), ..Default::default() }).await?;
    let fired = answer.into_inner().event.unwrap_or_default();
    let answer = client.list(ListRequest { name: "deploy".into(), ..Default::default() }).await?;
    let listed = answer.into_inner().events;
    println!("fired {} listed {}", fired.name, listed.iter().any(|event| event.id == fired.id));
    let job = GetJobEventsRequest { job_id: "352".into(), ..Default::default() };
    let items = client.get_job_events(job).await?.into_inner().items;
    let types: Vec<_> = items.iter().map(|event| event.r#type.as_str()).collect();
    println!("job {}", types.join(" "));
    let latest = GetClusterEventRequest { event_id: "latest".into(), ..Default::default() };
    let newest = client.get_cluster_event(latest).await?.into_inner().event.unwrap_or_default();
    println!("healthy {}", newest.all_healthy);
    let followed = follow(&mut client, |record| {
        let body = record.events.first().and_then(|event| event.body.as_ref());
        println!("record {} {}", record.seq, body.map_or("none", name_of));
        !matches!(body, Some(Body::Consul(event)) if event.name == "end")
    });
    Ok(followed.await?)
}
