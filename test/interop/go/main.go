// A go-libp2p host with go-libp2p-kad-dht, told what to do over stdin: the other half of the interop tests.
//
// One JSON object a line goes in ({"id":1,"cmd":"table"}), one comes out ({"id":1,"ok":true,"result":[…]} or
// {"id":1,"ok":false,"error":"…"}). Commands run side by side, so answers may overtake one another. The first
// line out is {"event":"ready",…}. Logs go to stderr alone. The program ends with its stdin.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const defaultTimeout = 20 * time.Second

type node struct {
	host     host.Host
	dht      *dht.IpfsDHT
	protocol protocol.ID
}

type request struct {
	ID        int64  `json:"id"`
	Cmd       string `json:"cmd"`
	TimeoutMs int64  `json:"timeoutMs"`
}

type reply struct {
	ID     int64  `json:"id"`
	OK     bool   `json:"ok"`
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
}

type ready struct {
	Event     string   `json:"event"`
	PeerID    peer.ID  `json:"peerId"`
	Addrs     []string `json:"addrs"`
	PublicKey []byte   `json:"publicKey"`
	Protocol  string   `json:"protocol"`
}

func main() {
	prefix := flag.String("protocol-prefix", "/ipfs", "the DHT protocol is <prefix>/kad/1.0.0")
	mode := flag.String("mode", "server", "server, or client: ask but never answer")
	flag.Parse()

	if err := run(*prefix, *mode); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(prefix, mode string) error {
	n, err := newNode(prefix, mode)
	if err != nil {
		return err
	}
	// Nothing here outlives the test, and a graceful shutdown of both may wait on remote peers: best effort.
	defer func() {
		_ = n.dht.Close()
		_ = n.host.Close()
	}()

	publicKey, err := crypto.MarshalPublicKey(n.host.Peerstore().PubKey(n.host.ID()))
	if err != nil {
		return err
	}

	addrs, err := peer.AddrInfoToP2pAddrs(host.InfoFromHost(n.host))
	if err != nil {
		return err
	}

	out := &lines{encoder: json.NewEncoder(os.Stdout)}
	out.write(ready{"ready", n.host.ID(), toStrings(addrs), publicKey, string(n.protocol)})

	return serve(n, out)
}

func newNode(prefix, mode string) (*node, error) {
	modes := map[string]dht.ModeOpt{"server": dht.ModeServer, "client": dht.ModeClient}
	modeOption, ok := modes[mode]
	if !ok {
		return nil, fmt.Errorf("--mode is server or client, not %q", mode)
	}

	h, err := libp2p.New(
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
	if err != nil {
		return nil, err
	}

	id := protocol.ID(prefix + "/kad/1.0.0")

	d, err := dht.New(h,
		dht.Mode(modeOption),
		// kad-dht refuses a namespace of one's own under the prefix /ipfs. It looks at the prefix only, so the whole
		// id is set instead, behind a prefix that nobody uses. k, alpha and beta stay at the Amino defaults.
		dht.ProtocolPrefix("/interop"),
		dht.V1ProtocolOverride(id),
		// Adds to /pk and /ipns, which are there unless a whole validator is set.
		dht.NamespacedValidator("test", testValidator{}),
		// Every peer here is on loopback and shares one IP group: nothing may be filtered for its address.
		dht.AddressFilter(nil),
		dht.RoutingTableFilter(nil),
		dht.RoutingTablePeerDiversityFilter(nil),
		dht.QueryFilter(func(any, peer.AddrInfo) bool { return true }),
		// The tests say when to refresh.
		dht.DisableAutoRefresh(),
	)
	if err != nil {
		_ = h.Close()
		return nil, err
	}

	return &node{host: h, dht: d, protocol: id}, nil
}

// serve runs commands until stdin ends or one says stop, then cancels those still running.
func serve(n *node, out *lines) error {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	in := bufio.NewReader(os.Stdin)

	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) == 0 && err != nil {
			return nil
		}

		var req request
		if err := json.Unmarshal(line, &req); err != nil {
			return fmt.Errorf("stdin: %w in %.100q", err, line)
		}
		if req.Cmd == "stop" {
			out.write(reply{ID: req.ID, OK: true})
			return nil
		}

		running.Go(func() {
			result, err := dispatch(ctx, n, req, line)
			if err != nil {
				out.write(reply{ID: req.ID, Error: err.Error()})
				return
			}
			out.write(reply{ID: req.ID, OK: true, Result: result})
		})
	}
}

func dispatch(ctx context.Context, n *node, req request, line []byte) (any, error) {
	run, ok := commands[req.Cmd]
	if !ok {
		return nil, fmt.Errorf("no such command: %q", req.Cmd)
	}

	timeout := defaultTimeout
	if req.TimeoutMs > 0 {
		timeout = time.Duration(req.TimeoutMs) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	return run(ctx, n, line)
}

// lines writes one JSON value a line, whole, however many commands end at once.
type lines struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

// write drops its line when stdout is gone: the parent has left, and stdin ends next.
func (l *lines) write(value any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_ = l.encoder.Encode(value)
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
