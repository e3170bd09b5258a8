package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p-kad-dht/provider"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
)

// node is one of the network.
type node struct {
	host host.Host
	dht  *dht.IpfsDHT
	// sweep and router are there once the node sweeps, see announce.go.
	sweep  *provider.SweepingProvider
	router *countingRouter
}

// subjectNetwork is a whole network in this process, that does as it is told and rests otherwise.
type subjectNetwork struct {
	nodes []*node
	tally tally
}

func (n *subjectNetwork) calls() map[string]handler {
	return map[string]handler{
		"form":     handle(n.form),
		"batch":    handle(n.batch),
		"announce": handle(n.announce),
		"memory":   handle(func(struct{}) (*float64, error) { return rssMiB(), nil }),
	}
}

type formRequest struct {
	// Keys are private keys, one a node.
	Keys [][]byte `json:"keys"`
	// Lookups are what each node looks for when the network has formed.
	Lookups       [][]byte `json:"lookups"`
	JoinLimitMs   float64  `json:"joinLimitMs"`
	LookupLimitMs float64  `json:"lookupLimitMs"`
	Resting       quiet    `json:"resting"`
}

type formed struct {
	WallSeconds float64 `json:"wallSeconds"`
	CPUSeconds  float64 `json:"cpuSeconds"`
	TableSize   float64 `json:"tableSize"`
	Connections float64 `json:"connections"`
}

// form does what bench/src/network/form.ts does: every node joins through the first, then looks around. It is formed when
// tables and connections change no more.
func (n *subjectNetwork) form(request formRequest) (formed, error) {
	begun, cpuBefore := time.Now(), cpuTime()

	for _, bytes := range request.Keys {
		key, err := crypto.UnmarshalPrivateKey(bytes)
		if err != nil {
			return formed{}, err
		}
		h, err := newHost(key, true)
		if err != nil {
			return formed{}, err
		}
		d, err := newDHT(h, nil, dht.OnRequestHook(n.tally.hook(h.ID())))
		if err != nil {
			return formed{}, err
		}
		n.nodes = append(n.nodes, &node{host: h, dht: d})
	}

	for _, joining := range n.nodes[1:] {
		if err := joining.join(n.nodes[0], milliseconds(request.JoinLimitMs)); err != nil {
			return formed{}, err
		}
	}
	if err := n.refresh(); err != nil {
		return formed{}, err
	}

	look := func() formed {
		now := formed{WallSeconds: time.Since(begun).Seconds(), CPUSeconds: (cpuTime() - cpuBefore).Seconds()}
		for _, each := range n.nodes {
			now.TableSize += float64(each.dht.RoutingTable().Size()) / float64(len(n.nodes))
			now.Connections += float64(len(each.host.Network().Conns())) / float64(len(n.nodes))
		}
		return now
	}
	last := look()
	request.Resting.wait(func() {
		if now := look(); now.TableSize != last.TableSize || now.Connections != last.Connections {
			last = now
		}
	})

	for i, key := range request.Lookups {
		ctx, cancel := context.WithTimeout(context.Background(), milliseconds(request.LookupLimitMs))
		_, err := n.nodes[i].dht.GetClosestPeers(ctx, string(key))
		cancel()
		if err != nil {
			return formed{}, err
		}
	}
	return last, nil
}

func (n *node) join(seed *node, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := n.host.Connect(ctx, *host.InfoFromHost(seed.host)); err != nil {
		return err
	}
	for n.dht.RoutingTable().Size() == 0 {
		if ctx.Err() != nil {
			return fmt.Errorf("%s has no peer in its routing table %s after it met the seed", n.host.ID(), limit)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// refresh lets all nodes refresh their tables at once.
func (n *subjectNetwork) refresh() error {
	var waiting sync.WaitGroup
	failures := make([]error, len(n.nodes))
	for i, each := range n.nodes {
		waiting.Go(func() { failures[i] = <-each.dht.RefreshRoutingTable() })
	}
	waiting.Wait()
	return errors.Join(failures...)
}
