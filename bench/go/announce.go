package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p-kad-dht/provider"
	"github.com/libp2p/go-libp2p-kad-dht/provider/stats"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multihash"
)

// announceRequest is what one node is to tell the network; the bench works it out from its seed
// (bench/src/providers/measure.ts), so that it is the same for every subject.
type announceRequest struct {
	Node        int      `json:"node"`
	Multihashes [][]byte `json:"multihashes"`
	// Sweep is whether the node announces all by SweepingProvider, else AtOnce of them at a time by Provide.
	Sweep   bool  `json:"sweep"`
	AtOnce  int   `json:"atOnce"`
	Samples []int `json:"samples"`
	// OneMs is how long one announcement may take, all together AllMs.
	OneMs    float64 `json:"oneMs"`
	AllMs    float64 `json:"allMs"`
	Trailing quiet   `json:"trailing"`
}

// announced is what it took, and which nodes hold the sampled ones in the end, the announcing one left out.
type announced struct {
	Seconds  float64        `json:"seconds"`
	CPUMs    float64        `json:"cpuMs"`
	Failures map[string]int `json:"failures"`
	Lookups  int64          `json:"lookups"`
	Messages int64          `json:"messages"`
	Holders  [][]int        `json:"holders"`
}

func (n *subjectNetwork) announce(request announceRequest) (announced, error) {
	from := n.nodes[request.Node]
	run := n.announceEach
	if request.Sweep {
		// a node that sweeps has found out before how large its network is
		if err := from.startSweeping(milliseconds(request.AllMs)); err != nil {
			return announced{}, err
		}
		run = n.announceAll
	}

	request.Trailing.wait(nil)
	n.tally.beginOf(from.host.ID())
	cpuBefore, begun := cpuTime(), time.Now()
	result, err := run(from, request)
	if err != nil {
		return announced{}, err
	}
	result.Seconds = time.Since(begun).Seconds()
	request.Trailing.wait(nil)
	result.CPUMs = inMilliseconds(cpuTime() - cpuBefore)
	result.Messages = n.tally.sent.Load()

	for _, i := range request.Samples {
		holders, err := n.holders(request.Multihashes[i], from.host.ID())
		if err != nil {
			return announced{}, err
		}
		result.Holders = append(result.Holders, holders)
	}
	return result, nil
}

// announceEach provides so many at a time, each with its own lookup.
func (n *subjectNetwork) announceEach(from *node, request announceRequest) (announced, error) {
	result := announced{Failures: map[string]int{}, Lookups: int64(len(request.Multihashes))}
	next := make(chan []byte)
	var running sync.WaitGroup
	var failures sync.Mutex
	for range request.AtOnce {
		running.Go(func() {
			for hash := range next {
				ctx, cancel := context.WithTimeout(context.Background(), milliseconds(request.OneMs))
				err := from.dht.Provide(ctx, cid.NewCidV1(cid.Raw, multihash.Multihash(hash)), true)
				cancel()
				if err != nil {
					failures.Lock()
					result.Failures[err.Error()]++
					failures.Unlock()
				}
			}
		})
	}
	for _, hash := range request.Multihashes {
		next <- hash
	}
	close(next)
	running.Wait()
	return result, nil
}

// announceAll hands them to the sweeping provider, which works in the background, and waits until it has nothing left to do.
func (n *subjectNetwork) announceAll(from *node, request announceRequest) (announced, error) {
	hashes := make([]multihash.Multihash, len(request.Multihashes))
	for i, hash := range request.Multihashes {
		hashes[i] = multihash.Multihash(hash)
	}
	before, err := from.sweep.Stats(context.Background())
	if err != nil {
		return announced{}, err
	}
	lookups := from.router.lookups.Load()
	if err := from.sweep.StartProviding(true, hashes...); err != nil {
		return announced{}, err
	}
	after, err := from.untilSweep(milliseconds(request.AllMs), func(now stats.Stats) bool {
		return now.Queues.PendingKeyProvides == 0 && now.Operations.Ongoing.KeyProvides == 0 && now.Workers.ActiveBurst == 0
	})
	if err != nil {
		return announced{}, err
	}
	result := announced{Failures: map[string]int{}, Lookups: from.router.lookups.Load() - lookups}
	if failed := after.Operations.Past.KeysFailed - before.Operations.Past.KeysFailed; failed > 0 {
		result.Failures["SweepingProvider says that it failed"] = int(failed)
	}
	return result, nil
}

// startSweeping has no effect on a node that sweeps already.
func (n *node) startSweeping(limit time.Duration) error {
	if n.sweep != nil {
		return nil
	}
	n.router = &countingRouter{IpfsDHT: n.dht}
	var err error
	if n.sweep, err = provider.New(
		provider.WithHost(n.host),
		provider.WithRouter(n.router),
		provider.WithMessageSender(n.dht.MessageSender()),
		provider.WithSelfAddrs(n.dht.FilteredAddrs),
		provider.WithReplicationFactor(replication),
	); err != nil {
		return err
	}
	_, err = n.untilSweep(limit, func(now stats.Stats) bool {
		return now.Connectivity.Status == "online" && now.Schedule.AvgPrefixLength >= 0
	})
	return err
}

// untilSweep looks at the sweeping provider until that is so: it has no other way to tell.
func (n *node) untilSweep(limit time.Duration, isSo func(stats.Stats) bool) (stats.Stats, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for ; ; time.Sleep(2 * time.Millisecond) {
		now, err := n.sweep.Stats(ctx)
		if err != nil || isSo(now) {
			return now, err
		}
	}
}

// countingRouter counts the lookups of a sweep.
type countingRouter struct {
	*dht.IpfsDHT
	lookups atomic.Int64
}

func (r *countingRouter) GetClosestPeers(ctx context.Context, key string) ([]peer.ID, error) {
	r.lookups.Add(1)
	return r.IpfsDHT.GetClosestPeers(ctx, key)
}

// holders are the nodes that hold a record of the provider.
func (n *subjectNetwork) holders(key []byte, provider peer.ID) ([]int, error) {
	holders := []int{}
	for i, each := range n.nodes {
		if each.host.ID() == provider {
			continue
		}
		found, err := each.dht.ProviderStore().GetProviders(context.Background(), key)
		if err != nil {
			return nil, err
		}
		for _, info := range found {
			if info.ID == provider {
				holders = append(holders, i)
			}
		}
	}
	return holders, nil
}
