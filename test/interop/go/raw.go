package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

type rawArgs struct {
	Peer       peer.ID     `json:"peer"`
	Protocol   protocol.ID `json:"protocol"`
	Bytes      []byte      `json:"bytes"`
	CloseWrite bool        `json:"closeWrite"`
	Frames     int         `json:"frames"`
}

type rawResult struct {
	Data []byte `json:"data"`
	// End is why reading stopped: eof, reset, timeout, or frames when as many as asked for are in.
	End string `json:"end"`
}

// raw writes bytes of any kind on a new stream, and reads what the peer makes of them.
func raw(ctx context.Context, n *node, args rawArgs) (any, error) {
	if args.Protocol == "" {
		args.Protocol = n.protocol
	}

	stream, err := n.host.Network().NewStream(ctx, args.Peer)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = stream.SetDeadline(deadline)
	}
	// host.NewStream would negotiate along with the first write, and a refused protocol would look like a reset.
	if _, err := multistream.SelectOneOf([]protocol.ID{args.Protocol}, stream); err != nil {
		_ = stream.Reset()
		return nil, fmt.Errorf("negotiating %s: %w", args.Protocol, err)
	}
	if err := stream.SetProtocol(args.Protocol); err != nil {
		_ = stream.Reset()
		return nil, err
	}

	// Written while reading, or a peer that answers early and both windows could block one another. A write that
	// fails is no error here: what the peer did shows on the reading side.
	var writing sync.WaitGroup
	writing.Go(func() {
		if _, err := stream.Write(args.Bytes); err == nil && args.CloseWrite {
			_ = stream.CloseWrite()
		}
	})
	defer writing.Wait()

	data, end, err := readToEnd(stream, args.Frames)
	if err != nil || end == "timeout" {
		_ = stream.Reset()
	} else {
		_ = stream.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("after %d bytes: %w", len(data), err)
	}
	return rawResult{data, end}, nil
}

// readToEnd reads until the stream ends or, unless frames is 0, that many length-prefixed messages are in.
func readToEnd(stream network.Stream, frames int) (data []byte, end string, err error) {
	data = []byte{}
	buffer := make([]byte, 64*1024)
	next := 0 // where the first frame that is not yet complete starts
	for {
		n, err := stream.Read(buffer)
		data = append(data, buffer[:n]...)

		for frames > 0 {
			length, prefix := binary.Uvarint(data[next:])
			if prefix <= 0 || uint64(len(data)-next-prefix) < length {
				break
			}
			next += prefix + int(length)
			if frames--; frames == 0 {
				return data, "frames", nil
			}
		}

		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return data, "eof", nil
		case errors.Is(err, network.ErrReset):
			return data, "reset", nil
		case isTimeout(err):
			return data, "timeout", nil
		default:
			return data, "", err
		}
	}
}

// isTimeout asks in the way that yamux's own errors understand, too.
func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
