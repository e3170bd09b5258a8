package main

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// load is all that one server has to do with: the crowd in its table, and the client that asks it. The crowd is real: it
// connects, says that it serves the protocol, and answers whoever asks, so that it comes into the table of any server as
// peers do, and stays there.
type load struct {
	server  peer.AddrInfo
	crowd   []member
	hosts   []host.Host
	content content
	client  host.Host
}

func (l *load) calls() map[string]handler {
	return map[string]handler{
		"join": handle(l.join),
		"fill": handle(l.fill),
		"ask":  handle(l.ask),
	}
}

// atOnce is how many of the crowd do something at the same time: no server has to drop any.
const atOnce = 8

// patience is how long a single step of one of the crowd may take.
const patience = 10 * time.Second

type joinRequest struct {
	ID    peer.ID  `json:"id"`
	Addrs []string `json:"addrs"`
}

// join connects the crowd to the server, and says how many they are. They enter the table a little later.
func (l *load) join(request joinRequest) (int, error) {
	l.server = peer.AddrInfo{ID: request.ID}
	for _, text := range request.Addrs {
		addr, err := ma.NewMultiaddr(text)
		if err != nil {
			return 0, err
		}
		l.server.Addrs = append(l.server.Addrs, addr)
	}

	var err error
	if l.crowd, err = readCrowd(request.ID); err != nil {
		return 0, err
	}
	infos := map[peer.ID]peer.AddrInfo{}
	for _, each := range l.crowd {
		h, err := newHost(each.key, true)
		if err != nil {
			return 0, err
		}
		l.hosts = append(l.hosts, h)
		infos[h.ID()] = *host.InfoFromHost(h)
	}
	for _, h := range l.hosts {
		h.SetStreamHandler(kadProtocol, func(stream network.Stream) { l.answer(stream, infos) })
	}
	err = l.eachOfCrowd(func(ctx context.Context, i int) error { return l.hosts[i].Connect(ctx, l.server) })
	if err != nil {
		return 0, err
	}

	client, err := newMember("client")
	if err != nil {
		return 0, err
	}
	if l.client, err = newHost(client.key, false); err != nil {
		return 0, err
	}
	return len(l.crowd), l.client.Connect(context.Background(), l.server)
}

// answer serves the protocol: of the crowd each knows all. Who knows nobody is no server for Go.
func (l *load) answer(stream network.Stream, infos map[peer.ID]peer.AddrInfo) {
	in := bufio.NewReader(stream)
	for {
		body, err := readFrame(in)
		if err != nil {
			// closed, unless the server has gone in the middle of a message
			_ = stream.Close()
			return
		}
		request, err := parse(body)
		if err != nil {
			_ = stream.Reset()
			return
		}
		if request.GetType() == pb.Message_ADD_PROVIDER {
			continue
		}
		reply := &pb.Message{Type: request.GetType(), Key: request.GetKey(), Record: request.GetRecord()}
		var closer []peer.AddrInfo
		for id := range nearest(request.GetKey(), l.crowd) {
			closer = append(closer, infos[id])
		}
		reply.CloserPeers = pb.RawPeerInfosToPBPeers(closer)
		if err := writeFrame(stream, reply); err != nil {
			_ = stream.Reset()
			return
		}
	}
}

// fill gives the server what it shall hold: the crowd announces what it provides, the client puts the values. All of it
// goes over the wire, so that every server gets the same in the same way.
func (l *load) fill(request contentRequest) (struct{}, error) {
	l.content = newContent(request, l.crowd)
	announcements := make([][]*pb.Message, len(l.crowd))
	for _, asked := range l.content.getProviders {
		for _, holder := range asked.holders {
			message := asked.announcement(*host.InfoFromHost(l.hosts[holder]))
			announcements[holder] = append(announcements[holder], message)
		}
	}
	err := l.eachOfCrowd(func(ctx context.Context, i int) error {
		return announce(ctx, l.hosts[i], l.server.ID, announcements[i])
	})
	if err != nil {
		return struct{}{}, err
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	values, err := openAsker(ctx, l.client, l.server.ID)
	if err != nil {
		return struct{}{}, err
	}
	defer values.close()
	for _, asked := range l.content.getValue {
		request, err := frame(asked.store())
		if err != nil {
			return struct{}{}, err
		}
		if _, err := values.ask(request); err != nil {
			return struct{}{}, fmt.Errorf("putting a value: %w", err)
		}
	}
	return struct{}{}, nil
}

// announce sends announcements on one stream. They have no answer, so it asks for something last, and when that is
// answered they have been served.
func announce(ctx context.Context, from host.Host, server peer.ID, messages []*pb.Message) error {
	stream, err := openAsker(ctx, from, server)
	if err != nil {
		return err
	}
	defer stream.close()
	for _, message := range messages {
		if err := writeFrame(stream, message); err != nil {
			return err
		}
	}
	last, err := frame(pb.NewMessage(pb.Message_FIND_NODE, []byte(from.ID()), 0))
	if err != nil {
		return err
	}
	if _, err := stream.ask(last); err != nil {
		return fmt.Errorf("announcing what %s provides: %w", from.ID(), err)
	}
	return nil
}

// eachOfCrowd runs something for all of the crowd, some at a time, and ends with the first error.
func (l *load) eachOfCrowd(run func(ctx context.Context, i int) error) error {
	places := make(chan struct{}, atOnce)
	failures := make(chan error, len(l.crowd))
	var running sync.WaitGroup
	for i := range l.crowd {
		places <- struct{}{}
		if len(failures) > 0 {
			break
		}
		running.Go(func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := run(ctx, i); err != nil {
				failures <- fmt.Errorf("peer %d of the crowd: %w", i, err)
			}
		})
	}
	running.Wait()
	close(failures)
	return <-failures
}
