package main

import (
	"context"
	"sync/atomic"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// tally counts the requests that the operations of a batch send, where they arrive: all nodes are in this process, and
// those requests name the key of their operation. Go's own query events leave out PUT_VALUE and ADD_PROVIDER.
type tally struct {
	// counts by key. The map is not changed while a batch runs.
	counts atomic.Pointer[map[string]*count]
	// sender is whose requests are counted in sent, whatever they are about.
	sender atomic.Pointer[peer.ID]
	sent   atomic.Int64
}

type count struct {
	messages atomic.Int64
	stores   atomic.Int64
}

// begin forgets what was counted before.
func (t *tally) begin(keys [][]byte) {
	counts := make(map[string]*count, len(keys))
	for _, key := range keys {
		counts[string(key)] = &count{}
	}
	t.counts.Store(&counts)
}

// beginOf counts all that the peer sends from now on.
func (t *tally) beginOf(sender peer.ID) {
	t.sender.Store(&sender)
	t.sent.Store(0)
}

func (t *tally) of(key []byte) *count {
	return (*t.counts.Load())[string(key)]
}

// hook counts what the node `self` receives. Nodes that may enter a table are asked for themselves: that is upkeep.
func (t *tally) hook(self peer.ID) func(context.Context, network.Stream, *pb.Message) {
	return func(_ context.Context, stream network.Stream, request *pb.Message) {
		if string(request.GetKey()) == string(self) {
			return
		}
		if sender := t.sender.Load(); sender != nil && stream.Conn().RemotePeer() == *sender {
			t.sent.Add(1)
		}
		counts := t.counts.Load()
		if counts == nil {
			return
		}
		counted := (*counts)[string(request.GetKey())]
		if counted == nil {
			return
		}
		counted.messages.Add(1)
		if kind := request.GetType(); kind == pb.Message_ADD_PROVIDER || kind == pb.Message_PUT_VALUE {
			counted.stores.Add(1)
		}
	}
}
