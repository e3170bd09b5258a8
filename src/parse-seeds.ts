// Seeds as people write them: multiaddrs that say whom to expect there.

import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, CODE_P2P_CIRCUIT, multiaddr } from '@multiformats/multiaddr'
import { invalid } from './option-checks.ts'
import type { PeerInfo } from '@libp2p/interface'

/**
 * Addresses of one peer become one seed.
 *
 * `name`: what it is called where it goes wrong
 *
 * @throws {InvalidParametersError} that says which one is wrong, and how they look
 */
export function parseSeeds (name: string, seeds: unknown): PeerInfo[] {
  if (!Array.isArray(seeds)) {
    throw invalid(name, seeds, 'a list of multiaddrs')
  }

  const byId = new Map<string, PeerInfo>()

  seeds.forEach((seed, i) => {
    const { id, multiaddrs } = parseSeed(`${name}[${i}]`, seed)
    const known = byId.get(id.toString())
    byId.set(id.toString(), { id, multiaddrs: [...known?.multiaddrs ?? [], ...multiaddrs] })
  })

  return [...byId.values()]
}

function parseSeed (name: string, seed: unknown): PeerInfo {
  try {
    const addr = multiaddr(seed as string)
    const components = addr.getComponents()
    const last = components.at(-1)
    const isRelayed = components.some(({ code }) => code === CODE_P2P_CIRCUIT)
    const peers = components.filter(({ code }) => code === CODE_P2P).length

    // another peer may be named only as the relay
    if (last?.code === CODE_P2P && last.value != null && components.length > 1 && peers <= (isRelayed ? 2 : 1)) {
      return { id: peerIdFromString(last.value), multiaddrs: [addr.decapsulateCode(CODE_P2P)] }
    }
  } catch {
    // what is right is the same, whatever is wrong
  }

  throw invalid(name, seed, 'a multiaddr that ends in /p2p/<peer id>, such as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…')
}
