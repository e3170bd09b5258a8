// What the bench needs in Go, told what to do over stdin (see calls.go):
//
//	bench network   networks of go-libp2p-kad-dht nodes in this process, as bench/src/network/child.ts has them in JavaScript
//	bench server    one node that answers, as bench/src/server/child.ts
//	bench load      the peers in a server's table, and the client that asks it, whatever the server is written in
//	bench crowd     prints crowd.txt anew
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 {
		switch args[0] {
		case "network":
			return serve((&subjectNetwork{}).calls())
		case "server":
			return serve((&server{}).calls())
		case "load":
			return serve((&load{}).calls())
		case "crowd":
			return printCrowd(os.Stdout)
		}
	}
	return fmt.Errorf("it takes one of network, server, load, crowd, not %q", args)
}
