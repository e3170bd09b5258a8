package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

type askRequest struct {
	// Message is what is asked: FIND_NODE, GET_PROVIDERS or GET_VALUE.
	Message string `json:"message"`
	// Reused is whether all requests go over one stream; otherwise each opens one of its own.
	Reused bool `json:"reused"`
	// Round is what the order of the questions follows from: drawn anew each time, the same for every server.
	Round   uint64  `json:"round"`
	Seconds float64 `json:"seconds"`
	// All is whether to ask each question once, however long that takes.
	All bool `json:"all"`
}

type asked struct {
	Requests int `json:"requests"`
	// Seconds that it took.
	Seconds float64 `json:"seconds"`
	// Latencies are of the right answers, from opening the stream, or writing, to the last byte.
	LatenciesMs []float64 `json:"latenciesMs"`
	// Failures are the reasons, with how often each.
	Failures map[string]int `json:"failures"`
}

// ask sends one request after the other over one connection. Answers are checked when all are in, so that the checks take
// nothing from the rate.
func (l *load) ask(request askRequest) (asked, error) {
	questions, ok := map[string][]question{
		"FIND_NODE":     l.content.findNode,
		"GET_PROVIDERS": l.content.getProviders,
		"GET_VALUE":     l.content.getValue,
	}[request.Message]
	if !ok || len(questions) == 0 {
		return asked{}, fmt.Errorf("there is nothing to ask %q for", request.Message)
	}
	requests := make([][]byte, len(questions))
	for i, each := range questions {
		var err error
		if requests[i], err = frame(each.request); err != nil {
			return asked{}, err
		}
	}

	result := asked{Failures: map[string]int{}}
	client := client{l.client, l.server.ID, request.Reused, nil}
	defer client.rest()
	order := rand.New(rand.NewPCG(request.Round, 0))
	var places []int
	var answers [][]byte
	var latencies []time.Duration
	begun := time.Now()
	end := begun.Add(milliseconds(request.Seconds * 1000))

	for !request.All && time.Now().Before(end) || request.All && result.Requests < len(questions) {
		place := result.Requests
		if !request.All {
			place = order.IntN(len(questions))
		}
		before := time.Now()
		answer, err := client.ask(requests[place])
		latencies = append(latencies, time.Since(before))
		if err != nil {
			result.Failures[err.Error()]++
			// one who refuses everything shall not be asked ten thousand times
			time.Sleep(10 * time.Millisecond)
		}
		places = append(places, place)
		answers = append(answers, answer)
		result.Requests++
	}
	result.Seconds = time.Since(begun).Seconds()

	for i, answer := range answers {
		if answer == nil {
			continue
		}
		message, err := parse(answer)
		if err == nil {
			err = questions[places[i]].check(message)
		}
		if err != nil {
			result.Failures[err.Error()]++
			continue
		}
		result.LatenciesMs = append(result.LatenciesMs, inMilliseconds(latencies[i]))
	}
	return result, nil
}

// client asks one server.
type client struct {
	host   host.Host
	server peer.ID
	reused bool
	// warm is the stream for the next request, if there is one.
	warm *asker
}

func (c *client) ask(request []byte) ([]byte, error) {
	stream := c.warm
	if stream == nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var err error
		if stream, err = openAsker(ctx, c.host, c.server); err != nil {
			return nil, err
		}
	}
	answer, err := stream.ask(request)
	if err != nil {
		_ = stream.Reset()
		c.warm = nil
		return nil, err
	}
	if c.reused {
		c.warm = stream
	} else {
		stream.close()
	}
	return answer, nil
}

// rest closes the stream that is warm.
func (c *client) rest() {
	if c.warm != nil {
		c.warm.close()
	}
}

// asker is a stream for one request after the other.
type asker struct {
	network.Stream
	in *bufio.Reader
}

func openAsker(ctx context.Context, from host.Host, to peer.ID) (*asker, error) {
	stream, err := from.NewStream(ctx, to, kadProtocol)
	if err != nil {
		return nil, err
	}
	return &asker{stream, bufio.NewReader(stream)}, nil
}

func (a *asker) ask(request []byte) ([]byte, error) {
	// a deadline that can't be set leaves the limit of the whole bench
	_ = a.SetDeadline(time.Now().Add(patience))
	if _, err := a.Write(request); err != nil {
		return nil, err
	}
	return readFrame(a.in)
}

func (a *asker) close() {
	_ = a.Close()
}
