// Which network a node belongs to: the options that `start` and the one-shot operations share, and what they mean.

import { readFileSync } from 'node:fs'
import { isPrivate } from '@libp2p/utils'
import { Option } from 'commander'
import { parseNetwork, passthroughMapper, removePublicAddressesMapper } from 'libp2p-kad'
import { describe, UsageError } from './errors.ts'
import { KAD_NAMESPACE } from './namespace.ts'
import { named, parseMultiaddr, parsePeerAddress, parseProtocol, resolvePath } from './parse.ts'
import type { Command } from 'commander'
import type { KadDHTInit, NetworkDescription } from 'libp2p-kad'

export type ModeName = 'auto' | 'server' | 'client'

export interface NetworkOptions {
  network?: NetworkDescription
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
    .option('--network <file>', 'a network described in a JSON file: its name, its protocol, its k, and the peers to join through', named('--network', readNetwork))
    .addOption(new Option('--protocol <id>', 'the DHT protocol; nodes of different ones do not meet (default: /ipfs/kad/1.0.0)').argParser(named('--protocol', parseProtocol)).conflicts('network'))
    .addOption(new Option('--lan', `a network of private addresses: public ones left out; its protocol is ${LAN_PROTOCOL} unless another is given`).conflicts('anyAddress'))
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

/** Whom to join through. */
export function seedsOf ({ network, bootstrap = [] }: NetworkOptions): string[] {
  return [...network?.init.seeds?.map(String) ?? [], ...bootstrap]
}

/** Without the seeds: a node that stays has the library ask them, and one that comes and goes dials them. */
export function dhtInit (options: NetworkOptions, mode: ModeName): KadDHTInit {
  const { network, protocol, lan, anyAddress } = options

  return {
    ...KAD_NAMESPACE,
    clientMode: mode === 'auto' ? undefined : mode === 'client',
    kBucketSize: network?.init.kBucketSize,
    protocol: network?.init.protocol ?? protocol ?? (lan === true ? LAN_PROTOCOL : undefined),
    ...lan === true && { peerInfoMapper: removePublicAddressesMapper },
    ...anyAddress === true && { peerInfoMapper: passthroughMapper }
  }
}

/** What goes wrong quietly: private addresses are left out unless it is said otherwise, so that through one the node meets nobody. */
export function addressWarning (options: NetworkOptions): string | undefined {
  const { lan, anyAddress } = options
  const address = lan === true || anyAddress === true ? undefined : seedsOf(options).find(text => isPrivate(parseMultiaddr(text)))

  if (address != null) {
    return `${address} is a private address, and those are left out: add --lan or --any-address if your network is not the public one`
  }
}

function readNetwork (file: string): NetworkDescription {
  try {
    return parseNetwork(readFileSync(resolvePath(file), 'utf8'))
  } catch (error: any) {
    const wrong = error.code == null ? 'does not describe a network' : 'can\'t be read'

    throw new UsageError(`"${file}" ${wrong}: ${describe(error)}. "kad start --help" shows such a file`)
  }
}
