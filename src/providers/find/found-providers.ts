// The providers that a search has found so far: who named them, and how they are reached.

import { toContact } from '../../query/contact.ts'
import { MAX_ADDRESSES, MAX_FURTHER_ADDRESSES, MAX_KNOWN_ADDRESSES } from '../../wire/limits.ts'
import { toPeerInfo } from '../../wire/peer.ts'
import type { Contact } from '../../query/contact.ts'
import type { PeerInfoMapper } from '../../wire/peer.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface Provider {
  contact: Contact
  /** as libp2p takes it, with those of its addresses that may be used */
  peer: PeerInfo
  /** who named it first */
  readonly from: PeerId
  /** all who named it, by their ids */
  readonly witnesses: Set<string>
  /** the addresses that may be used, as text, and how many named each */
  readonly addresses: Map<string, { addr: Multiaddr, count: number }>
}

export interface FoundProvidersOptions {
  /** this node: it is reachable without an address */
  self: string
  mapper: PeerInfoMapper
  /** no more are taken */
  most: number
}

export class FoundProviders {
  readonly #options: FoundProvidersOptions
  /** in the order in which they were found */
  readonly #byId = new Map<string, Provider>()
  #reachable = 0

  constructor (options: FoundProvidersOptions) {
    this.#options = options
  }

  /** How many of them can be reached. */
  get reachable (): number {
    return this.#reachable
  }

  /** In the order in which they were found. */
  all (): Provider[] {
    return [...this.#byId.values()]
  }

  isReachable ({ contact, peer }: Provider): boolean {
    return peer.multiaddrs.length > 0 || contact.id === this.#options.self
  }

  /** A peer names providers. Returns those that are new, or of which more addresses are known than before. */
  hear (from: PeerId, witness: string, contacts: Contact[]): Provider[] {
    const news: Provider[] = []

    for (const contact of contacts) {
      const provider = this.#byId.get(contact.id)

      if (provider == null) {
        const added = this.#add(contact, from)

        if (added != null) {
          added.witnesses.add(witness)
          news.push(added)
        }
      } else {
        // named twice in a reply, or by a peer that was asked twice, it still has one witness
        if (!provider.witnesses.has(witness) && this.learn(provider, contact)) {
          news.push(provider)
        }

        provider.witnesses.add(witness)
      }
    }

    return news
  }

  /** Takes further addresses of a provider. Returns whether any of them may be used; whoever named it first has not the last word on how to reach it. */
  learn (provider: Provider, contact: Contact): boolean {
    const named = readPeer(contact, this.#options.mapper)?.multiaddrs ?? []
    const wasReachable = this.isReachable(provider)
    let further = 0

    for (const addr of named) {
      const name = addr.toString()
      const known = provider.addresses.get(name)

      if (known != null) {
        known.count++
      } else if (further < (wasReachable ? MAX_FURTHER_ADDRESSES : MAX_ADDRESSES) && provider.addresses.size < MAX_KNOWN_ADDRESSES) {
        provider.addresses.set(name, { addr, count: 1 })
        further++
      }
    }

    if (named.length === 0) {
      return false
    }

    // what most have named is tried first
    const multiaddrs = [...provider.addresses.values()].sort((a, b) => b.count - a.count).map(({ addr }) => addr)
    provider.peer = { ...provider.peer, multiaddrs }
    provider.contact = toContact({ ...provider.contact, addrs: multiaddrs.map(({ bytes }) => bytes) })

    if (!wasReachable && this.isReachable(provider)) {
      this.#reachable++
    }

    return further > 0
  }

  #add (contact: Contact, from: PeerId): Provider | undefined {
    const peer = this.#byId.size >= this.#options.most ? undefined : readPeer(contact, this.#options.mapper)

    if (peer != null) {
      const provider: Provider = { contact, peer, from, witnesses: new Set(), addresses: new Map(peer.multiaddrs.map(addr => [addr.toString(), { addr, count: 1 }])) }
      this.#byId.set(contact.id, provider)
      this.#reachable += this.isReachable(provider) ? 1 : 0

      return provider
    }
  }
}

/** Those that most peers named first, the others in their order: a liar is one witness, however many it makes up. */
export function mostNamedFirst (providers: readonly Provider[]): Provider[] {
  return [...providers].sort((a, b) => b.witnesses.size - a.witnesses.size)
}

function readPeer (contact: Contact, mapper: PeerInfoMapper): PeerInfo | undefined {
  try {
    return toPeerInfo(contact, mapper)
  } catch {
    // the multihash of no key: nobody can fetch from it
  }
}
