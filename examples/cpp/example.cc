// Publishes to a Tidings, asks it, and follows its log over restarts. Usage: example ADDRESS

#include <chrono>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "tidings/v1/event_service.grpc.pb.h"

using namespace tidings::v1;
constexpr int kHeartbeatSeconds = 5;

// One event of each system.
std::vector<Event> Events() {
  std::vector<Event> events(6);
  NomadEvent* nomad = events[0].mutable_nomad();
  nomad->set_topic("Job");
  nomad->set_type("JobRegistered");
  nomad->set_key("web");
  nomad->mutable_payload()->mutable_job()->set_id("web");
  events[1].mutable_consul()->set_name("hello");
  events[1].mutable_consul()->set_payload("hi");
  DockerCloudEvent* docker_cloud = events[2].mutable_docker_cloud();
  docker_cloud->set_type("service");
  docker_cloud->set_action("create");
  docker_cloud->set_resource_uri("/api/app/v1/shop/service/7/");
  PuppetJobEvent* puppet = events[3].mutable_puppet();
  puppet->set_job("352");
  puppet->set_type("node_running");
  puppet->mutable_timestamp()->set_seconds(1462477808);
  FelderaClusterEvent* feldera = events[4].mutable_feldera();
  feldera->set_all_healthy(true);
  feldera->set_api_status("Healthy");
  feldera->set_compiler_status("Healthy");
  feldera->set_runner_status("Healthy");
  CloudEvent* cloud_event = events[5].mutable_cloud_event();
  cloud_event->set_id("invoice-7");
  cloud_event->set_source("/billing");
  cloud_event->set_spec_version("1.0");
  cloud_event->set_type("com.example.invoice.paid");
  return events;
}

std::string NameOf(const Event& event) {
  const auto* body = Event::descriptor()->FindOneofByName("body");
  const auto* field = event.GetReflection()->GetOneofFieldDescriptor(event, body);
  return field == nullptr ? "none" : field->name();
}

// Waits where the service cannot be reached; throws any other error.
void Pause(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) throw std::runtime_error(status.error_message());
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
}

// Repeats a call until the service can be reached.
template <typename Response>
Response Retried(const std::function<grpc::Status(grpc::ClientContext*, Response*)>& call) {
  for (;;) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = call(&context, &response);
    if (status.ok()) return response;
    Pause(status);
  }
}

// Calls take with every record from the beginning on, each once, until it returns false.
void Follow(EventService::Stub& stub, const std::function<bool(const EventRecord&)>& take) {
  SubscribeRequest request;
  request.mutable_heartbeat_interval()->set_seconds(kHeartbeatSeconds);
  request.set_after_seq(0);
  for (;;) {
    grpc::ClientContext context;
    auto reader = stub.Subscribe(&context, request);
    reader->WaitForInitialMetadata();
    for (const auto& [name, value] : context.GetServerInitialMetadata())
      if (name == "tidings-log-id") request.set_log_id(std::string(value.data(), value.size()));
    SubscribeResponse response;
    while (reader->Read(&response)) {
      if (response.has_batch()) {
        for (const EventRecord& record : response.batch().records()) {
          request.set_after_seq(record.seq());
          if (!take(record)) {
            context.TryCancel();
            reader->Finish();
            return;
          }
        }
      } else if (response.has_heartbeat()) {
        request.set_after_seq(response.heartbeat().seq());
      } else if (response.has_gap()) {
        std::cerr << "gone: " << response.gap().ShortDebugString() << std::endl;
        request.set_after_seq(response.gap().resume_seq());
      }
    }
    Pause(reader->Finish());
  }
}

int main(int, char** argv) {
  // A connection that is dead without a sound is noticed: the server sends a heartbeat each 5 s.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 3 * kHeartbeatSeconds * 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
  EventService::Stub stub(grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments));
  for (const Event& event : Events()) {
    PublishRequest request;
    request.mutable_draft()->set_key("example-" + NameOf(event));  // a repeated call stores nothing twice
    *request.mutable_draft()->add_events() = event;
    const auto stored = Retried<PublishResponse>(
        [&](auto* context, auto* response) { return stub.Publish(context, request, response); });
    std::cout << "published " << NameOf(event) << " " << stored.seq() << std::endl;
  }
  FireRequest fire;
  fire.set_name("deploy");
  grpc::ClientContext context;
  FireResponse fired;
  if (const auto status = stub.Fire(&context, fire, &fired); !status.ok()) throw std::runtime_error(status.error_message());
  ListRequest list;
  list.set_name("deploy");
  const auto listed = Retried<ListResponse>(
      [&](auto* context, auto* response) { return stub.List(context, list, response); });
  bool is_there = false;
  for (const auto& event : listed.events()) is_there |= event.id() == fired.event().id();
  std::cout << "fired " << fired.event().name() << " listed " << (is_there ? "true" : "false") << std::endl;
  GetJobEventsRequest of_job;
  of_job.set_job_id("352");
  const auto job = Retried<GetJobEventsResponse>(
      [&](auto* context, auto* response) { return stub.GetJobEvents(context, of_job, response); });
  std::cout << "job";
  for (const auto& event : job.items()) std::cout << " " << event.type();
  GetClusterEventRequest newest;
  newest.set_event_id("latest");
  const auto latest = Retried<GetClusterEventResponse>(
      [&](auto* context, auto* response) { return stub.GetClusterEvent(context, newest, response); });
  std::cout << "\nhealthy " << (latest.event().all_healthy() ? "true" : "false") << std::endl;
  Follow(stub, [](const EventRecord& record) {
    std::cout << "record " << record.seq() << " " << NameOf(record.events(0)) << std::endl;
    return record.events(0).consul().name() != "end";
  });
}
