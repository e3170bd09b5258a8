package main

import (
	"context"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// ipnsTTL is boxo's default, written out so that it does not change with boxo.
const ipnsTTL = 5 * time.Minute

type makeIpnsArgs struct {
	PrivateKey   []byte `json:"privateKey"`
	Value        string `json:"value"`
	Sequence     uint64 `json:"sequence"`
	Expires      string `json:"expires"`
	V1Compatible bool   `json:"v1Compatible"`
}

type ipnsRecord struct {
	Value    string `json:"value"`
	Sequence uint64 `json:"sequence"`
	Expires  string `json:"expires"`
}

// makeIpns signs an IPNS record as Kubo does, and stores it nowhere.
func makeIpns(_ context.Context, _ *node, args makeIpnsArgs) (any, error) {
	key, err := crypto.UnmarshalPrivateKey(args.PrivateKey)
	if err != nil {
		return nil, err
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, err
	}
	value, err := path.NewPath(args.Value)
	if err != nil {
		return nil, err
	}
	expires, err := time.Parse(time.RFC3339Nano, args.Expires)
	if err != nil {
		return nil, err
	}

	record, err := ipns.NewRecord(key, value, args.Sequence, expires, ipnsTTL, ipns.WithV1Compatibility(args.V1Compatible))
	if err != nil {
		return nil, err
	}
	marshalled, err := ipns.MarshalRecord(record)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"key": ipns.NameFromPeer(id).RoutingKey(), "value": marshalled}, nil
}

// resolveIpns gets the best record under a routing key, and says what boxo reads in it.
func resolveIpns(ctx context.Context, n *node, args recordArgs) (any, error) {
	value, err := n.dht.GetValue(ctx, string(args.Key))
	if err != nil {
		return nil, err
	}
	record, err := ipns.UnmarshalRecord(value)
	if err != nil {
		return nil, err
	}
	target, err := record.Value()
	if err != nil {
		return nil, err
	}
	sequence, err := record.Sequence()
	if err != nil {
		return nil, err
	}
	expires, err := record.Validity()
	if err != nil {
		return nil, err
	}
	return ipnsRecord{target.String(), sequence, expires.UTC().Format(time.RFC3339Nano)}, nil
}
