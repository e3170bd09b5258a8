package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"
	"github.com/multiformats/go-multihash"
)

// task is one operation; the bench works it out from its seed (bench/src/network/workload.ts), so that it is the same
// for every subject.
type task struct {
	Node      int     `json:"node"`
	Peer      peer.ID `json:"peer"`
	Key       []byte  `json:"key"`
	Multihash []byte  `json:"multihash"`
	RecordKey []byte  `json:"recordKey"`
	Value     []byte  `json:"value"`
}

type batchRequest struct {
	Op           string  `json:"op"`
	Tasks        []task  `json:"tasks"`
	Trailing     quiet   `json:"trailing"`
	AbortAfterMs float64 `json:"abortAfterMs"`
}

// outcome is what came of a task; the bench holds it against the truth.
type outcome struct {
	Ms       float64   `json:"ms"`
	Peers    []peer.ID `json:"peers"`
	Value    []byte    `json:"value"`
	Stored   int64     `json:"stored"`
	Messages float64   `json:"messages"`
	Error    string    `json:"error,omitempty"`
}

type batchResult struct {
	CPUMs    float64   `json:"cpuMs"`
	Outcomes []outcome `json:"outcomes"`
}

func (n *subjectNetwork) batch(request batchRequest) (batchResult, error) {
	operation, ok := operations[request.Op]
	if !ok {
		return batchResult{}, fmt.Errorf("no such operation: %q", request.Op)
	}

	keys := make([][]byte, len(request.Tasks))
	sharing := map[string]int{}
	for i, each := range request.Tasks {
		keys[i] = operation.key(each)
		sharing[string(keys[i])]++
	}

	n.tally.begin(keys)
	result := batchResult{Outcomes: make([]outcome, len(request.Tasks))}
	runAll := func(from, to int) {
		request.Trailing.wait(nil)
		before := cpuTime()
		for i := from; i < to; i++ {
			result.Outcomes[i] = n.runTask(operation, request.Tasks[i], milliseconds(request.AbortAfterMs))
		}
		request.Trailing.wait(nil)
		result.CPUMs += inMilliseconds(cpuTime() - before)
	}

	if operation.prepare == nil {
		runAll(0, len(request.Tasks))
	} else {
		// one after the other, so that neither the preparation counts nor what an operation undoes of the next one's
		for i, each := range request.Tasks {
			if err := operation.prepare(n.nodes[each.Node], each); err != nil {
				return batchResult{}, err
			}
			runAll(i, i+1)
		}
	}

	for i, key := range keys {
		counted := n.tally.of(key)
		// tasks that look for the same share what was sent
		result.Outcomes[i].Messages = float64(counted.messages.Load()) / float64(sharing[string(key)])
		result.Outcomes[i].Stored = counted.stores.Load()
	}
	return result, nil
}

func (n *subjectNetwork) runTask(operation operation, t task, limit time.Duration) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	begun := time.Now()
	found, err := operation.run(ctx, n.nodes[t.Node], t)
	if found.answered.IsZero() {
		found.answered = time.Now()
	}
	done := outcome{Ms: inMilliseconds(found.answered.Sub(begun)), Peers: found.peers, Value: found.value}
	if err != nil {
		done.Error = err.Error()
	}
	return done
}

// found is the answer of an operation, and when it was there, if before the operation ended.
type found struct {
	peers    []peer.ID
	value    []byte
	answered time.Time
}

// operation is called as its users call it who want the result and no events.
type operation struct {
	run func(context.Context, *node, task) (found, error)
	// key is what its requests name
	key func(task) []byte
	// prepare is done before the operation, outside of what is measured
	prepare func(*node, task) error
}

var operations = map[string]operation{
	"closestPeersFirst":  {run: closestPeers, key: keyOf},
	"closestPeers":       {run: closestPeers, key: keyOf},
	"findPeer":           {run: findPeer, key: peerOf, prepare: forgetPeer},
	"provide":            {run: provide, key: multihashOf},
	"findProvidersFirst": {run: findProvidersFirst, key: multihashOf},
	"findProvidersAll":   {run: findProvidersAll, key: multihashOf},
	"put":                {run: put, key: recordKeyOf},
	"get":                {run: get, key: recordKeyOf},
}

func keyOf(t task) []byte       { return t.Key }
func peerOf(t task) []byte      { return []byte(t.Peer) }
func multihashOf(t task) []byte { return t.Multihash }
func recordKeyOf(t task) []byte { return t.RecordKey }

func closestPeers(ctx context.Context, n *node, t task) (found, error) {
	peers, err := n.dht.GetClosestPeers(ctx, string(t.Key))
	return found{peers: peers}, err
}

// findPeer has its answer when a reply names the peer. Go then connects to it before it returns, which ours and js leave to
// the caller: that is in the CPU time, and not in the latency.
func findPeer(ctx context.Context, n *node, t task) (found, error) {
	listening, events := routing.RegisterForQueryEvents(ctx)
	answered := make(chan time.Time, 1)
	go func() {
		for event := range events {
			if event.Type == routing.PeerResponse && names(event.Responses, t.Peer) {
				select {
				case answered <- time.Now():
				default:
				}
			}
		}
	}()

	info, err := n.dht.FindPeer(listening, t.Peer)
	answer := found{peers: []peer.ID{info.ID}}
	select {
	case answer.answered = <-answered:
	default:
	}
	return answer, err
}

func names(infos []*peer.AddrInfo, id peer.ID) bool {
	return slices.ContainsFunc(infos, func(info *peer.AddrInfo) bool { return info.ID == id && len(info.Addrs) > 0 })
}

func forgetPeer(n *node, t task) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return forget(ctx, n, t.Peer)
}

func provide(ctx context.Context, n *node, t task) (found, error) {
	return found{}, n.dht.Provide(ctx, t.cid(), true)
}

// findProvidersFirst ends with the first provider; what is left of the search is cleaned up after the answer.
func findProvidersFirst(ctx context.Context, n *node, t task) (found, error) {
	var first found
	for info := range n.dht.FindProvidersAsync(ctx, t.cid(), 1) {
		if first.answered.IsZero() {
			first = found{peers: []peer.ID{info.ID}, answered: time.Now()}
		}
	}
	return first, nil
}

func findProvidersAll(ctx context.Context, n *node, t task) (found, error) {
	var all found
	for info := range n.dht.FindProvidersAsync(ctx, t.cid(), 0) {
		all.peers = append(all.peers, info.ID)
	}
	return all, ctx.Err()
}

func put(ctx context.Context, n *node, t task) (found, error) {
	return found{}, n.dht.PutValue(ctx, string(t.RecordKey), t.Value)
}

func get(ctx context.Context, n *node, t task) (found, error) {
	value, err := n.dht.GetValue(ctx, string(t.RecordKey))
	return found{value: value}, err
}

func (t task) cid() cid.Cid {
	return cid.NewCidV1(cid.Raw, multihash.Multihash(t.Multihash))
}
