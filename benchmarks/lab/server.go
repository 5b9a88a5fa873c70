// A server that does what Nomad does: every subscriber has each event encoded for itself.
// It takes events as JSON on stdin, length first, and prints its address.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"reflect"
	"sync"
)

var (
	lock        sync.Mutex
	subscribers = map[chan any]bool{}
)

// shape returns the type that a Go programmer would have declared for a member with such values.
func shape(values []any) reflect.Type {
	members := map[string][]any{}
	var elements []any
	var leaf any
	for _, value := range values {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				members[name] = append(members[name], member)
			}
		case []any:
			elements = append(elements, value...)
		case nil:
		default:
			leaf = value
		}
	}
	switch {
	case len(members) > 0:
		var fields []reflect.StructField
		for name, found := range members {
			tag := reflect.StructTag(`json:` + fmt.Sprintf("%q", name))
			field := fmt.Sprintf("F%d", len(fields))
			fields = append(fields, reflect.StructField{Name: field, Type: shape(found), Tag: tag})
		}
		return reflect.PointerTo(reflect.StructOf(fields))
	case len(elements) > 0:
		return reflect.SliceOf(shape(elements))
	case leaf == nil:
		return reflect.TypeOf([]string{})
	}
	if number, ok := leaf.(float64); ok && number == math.Trunc(number) {
		return reflect.TypeOf(int64(0))
	}
	return reflect.TypeOf(leaf)
}

func stream(w http.ResponseWriter, r *http.Request) {
	events := make(chan any, 1000)
	lock.Lock()
	subscribers[events] = true
	lock.Unlock()
	encoder := json.NewEncoder(w)
	for event := range events {
		if encoder.Encode(event) != nil {
			break
		}
		w.(http.Flusher).Flush()
	}
	lock.Lock()
	delete(subscribers, events)
	lock.Unlock()
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go http.Serve(listener, http.HandlerFunc(stream))
	input := bufio.NewReader(os.Stdin)
	var kind reflect.Type
	for {
		var size uint32
		if binary.Read(input, binary.LittleEndian, &size) != nil {
			return
		}
		text := make([]byte, size)
		io.ReadFull(input, text)
		if kind == nil {
			var value any
			json.Unmarshal(text, &value)
			kind = shape([]any{value})
		}
		event := reflect.New(kind).Interface()
		if json.Unmarshal(text, event) != nil {
			panic("not an event")
		}
		lock.Lock()
		for events := range subscribers {
			events <- event
		}
		lock.Unlock()
	}
}
