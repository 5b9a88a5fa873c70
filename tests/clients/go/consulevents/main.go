// The real Consul client for Go: fires events, lists them, and follows them with a watch plan.
// Run as `consulevents ADDRESS COUNT`; prints one line of JSON when the plan has seen all of them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/hashicorp/consul/api/watch"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, many string) error {
	count, err := strconv.Atoi(many)
	if err != nil {
		return err
	}
	client, err := api.NewClient(&api.Config{Address: address})
	if err != nil {
		return err
	}
	events := client.Event()
	first := &api.UserEvent{Name: "first", Payload: []byte("hello"), NodeFilter: "^web"}
	fired, _, err := events.Fire(first, nil)
	if err != nil {
		return err
	}
	listed, meta, err := events.List("first", nil)
	if err != nil {
		return err
	}
	if len(listed) != 1 {
		return fmt.Errorf("%d events listed", len(listed))
	}
	if events.IDToIndex(listed[0].ID) != meta.LastIndex {
		return fmt.Errorf("the index of the answer is not the one of its newest ID")
	}

	seen := map[string]int{}
	indexes := []uint64{}
	plan, err := watch.Parse(map[string]interface{}{"type": "event", "name": "tick"})
	if err != nil {
		return err
	}
	plan.Handler = func(index uint64, raw interface{}) {
		indexes = append(indexes, index)
		for _, event := range raw.([]*api.UserEvent) {
			seen[string(event.Payload)]++
		}
		if len(seen) == count {
			plan.Stop()
		}
	}
	running := make(chan error, 1)
	go func() { running <- plan.RunWithClientAndHclog(client, nil) }()
	for number := 0; number < count; number++ {
		event := &api.UserEvent{Name: "tick", Payload: []byte(strconv.Itoa(number))}
		if _, _, err := events.Fire(event, nil); err != nil {
			return err
		}
	}
	select {
	case err := <-running:
		if err != nil {
			return err
		}
	case <-time.After(time.Minute):
		return fmt.Errorf("the plan saw %d of %d events", len(seen), count)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"fired":   fired,
		"listed":  []string{listed[0].ID, string(listed[0].Payload), listed[0].NodeFilter},
		"seen":    seen,
		"indexes": indexes,
	})
}
