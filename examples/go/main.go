// Publishes to a Tidings, asks it, and follows its log over restarts. Usage: example ADDRESS.
package main

//go:generate ./generate

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	api "tidings.test/example/tidings/v1"
)

const heartbeat, dead = 5 * time.Second, 15 * time.Second // without a sound for so long, a stream is dead

// events returns one event of each system.
func events() []*api.Event {
	job := &api.NomadPayload{Object: &api.NomadPayload_Job{Job: &api.Job{Id: "web"}}}
	return []*api.Event{
		{Body: &api.Event_Nomad{Nomad: &api.NomadEvent{Topic: "Job", Type: "JobRegistered", Key: "web", Payload: job}}},
		{Body: &api.Event_Consul{Consul: &api.ConsulEvent{Name: "hello", Payload: []byte("hi")}}},
		{Body: &api.Event_DockerCloud{DockerCloud: &api.DockerCloudEvent{
			Type: "service", Action: "create", ResourceUri: "/api/app/v1/shop/service/7/"}}},
		{Body: &api.Event_Puppet{Puppet: &api.PuppetJobEvent{
			Job: "352", Type: "node_running", Timestamp: &timestamppb.Timestamp{Seconds: 1462477808}}}},
		{Body: &api.Event_Feldera{Feldera: &api.FelderaClusterEvent{
			AllHealthy: true, ApiStatus: "Healthy", CompilerStatus: "Healthy", RunnerStatus: "Healthy"}}},
		{Body: &api.Event_CloudEvent{CloudEvent: &api.CloudEvent{
			Id: "invoice-7", Source: "/billing", SpecVersion: "1.0", Type: "com.example.invoice.paid"}}},
	}
}

func nameOf(event *api.Event) string {
	message := event.ProtoReflect()
	return string(message.WhichOneof(message.Descriptor().Oneofs().ByName("body")).Name())
}

// wait waits where the service cannot be reached, or a stream was given up; any other error ends all.
func wait(err error) {
	if code := status.Code(err); code != codes.Unavailable && code != codes.Canceled {
		log.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
}

// retried repeats a call until the service can be reached.
func retried[Q, A any](call func(context.Context, Q, ...grpc.CallOption) (A, error), request Q) A {
	for {
		answer, err := call(context.Background(), request)
		if err == nil {
			return answer
		}
		wait(err)
	}
}

// follow calls take with every record from the beginning on, each once, until it returns false.
func follow(client api.EventServiceClient, take func(*api.EventRecord) bool) {
	request := &api.SubscribeRequest{HeartbeatInterval: durationpb.New(heartbeat)}
	after := uint64(0)
	for {
		request.Start = &api.SubscribeRequest_AfterSeq{AfterSeq: after}
		err := readStream(client, request, func(response *api.SubscribeResponse) bool {
			switch part := response.Part.(type) {
			case *api.SubscribeResponse_Batch:
				for _, record := range part.Batch.Records {
					after = record.Seq
					if !take(record) {
						return false
					}
				}
			case *api.SubscribeResponse_Heartbeat:
				after = part.Heartbeat.Seq
			case *api.SubscribeResponse_Gap:
				log.Print("gone: ", part.Gap)
				after = part.Gap.ResumeSeq
			}
			return true
		})
		if err == nil {
			return
		}
		wait(err)
	}
}

// readStream reads one stream until take returns false, or to its error.
func readStream(client api.EventServiceClient, request *api.SubscribeRequest, take func(*api.SubscribeResponse) bool) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	silence := time.AfterFunc(dead, cancel)
	stream, err := client.Subscribe(ctx, request)
	if err != nil {
		return err
	}
	if header, err := stream.Header(); err == nil {
		request.LogId = strings.Join(header.Get("tidings-log-id"), "")
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		silence.Reset(dead)
		if !take(response) {
			return nil
		}
	}
}

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	client := api.NewEventServiceClient(connection)
	for _, event := range events() {
		// With a key a repeated call stores nothing twice.
		draft := &api.Draft{Key: "example-" + nameOf(event), Events: []*api.Event{event}}
		fmt.Println("published", nameOf(event), retried(client.Publish, &api.PublishRequest{Draft: draft}).Seq)
	}
	fired, err := client.Fire(context.Background(), &api.FireRequest{Name: "deploy"})
	if err != nil {
		log.Fatal(err)
	}
	listed := retried(client.List, &api.ListRequest{Name: "deploy"}).Events
	isThere := slices.ContainsFunc(listed, func(event *api.ConsulEvent) bool { return event.Id == fired.Event.Id })
	fmt.Println("fired", fired.Event.Name, "listed", isThere)
	fmt.Print("job")
	for _, event := range retried(client.GetJobEvents, &api.GetJobEventsRequest{JobId: "352"}).Items {
		fmt.Print(" ", event.Type)
	}
	latest := retried(client.GetClusterEvent, &api.GetClusterEventRequest{EventId: "latest"}).Event
	fmt.Println("\nhealthy", latest.AllHealthy)
	follow(client, func(record *api.EventRecord) bool {
		fmt.Println("record", record.Seq, nameOf(record.Events[0]))
		return record.Events[0].GetConsul().GetName() != "end"
	})
}
