// Seeds as people write them: multiaddrs that say whom to expect there.

import { InvalidParametersError } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { contactFromString } from './query/contact.ts'
import type { Contact } from './query/contact.ts'

/** Of the part of an address that names a peer. */
const CODE_P2P = 421

/**
 * Addresses of one peer become one seed.
 *
 * `name`: what it is called where it goes wrong
 *
 * @throws {InvalidParametersError} that says which one is wrong, and how they look
 */
export function parseSeeds (name: string, seeds: unknown): Contact[] {
  if (!Array.isArray(seeds)) {
    throw new InvalidParametersError(`${name} takes a list of multiaddrs, not ${typeof seeds}`)
  }

  const byId = new Map<string, Contact>()

  seeds.forEach((seed, i) => {
    const contact = parseSeed(`${name}[${i}]`, seed)
    const known = byId.get(contact.id)
    byId.set(contact.id, known == null ? contact : { ...known, addrs: [...known.addrs, ...contact.addrs] })
  })

  return [...byId.values()]
}

function parseSeed (name: string, seed: unknown): Contact {
  try {
    const addr = multiaddr(seed as string)
    const last = addr.getComponents().at(-1)

    if (last?.code === CODE_P2P && last.value != null && addr.getComponents().length > 1) {
      return { ...contactFromString(last.value), addrs: [addr.decapsulateCode(CODE_P2P).bytes] }
    }
  } catch {
    // what is right is the same, whatever is wrong
  }

  throw new InvalidParametersError(`${name} takes a multiaddr that ends in /p2p/<peer id>, such as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…, not ${JSON.stringify(String(seed))}`)
}
