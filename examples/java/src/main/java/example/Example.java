package example;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.tidings.v1.*;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Publishes to a Tidings, asks it, and follows its log over restarts. Usage: Example ADDRESS. */
public final class Example {
  private static final Metadata.Key<String> LOG_ID =
      Metadata.Key.of("tidings-log-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Duration HEARTBEAT = Duration.newBuilder().setSeconds(5).build();
  private static final long PAUSE_MS = 500;

  /** One event of each system. */
  private static List<Event> events() {
    var job = NomadPayload.newBuilder().setJob(Job.newBuilder().setId("web"));
    var nomad = NomadEvent.newBuilder().setTopic("Job").setType("JobRegistered").setKey("web").setPayload(job);
    var consul = ConsulEvent.newBuilder().setName("hello").setPayload(ByteString.copyFromUtf8("hi"));
    var dockerCloud = DockerCloudEvent.newBuilder().setType("service").setAction("create")
        .setResourceUri("/api/app/v1/shop/service/7/");
    var puppet = PuppetJobEvent.newBuilder().setJob("352").setType("node_running")
        .setTimestamp(Timestamp.newBuilder().setSeconds(1462477808));
    var feldera = FelderaClusterEvent.newBuilder().setAllHealthy(true).setApiStatus("Healthy")
        .setCompilerStatus("Healthy").setRunnerStatus("Healthy");
    var cloudEvent = CloudEvent.newBuilder().setId("invoice-7").setSource("/billing").setSpecVersion("1.0")
        .setType("com.example.invoice.paid");
    return List.of(
        Event.newBuilder().setNomad(nomad).build(),
        Event.newBuilder().setConsul(consul).build(),
        Event.newBuilder().setDockerCloud(dockerCloud).build(),
        Event.newBuilder().setPuppet(puppet).build(),
        Event.newBuilder().setFeldera(feldera).build(),
        Event.newBuilder().setCloudEvent(cloudEvent).build());
  }

  private static String nameOf(Event event) {
    return event.getBodyCase().name().toLowerCase(Locale.ROOT);
  }

  /** Waits where the service cannot be reached; throws any other error on. */
  private static void pause(StatusRuntimeException error) {
    if (error.getStatus().getCode() != Status.Code.UNAVAILABLE) {
      throw error;
    }
    try {
      Thread.sleep(PAUSE_MS);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  /** Repeats a call until the service can be reached. */
  private static <T> T retried(Supplier<T> call) {
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException error) {
        pause(error);
      }
    }
  }

  /** Calls take with every record from the beginning on, each once, until it returns false. */
  private static void follow(EventServiceGrpc.EventServiceBlockingStub stub, Predicate<EventRecord> take) {
    long afterSeq = 0;
    var header = new AtomicReference<Metadata>();
    var capture = MetadataUtils.newCaptureMetadataInterceptor(header, new AtomicReference<>());
    String logId = "";
    while (true) {
      var request = SubscribeRequest.newBuilder()
          .setAfterSeq(afterSeq).setLogId(logId).setHeartbeatInterval(HEARTBEAT).build();
      try {
        var responses = stub.withInterceptors(capture).subscribe(request);
        while (responses.hasNext()) {
          var response = responses.next();
          logId = header.get().get(LOG_ID);
          switch (response.getPartCase()) {
            case BATCH:
              for (var record : response.getBatch().getRecordsList()) {
                afterSeq = record.getSeq();
                if (!take.test(record)) {
                  return;
                }
              }
              break;
            case HEARTBEAT:
              afterSeq = response.getHeartbeat().getSeq();
              break;
            case GAP:
              System.err.println("gone: " + response.getGap());
              afterSeq = response.getGap().getResumeSeq();
              break;
            default: // of a newer Tidings
          }
        }
      } catch (StatusRuntimeException error) {
        pause(error);
      }
    }
  }

  public static void main(String[] arguments) {
    // A connection that is dead without a sound is noticed: the server sends a heartbeat each 5 s.
    var channel = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create())
        .keepAliveTime(15, TimeUnit.SECONDS).keepAliveTimeout(5, TimeUnit.SECONDS).build();
    var stub = EventServiceGrpc.newBlockingStub(channel);
    for (var event : events()) {
      // With a key a repeated call stores nothing twice.
      var draft = Draft.newBuilder().setKey("example-" + nameOf(event)).addEvents(event);
      var request = PublishRequest.newBuilder().setDraft(draft).build();
      System.out.println("published " + nameOf(event) + " " + retried(() -> stub.publish(request)).getSeq());
    }
    var fired = stub.fire(FireRequest.newBuilder().setName("deploy").build()).getEvent();
    var listed = retried(() -> stub.list(ListRequest.newBuilder().setName("deploy").build()));
    var isThere = listed.getEventsList().stream().anyMatch(event -> event.getId().equals(fired.getId()));
    System.out.println("fired " + fired.getName() + " listed " + isThere);
    var job = retried(() -> stub.getJobEvents(GetJobEventsRequest.newBuilder().setJobId("352").build()));
    System.out.println(
        job.getItemsList().stream().map(PuppetJobEvent::getType).collect(Collectors.joining(" ", "job ", "")));
    var latest = GetClusterEventRequest.newBuilder().setEventId("latest").build();
    System.out.println("healthy " + retried(() -> stub.getClusterEvent(latest)).getEvent().getAllHealthy());
    follow(stub, record -> {
      var event = record.getEvents(0);
      System.out.println("record " + record.getSeq() + " " + nameOf(event));
      return !event.getConsul().getName().equals("end");
    });
    channel.shutdownNow();
  }
}
