package main

import (
	"errors"

	ds "github.com/ipfs/go-datastore"
	leveldb "github.com/ipfs/go-ds-leveldb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// server is one node that answers requests.
type server struct {
	node *node
}

func (s *server) calls() map[string]handler {
	return map[string]handler{
		"start": handle(s.start),
		"table": handle(s.table),
		"usage": handle(s.usage),
	}
}

type startRequest struct {
	// Key is a private key.
	Key []byte `json:"key"`
	// Folder is where values and provider records are kept; none, for in memory.
	Folder string `json:"folder"`
}

type started struct {
	ID    peer.ID  `json:"id"`
	Addrs []string `json:"addrs"`
}

func (s *server) start(request startRequest) (started, error) {
	key, err := crypto.UnmarshalPrivateKey(request.Key)
	if err != nil {
		return started{}, err
	}
	h, err := newHost(key, true)
	if err != nil {
		return started{}, err
	}
	var datastore ds.Batching
	if request.Folder != "" {
		if datastore, err = leveldb.NewDatastore(request.Folder, nil); err != nil {
			return started{}, err
		}
	}
	d, err := newDHT(h, datastore)
	if err != nil {
		return started{}, err
	}
	s.node = &node{host: h, dht: d}

	addrs := make([]string, 0, len(h.Addrs()))
	for _, addr := range h.Addrs() {
		addrs = append(addrs, addr.String())
	}
	return started{h.ID(), addrs}, nil
}

// table is how many peers are in the routing table.
func (s *server) table(struct{}) (int, error) {
	if s.node == nil {
		return 0, errors.New("the server is not started")
	}
	return s.node.dht.RoutingTable().Size(), nil
}

type usage struct {
	CPUMs  float64  `json:"cpuMs"`
	RSSMiB *float64 `json:"rssMiB,omitempty"`
}

// usage is what the process has taken once it has come to rest.
func (s *server) usage(resting quiet) (usage, error) {
	resting.wait(nil)
	return usage{inMilliseconds(cpuTime()), rssMiB()}, nil
}
