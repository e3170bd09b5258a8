package main

import (
	"context"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// forget makes a node a stranger to the peer: no connection, no addresses, no place in the routing table. Go's FindPeer has
// no option that passes over what the node knows, and answers at once for a peer that is connected.
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
