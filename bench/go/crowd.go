package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// The peers that a server has in its table: as many in each bucket as go in, so that the table is full down to a depth
// that only a network of a million nodes has.
const (
	buckets    = 16
	bucketSize = 20
)

// serverName is what the key of every server follows from (bench/src/server/measure.ts): the same distances for all.
const serverName = "server"

// crowdNumbers has a line a bucket: the numbers of the peers that belong there. To find them takes a million keys, so they
// are kept.
//
//go:embed crowd.txt
var crowdNumbers string

// member is a peer of the crowd.
type member struct {
	key  crypto.PrivKey
	id   peer.ID
	hash [sha256.Size]byte
}

func newMember(name string) (member, error) {
	seed := sha256.Sum256([]byte(name))
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		return member{}, err
	}
	id, err := peer.IDFromPrivateKey(key)
	return member{key, id, sha256.Sum256([]byte(id))}, err
}

// readCrowd fails when it is not the crowd of the server.
func readCrowd(server peer.ID) ([]member, error) {
	var crowd []member
	self := sha256.Sum256([]byte(server))
	for bucket, line := range strings.Split(strings.TrimSpace(crowdNumbers), "\n") {
		for number := range strings.FieldsSeq(line) {
			each, err := newMember("crowd " + number)
			if err != nil {
				return nil, err
			}
			if commonPrefix(self, each.hash) != bucket {
				return nil, fmt.Errorf("peer %s of crowd.txt is not in bucket %d of %s: make it anew with `go run . crowd >crowd.txt`", number, bucket, server)
			}
			crowd = append(crowd, each)
		}
	}
	return crowd, nil
}

// printCrowd tries numbers until all buckets are full.
func printCrowd(out io.Writer) error {
	server, err := newMember(serverName)
	if err != nil {
		return err
	}
	numbers := make([][]string, buckets)
	missing := buckets * bucketSize
	const atOnce = 1 << 14

	for from := 0; missing > 0; from += atOnce {
		prefixes := commonPrefixes(server, from, atOnce)
		for i, bucket := range prefixes {
			if bucket < buckets && len(numbers[bucket]) < bucketSize {
				numbers[bucket] = append(numbers[bucket], strconv.Itoa(from+i))
				missing--
			}
		}
	}
	for _, line := range numbers {
		if _, err := fmt.Fprintln(out, strings.Join(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// commonPrefixes tells of `count` numbers the bucket of each, on all processors.
func commonPrefixes(server member, from, count int) []int {
	prefixes := make([]int, count)
	var working sync.WaitGroup
	workers := runtime.NumCPU()
	for worker := range workers {
		working.Go(func() {
			for i := worker; i < count; i += workers {
				// a number without a key belongs to no bucket
				prefixes[i] = buckets
				if each, err := newMember("crowd " + strconv.Itoa(from+i)); err == nil {
					prefixes[i] = commonPrefix(server.hash, each.hash)
				}
			}
		})
	}
	working.Wait()
	return prefixes
}

func commonPrefix(a, b [sha256.Size]byte) int {
	for i := range a {
		if different := a[i] ^ b[i]; different != 0 {
			return 8*i + bits.LeadingZeros8(different)
		}
	}
	return 8 * len(a)
}
