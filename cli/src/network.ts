// Which network a node belongs to: the options that `start` and the one-shot operations share, and what they mean.

import { isPrivate } from '@libp2p/utils'
import { Option } from 'commander'
import { passthroughMapper, removePublicAddressesMapper } from 'libp2p-kad'
import { KAD_NAMESPACE } from './namespace.ts'
import { named, parseMultiaddr, parsePeerAddress, parseProtocol } from './parse.ts'
import type { Command } from 'commander'
import type { KadDHTInit } from 'libp2p-kad'

export type ModeName = 'auto' | 'server' | 'client'

export interface NetworkOptions {
  bootstrap?: string[]
  protocol?: string
  lan?: boolean
  anyAddress?: boolean
}

const LAN_PROTOCOL = '/ipfs/lan/kad/1.0.0'

/**
 * @param command - gets them
 * @param many - whether `--bootstrap` takes several addresses at once. Where arguments follow it would swallow them, so that
 * there it is repeated
 */
export function addNetworkOptions (command: Command, many: boolean): Command {
  return command
    .option(`-b, --bootstrap <multiaddr${many ? '...' : ''}>`, `a peer to join through, with /p2p/<peer id> at its end; ${many ? 'or several' : 'may be repeated'}`, each('--bootstrap', parsePeerAddress))
    .option('--protocol <id>', 'the DHT protocol; nodes of different ones do not meet (default: /ipfs/kad/1.0.0)', named('--protocol', parseProtocol))
    .addOption(new Option('--lan', `a network of private addresses: protocol ${LAN_PROTOCOL}, public addresses left out`).conflicts('anyAddress'))
    .option('--any-address', 'use addresses of every kind, as for tests on one machine (default: public ones only)')
}

/** An option that may be given several times, or several values at once; each is checked. */
export function each (option: string, parse: (text: string) => unknown): (text: string, before?: string[]) => string[] {
  const check = named(option, parse)

  return (text, before = []) => {
    check(text)

    return [...before, text]
  }
}

/** On a network of private addresses nobody has a public one to wait for: there, nodes serve at once. */
export function defaultMode ({ lan, anyAddress }: NetworkOptions): ModeName {
  return lan === true || anyAddress === true ? 'server' : 'auto'
}

export function dhtInit (options: NetworkOptions, mode: ModeName): KadDHTInit {
  const { protocol, lan, anyAddress } = options

  return {
    ...KAD_NAMESPACE,
    clientMode: mode === 'auto' ? undefined : mode === 'client',
    protocol: protocol ?? (lan === true ? LAN_PROTOCOL : undefined),
    ...lan === true && { peerInfoMapper: removePublicAddressesMapper },
    ...anyAddress === true && { peerInfoMapper: passthroughMapper }
  }
}

/** What goes wrong quietly: the public network leaves out private addresses, so that through one the node meets nobody. */
export function addressWarning ({ bootstrap = [], lan, anyAddress }: NetworkOptions): string | undefined {
  const address = lan === true || anyAddress === true ? undefined : bootstrap.find(text => isPrivate(parseMultiaddr(text)))

  if (address != null) {
    return `${address} is a private address, and on the public network those are left out: add --lan or --any-address if your network is not the public one`
  }
}
