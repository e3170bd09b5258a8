package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	recpb "github.com/libp2p/go-libp2p-record/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

// content is what a server holds, and what it should answer.
type content struct {
	findNode     []question
	getProviders []question
	getValue     []question
}

// question is a request, and what its answer has to be.
type question struct {
	request   *pb.Message
	closer    map[peer.ID]bool
	providers map[peer.ID]bool
	value     []byte
	// holders are the places of the providers in the crowd.
	holders []int
}

type contentRequest struct {
	Seed string `json:"seed"`
	// Keys that have providers, each as many.
	Keys      int `json:"keys"`
	Providers int `json:"providers"`
	Values    int `json:"values"`
	// Targets that FIND_NODE asks for.
	Targets int `json:"targets"`
}

func newContent(request contentRequest, crowd []member) content {
	var all content
	for i := range request.Targets {
		key := multihashOfName(fmt.Sprintf("%s target %d", request.Seed, i))
		all.findNode = append(all.findNode, newQuestion(pb.Message_FIND_NODE, key, crowd))
	}
	for i := range request.Keys {
		asked := newQuestion(pb.Message_GET_PROVIDERS, multihashOfName(fmt.Sprintf("%s content %d", request.Seed, i)), crowd)
		asked.providers = map[peer.ID]bool{}
		// at equal distances from one another, and others from one key to the next
		for n := range request.Providers {
			holder := (i*7 + n*len(crowd)/request.Providers) % len(crowd)
			asked.holders = append(asked.holders, holder)
			asked.providers[crowd[holder].id] = true
		}
		all.getProviders = append(all.getProviders, asked)
	}
	for i := range request.Values {
		asked := newQuestion(pb.Message_GET_VALUE, fmt.Appendf(nil, "/test/%x", sha256.Sum256(fmt.Appendf(nil, "%s value %d", request.Seed, i))), crowd)
		asked.value = bytes.Repeat([]byte("."), 100)
		copy(asked.value, fmt.Appendf(nil, "ok:%s %d", request.Seed, i))
		all.getValue = append(all.getValue, asked)
	}
	return all
}

func newQuestion(kind pb.Message_MessageType, key []byte, crowd []member) question {
	return question{request: pb.NewMessage(kind, key, 0), closer: nearest(key, crowd)}
}

// announcement is how `from` tells that it provides what is asked for.
func (q question) announcement(from peer.AddrInfo) *pb.Message {
	message := pb.NewMessage(pb.Message_ADD_PROVIDER, q.request.GetKey(), 0)
	message.ProviderPeers = pb.RawPeerInfosToPBPeers([]peer.AddrInfo{from})
	return message
}

// store is how the value is put where it is asked for.
func (q question) store() *pb.Message {
	message := pb.NewMessage(pb.Message_PUT_VALUE, q.request.GetKey(), 0)
	message.Record = &recpb.Record{Key: q.request.GetKey(), Value: q.value}
	return message
}

// check says what is wrong with an answer.
func (q question) check(answer *pb.Message) error {
	if answer.GetType() != q.request.GetType() {
		return fmt.Errorf("the answer is a %s", answer.GetType())
	}
	if !samePeers(answer.GetCloserPeers(), q.closer) {
		return fmt.Errorf("the closer peers are not the nearest %d", len(q.closer))
	}
	if q.providers != nil && !samePeers(answer.GetProviderPeers(), q.providers) {
		return fmt.Errorf("the providers are not the %d that were announced", len(q.providers))
	}
	if q.value != nil && !bytes.Equal(answer.GetRecord().GetValue(), q.value) {
		return errors.New("the value is not what was put")
	}
	return nil
}

func samePeers(found []*pb.Message_Peer, wanted map[peer.ID]bool) bool {
	seen := make(map[peer.ID]bool, len(found))
	for _, each := range found {
		id := peer.ID(each.GetId())
		if !wanted[id] || len(each.GetAddrs()) == 0 {
			return false
		}
		seen[id] = true
	}
	return len(seen) == len(wanted)
}

// nearest are the k nearest of the crowd, by the distance of sha256 hashes.
func nearest(key []byte, crowd []member) map[peer.ID]bool {
	type distant struct {
		id       peer.ID
		distance [sha256.Size]byte
	}
	target := sha256.Sum256(key)
	all := make([]distant, len(crowd))
	for i, each := range crowd {
		all[i].id = each.id
		subtle.XORBytes(all[i].distance[:], each.hash[:], target[:])
	}
	slices.SortFunc(all, func(a, b distant) int { return bytes.Compare(a.distance[:], b.distance[:]) })

	ids := map[peer.ID]bool{}
	for _, each := range all[:min(bucketSize, len(all))] {
		ids[each.id] = true
	}
	return ids
}

// multihashOfName is the sha2-256 multihash of a text: what content and peers with RSA keys are named by.
func multihashOfName(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return append([]byte{0x12, sha256.Size}, sum[:]...)
}
