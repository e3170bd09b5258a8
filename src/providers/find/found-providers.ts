// The providers that a search has found so far: who named them, and how they are reached.

import { toContact } from '../../query/contact.ts'
import { toCharacters } from '../../wire/characters.ts'
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
  readonly addresses: Set<Address>
}

/** One that may be used. */
interface Address {
  readonly addr: Multiaddr
  /** how many named it */
  count: number
}

/** So many addresses of all providers are not parsed again when they are named again. */
const MOST_PARSED = 16_384

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
  /** by provider and bytes; undefined: one that may not be used */
  readonly #parsed = new Map<string, Address | undefined>()
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
    const wasReachable = this.isReachable(provider)
    const most = wasReachable ? MAX_FURTHER_ADDRESSES : MAX_ADDRESSES
    // one that is named twice at once has one witness
    const named = new Set<Address>()
    let further = 0

    for (const bytes of contact.addrs) {
      const address = this.#addressOf(provider, bytes)

      if (address != null && !named.has(address) && (address.count > 0 || (further < most && provider.addresses.size < MAX_KNOWN_ADDRESSES))) {
        further += address.count++ === 0 ? 1 : 0
        named.add(address)
        provider.addresses.add(address)
      }
    }

    // what most have named is tried first
    const multiaddrs = [...provider.addresses].sort((a, b) => b.count - a.count).map(({ addr }) => addr)
    provider.peer = { ...provider.peer, multiaddrs }
    provider.contact = toContact({ ...provider.contact, addrs: multiaddrs.map(({ bytes }) => bytes) })
    this.#reachable += !wasReachable && this.isReachable(provider) ? 1 : 0

    return further > 0
  }

  #add (contact: Contact, from: PeerId): Provider | undefined {
    const peer = this.#byId.size >= this.#options.most ? undefined : readPeer(contact, [], this.#options.mapper)

    if (peer != null) {
      const provider: Provider = { contact, peer, from, witnesses: new Set(), addresses: new Set() }
      this.#byId.set(contact.id, provider)
      this.#reachable += this.isReachable(provider) ? 1 : 0
      this.learn(provider, contact)

      return provider
    }
  }

  /** Undefined for one that may not be used. Hot: most are named again and again, and dear to parse. */
  #addressOf ({ contact, addresses }: Provider, bytes: Uint8Array): Address | undefined {
    const name = `${contact.id}/${toCharacters(bytes)}`

    if (this.#parsed.has(name)) {
      return this.#parsed.get(name)
    }

    const addr = readPeer(contact, [bytes], this.#options.mapper)?.multiaddrs.at(0)
    // it may come with and without the id of its peer
    const address = addr == null ? undefined : [...addresses].find(known => known.addr.equals(addr)) ?? { addr, count: 0 }

    if (this.#parsed.size < MOST_PARSED) {
      this.#parsed.set(name, address)
    }

    return address
  }
}

/** Those that most peers named first, the others in their order: a liar is one witness, however many it makes up. */
export function mostNamedFirst (providers: readonly Provider[]): Provider[] {
  return [...providers].sort((a, b) => b.witnesses.size - a.witnesses.size)
}

function readPeer (contact: Contact, addrs: Uint8Array[], mapper: PeerInfoMapper): PeerInfo | undefined {
  try {
    return toPeerInfo({ ...contact, addrs }, mapper)
  } catch {
    // the multihash of no key: nobody can fetch from it
  }
}
