package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"
	ma "github.com/multiformats/go-multiaddr"
)

// commands by name. A byte string is base64 in JSON, a peer id and a CID their usual strings.
var commands = map[string]func(ctx context.Context, n *node, line []byte) (any, error){
	"connect":        command(connect),
	"disconnect":     command(disconnect),
	"table":          command(table),
	"peers":          command(peers),
	"protocols":      command(protocols),
	"findPeer":       command(findPeer),
	"closest":        command(closest),
	"put":            command(put),
	"get":            command(get),
	"provide":        command(provide),
	"findProviders":  command(findProviders),
	"localProviders": command(localProviders),
	"raw":            command(raw),
	"refresh":        command(refresh),
	"makeIpns":       command(makeIpns),
	"resolveIpns":    command(resolveIpns),
}

func command[Args any](run func(context.Context, *node, Args) (any, error)) func(context.Context, *node, []byte) (any, error) {
	return func(ctx context.Context, n *node, line []byte) (any, error) {
		var args Args
		if err := json.Unmarshal(line, &args); err != nil {
			return nil, err
		}
		return run(ctx, n, args)
	}
}

type noArgs struct{}

type peerArgs struct {
	Peer  peer.ID `json:"peer"`
	Fresh bool    `json:"fresh"`
}

type recordArgs struct {
	Key    []byte `json:"key"`
	Value  []byte `json:"value"`
	Quorum *int   `json:"quorum"`
}

type cidArgs struct {
	CID   string `json:"cid"`
	Count int    `json:"count"`
}

type peerInfo struct {
	Peer  peer.ID  `json:"peer"`
	Addrs []string `json:"addrs"`
}

// connect returns once identify has run; the routing table follows a little later.
func connect(ctx context.Context, n *node, args struct {
	Addrs []string `json:"addrs"`
}) (any, error) {
	infos, err := parseAddrs(args.Addrs)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if err := n.host.Connect(ctx, info); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func disconnect(_ context.Context, n *node, args peerArgs) (any, error) {
	return nil, n.host.Network().ClosePeer(args.Peer)
}

func table(_ context.Context, n *node, _ noArgs) (any, error) {
	return notNil(n.dht.RoutingTable().ListPeers()), nil
}

func peers(_ context.Context, n *node, _ noArgs) (any, error) {
	return notNil(n.host.Network().Peers()), nil
}

func protocols(_ context.Context, n *node, args peerArgs) (any, error) {
	known, err := n.host.Peerstore().GetProtocols(args.Peer)
	return notNil(known), err
}

func findPeer(ctx context.Context, n *node, args peerArgs) (any, error) {
	if args.Fresh {
		if err := forget(ctx, n, args.Peer); err != nil {
			return nil, err
		}
	}
	info, err := n.dht.FindPeer(ctx, args.Peer)
	if err != nil {
		return nil, err
	}
	return toPeerInfo(info), nil
}

func closest(ctx context.Context, n *node, args recordArgs) (any, error) {
	found, err := n.dht.GetClosestPeers(ctx, string(args.Key))
	return notNil(found), err
}

func put(ctx context.Context, n *node, args recordArgs) (any, error) {
	return nil, n.dht.PutValue(ctx, string(args.Key), args.Value)
}

func get(ctx context.Context, n *node, args recordArgs) (any, error) {
	var options []routing.Option
	if args.Quorum != nil {
		options = append(options, dht.Quorum(*args.Quorum))
	}
	value, err := n.dht.GetValue(ctx, string(args.Key), options...)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"value": value}, nil
}

func provide(ctx context.Context, n *node, args cidArgs) (any, error) {
	id, err := cid.Decode(args.CID)
	if err != nil {
		return nil, err
	}
	return nil, n.dht.Provide(ctx, id, true)
}

// findProviders tells of each provider once: the DHT sends it a second time when its addresses turn up later.
func findProviders(ctx context.Context, n *node, args cidArgs) (any, error) {
	id, err := cid.Decode(args.CID)
	if err != nil {
		return nil, err
	}
	found := []peerInfo{}
	seen := map[peer.ID]int{}
	for info := range n.dht.FindProvidersAsync(ctx, id, args.Count) {
		if i, ok := seen[info.ID]; ok {
			found[i] = toPeerInfo(info)
			continue
		}
		seen[info.ID] = len(found)
		found = append(found, toPeerInfo(info))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("found %d providers, then: %w", len(found), err)
	}
	return found, nil
}

func localProviders(ctx context.Context, n *node, args cidArgs) (any, error) {
	id, err := cid.Decode(args.CID)
	if err != nil {
		return nil, err
	}
	held, err := n.dht.ProviderStore().GetProviders(ctx, id.Hash())
	if err != nil {
		return nil, err
	}
	infos := []peerInfo{}
	for _, info := range held {
		infos = append(infos, toPeerInfo(info))
	}
	return infos, nil
}

func refresh(ctx context.Context, n *node, _ noArgs) (any, error) {
	select {
	case err := <-n.dht.RefreshRoutingTable():
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// forget makes this node a stranger to the peer: no connection, no addresses, no place in the routing table.
func forget(ctx context.Context, n *node, id peer.ID) error {
	if err := closeAndSettle(ctx, n.host.Network(), id); err != nil {
		return err
	}
	n.host.Peerstore().ClearAddrs(id)
	n.dht.RoutingTable().RemovePeer(id)
	return nil
}

// closeAndSettle returns once every listener has heard of the closed connections: identify is one of them, and
// writes the peer's addresses back at that moment.
func closeAndSettle(ctx context.Context, swarm network.Network, id peer.ID) error {
	closed := make(chan network.Conn)
	done := make(chan struct{})
	listener := &network.NotifyBundle{DisconnectedF: func(_ network.Network, conn network.Conn) {
		select {
		case closed <- conn:
		case <-done:
		}
	}}

	// Listening starts before looking, so that no connection closes unheard in between.
	swarm.Notify(listener)
	// Listeners are told one after another in any order, and StopNotify waits until all have been.
	defer swarm.StopNotify(listener)
	defer close(done)

	open := map[network.Conn]bool{}
	for _, conn := range swarm.ConnsToPeer(id) {
		open[conn] = true
	}
	if err := swarm.ClosePeer(id); err != nil {
		return err
	}
	for len(open) > 0 {
		select {
		case conn := <-closed:
			delete(open, conn)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func parseAddrs(addrs []string) ([]peer.AddrInfo, error) {
	parsed := make([]ma.Multiaddr, 0, len(addrs))
	for _, addr := range addrs {
		m, err := ma.NewMultiaddr(addr)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, m)
	}
	return peer.AddrInfosFromP2pAddrs(parsed...)
}

func toPeerInfo(info peer.AddrInfo) peerInfo {
	return peerInfo{info.ID, toStrings(info.Addrs)}
}

func toStrings(addrs []ma.Multiaddr) []string {
	strings := make([]string, 0, len(addrs))
	for _, addr := range addrs {
		strings = append(strings, addr.String())
	}
	return strings
}

// notNil makes an empty list of a missing one, as JSON has null for the latter.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
