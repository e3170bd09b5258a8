package main

import (
	"bytes"
	"errors"

	ds "github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const kadProtocol = "/ipfs/kad/1.0.0"

// replication is Kademlia's k, as on the public network.
const replication = 20

// newHost listens on loopback, or nowhere: TCP + noise + yamux, and no limits but those of the machine, as for the
// subjects in JavaScript.
func newHost(key crypto.PrivKey, listen bool) (host.Host, error) {
	where := libp2p.NoListenAddrs
	if listen {
		where = libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0")
	}
	return libp2p.New(
		libp2p.Identity(key),
		where,
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.ConnectionManager(connmgr.NullConnMgr{}),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
}

// newDHT has the options that every subject gets alike (bench/src/subjects/options.ts), and Go's own defaults otherwise:
// α 10, β 3, and in memory what is stored, unless there is a datastore for it.
func newDHT(h host.Host, datastore ds.Batching, options ...dht.Option) (*dht.IpfsDHT, error) {
	options = append(options,
		dht.Mode(dht.ModeServer),
		dht.BucketSize(replication),
		// kad-dht refuses a namespace of one's own under the prefix /ipfs. It looks at the prefix only, so the whole id is
		// set instead, behind a prefix that nobody uses.
		dht.ProtocolPrefix("/bench"),
		dht.V1ProtocolOverride(kadProtocol),
		dht.NamespacedValidator("test", testValidator{}),
		// Every peer here is on loopback and shares one IP group: nothing may be filtered for its address.
		dht.AddressFilter(nil),
		dht.RoutingTableFilter(nil),
		dht.RoutingTablePeerDiversityFilter(nil),
		dht.QueryFilter(func(any, peer.AddrInfo) bool { return true }),
	)
	if datastore != nil {
		options = append(options, dht.Datastore(datastore))
	}
	return dht.New(h, options...)
}

// testValidator takes any value that starts with "ok:" and prefers the one greatest in byte order.
type testValidator struct{}

func (testValidator) Validate(_ string, value []byte) error {
	if !bytes.HasPrefix(value, []byte("ok:")) {
		return errors.New(`a /test value starts with "ok:"`)
	}
	return nil
}

func (testValidator) Select(_ string, values [][]byte) (int, error) {
	if len(values) == 0 {
		return 0, errors.New("no values to select from")
	}
	best := 0
	for i, value := range values {
		if bytes.Compare(value, values[best]) > 0 {
			best = i
		}
	}
	return best, nil
}
