package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// call is what the bench asks for: {"name":"batch","request":{…}}, one a line.
type call struct {
	Name    string          `json:"name"`
	Request json.RawMessage `json:"request"`
}

// reply is {"result":…} or {"error":"…"}, one a line.
type reply struct {
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
}

type handler func(request json.RawMessage) (any, error)

// handle makes a handler of a function that takes its request decoded. A byte string is base64 in JSON.
func handle[Request, Result any](run func(Request) (Result, error)) handler {
	return func(raw json.RawMessage) (any, error) {
		var request Request
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &request); err != nil {
				return nil, err
			}
		}
		return run(request)
	}
}

// serve answers one call after the other, until one says stop. With the end of stdin the bench is gone, and so is this
// process at once, whatever it is about.
func serve(handlers map[string]handler) error {
	calls := make(chan call)
	go func() {
		in := bufio.NewReader(os.Stdin)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				if !errors.Is(err, io.EOF) {
					fmt.Fprintln(os.Stderr, "stdin:", err)
				}
				os.Exit(0)
			}
			var next call
			if err := json.Unmarshal(line, &next); err != nil {
				fmt.Fprintf(os.Stderr, "stdin: %v in %.100q\n", err, line)
				os.Exit(1)
			}
			calls <- next
		}
	}()

	out := json.NewEncoder(os.Stdout)
	for next := range calls {
		if next.Name == "stop" {
			return out.Encode(reply{})
		}
		if err := out.Encode(answer(handlers, next)); err != nil {
			return err
		}
	}
	return nil
}

func answer(handlers map[string]handler, next call) reply {
	run, ok := handlers[next.Name]
	if !ok {
		return reply{Error: fmt.Sprintf("no such call: %q", next.Name)}
	}
	result, err := run(next.Request)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Result: result}
}
