// The real Nomad client for Go: follows the event stream from an index, as most of Nomad's users do.
// Run as `nomadreader ADDRESS INDEX NAMESPACE [TOPIC:KEY ...]`. Prints "started", then one line of
// JSON for each message that is no heartbeat: {"Index":…,"Keys":[…],"Types":[…],"JobIDs":[…]}.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"
)

type line struct {
	Index  uint64
	Keys   []string
	Types  []string
	JobIDs []string
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, first, namespace string, selected []string) error {
	index, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return err
	}
	client, err := api.NewClient(&api.Config{Address: address, SecretID: os.Getenv("NOMAD_TOKEN")})
	if err != nil {
		return err
	}
	topics := map[api.Topic][]string{}
	for _, one := range selected {
		topic, key, _ := strings.Cut(one, ":")
		topics[api.Topic(topic)] = append(topics[api.Topic(topic)], key)
	}
	options := &api.QueryOptions{Namespace: namespace}
	messages, err := client.EventStream().Stream(context.Background(), topics, index, options)
	if err != nil {
		return err
	}
	fmt.Println("started")
	for message := range messages {
		if message.Err != nil {
			return message.Err
		}
		if message.IsHeartbeat() {
			continue
		}
		if err := show(message); err != nil {
			return err
		}
	}
	return nil
}

func show(message *api.Events) error {
	seen := line{Index: message.Index}
	for _, event := range message.Events {
		seen.Keys = append(seen.Keys, event.Key)
		seen.Types = append(seen.Types, event.Type)
		// The typed objects are what a client's own code works with: a wrong type fails here.
		switch event.Topic {
		case api.TopicJob:
			job, err := event.Job()
			if err != nil {
				return err
			}
			seen.JobIDs = append(seen.JobIDs, *job.ID)
		case api.TopicNode:
			if _, err := event.Node(); err != nil {
				return err
			}
		case api.TopicAllocation:
			if _, err := event.Allocation(); err != nil {
				return err
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(seen)
}
