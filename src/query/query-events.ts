// Builds an operation's events. Made only where somebody listens.

import { toPeerId, toPeerInfo } from '../wire/peer.ts'
import { decodeRecord } from '../wire/record.ts'
import { decodeContacts } from './contact.ts'
import { EventTypes } from './events.ts'
import type { Contact } from './contact.ts'
import type { DHTRecord, DisjointPath, Emit } from './events.ts'
import type { Message, MessageName } from '../wire/message.ts'
import type { PeerInfoMapper } from '../wire/peer.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

/** What the events tell of a lookup. */
export interface LookupProgress {
  readonly asked: number
  readonly inFlight: number
  readonly waiting: number
}

/** Of one reply, an event tells of no more providers. */
const MAX_TOLD = 1_000

/** The path of what belongs to none. */
const NO_PATH = -1

export class QueryEvents {
  readonly #emit: Emit
  readonly #mapper: PeerInfoMapper
  #lookup?: LookupProgress

  constructor (emit: Emit, mapper: PeerInfoMapper) {
    this.#emit = emit
    this.#mapper = mapper
  }

  /** The events that follow belong to this lookup. */
  onStart (lookup: LookupProgress): void {
    this.#lookup = lookup
  }

  /** `again`: it was asked before */
  onAsk (to: Contact, messageName: MessageName, path = NO_PATH, again = false): void {
    const peer = peerIdOf(to)

    if (peer != null) {
      const at = this.#path(path)

      if (!again) {
        this.#emit({ type: EventTypes.ADD_PEER, name: 'ADD_PEER', peer, path: at })
      }

      this.#emit({ type: EventTypes.DIAL_PEER, name: 'DIAL_PEER', peer, path: at })
      this.#emit({ type: EventTypes.SEND_QUERY, name: 'SEND_QUERY', to: peer, messageName, messageType: messageName, path: at })
    }
  }

  /** `reply`: undefined where the protocol has none, and the request was sent */
  onReply (peer: Contact, messageName: MessageName, reply?: Message, closer: Contact[] = [], path = NO_PATH): void {
    const from = peerIdOf(peer)

    if (from == null) {
      return
    }

    // forty peers of a reply with all their addresses are dear to parse, and few look at them
    const closerInfos = once(() => this.#peers(closer))
    const providerInfos = once(() => this.#peers(decodeContacts(reply?.providers ?? [], MAX_TOLD)))

    this.#emit({
      type: EventTypes.PEER_RESPONSE,
      name: 'PEER_RESPONSE',
      from,
      messageName,
      messageType: messageName,
      get closer () { return closerInfos() },
      get providers () { return providerInfos() },
      record: reply?.record == null ? undefined : readRecord(reply.record),
      path: this.#path(path)
    })
  }

  /** This node has itself looked what it holds, and named these providers. */
  onHeld (self: PeerId, providers: Contact[]): void {
    const infos = once(() => this.#peers(providers))

    this.#emit({
      type: EventTypes.PEER_RESPONSE,
      name: 'PEER_RESPONSE',
      from: self,
      messageName: 'GET_PROVIDERS',
      messageType: 'GET_PROVIDERS',
      closer: [],
      get providers () { return infos() },
      path: this.#path(NO_PATH)
    })
  }

  onError (peer: Contact, error: Error, path = NO_PATH): void {
    const from = peerIdOf(peer)

    if (from != null) {
      this.#emit({ type: EventTypes.QUERY_ERROR, name: 'QUERY_ERROR', from, error, path: this.#path(path) })
    }
  }

  onFinal (from: PeerId, peer: PeerInfo): void {
    this.#emit({ type: EventTypes.FINAL_PEER, name: 'FINAL_PEER', from, peer, path: this.#path(NO_PATH) })
  }

  onProviders (from: PeerId, providers: PeerInfo[]): void {
    this.#emit({ type: EventTypes.PROVIDER, name: 'PROVIDER', from, providers, path: this.#path(NO_PATH) })
  }

  onValue (from: PeerId, value: Uint8Array): void {
    this.#emit({ type: EventTypes.VALUE, name: 'VALUE', from, value, path: this.#path(NO_PATH) })
  }

  onEnd (paths: number): void {
    for (let path = 0; path < paths; path++) {
      this.#emit({ type: EventTypes.PATH_ENDED, name: 'PATH_ENDED', path: this.#path(path) })
    }
  }

  #path (index: number): DisjointPath {
    return {
      index,
      queued: this.#lookup?.waiting ?? 0,
      running: this.#lookup?.inFlight ?? 0,
      total: this.#lookup?.asked ?? 0
    }
  }

  #peers (contacts: Contact[]): PeerInfo[] {
    const peers: PeerInfo[] = []

    for (const contact of contacts) {
      try {
        peers.push(toPeerInfo(contact, this.#mapper))
      } catch {
        // named with the multihash of no key: nobody can ever be reached by it
      }
    }

    return peers
  }
}

/** Found out when it is asked for, and then kept. */
function once <T> (find: () => T): () => T {
  let found: { value: T } | undefined

  return () => (found ??= { value: find() }).value
}

function peerIdOf (contact: Contact): PeerId | undefined {
  try {
    return toPeerId(contact)
  } catch {
    // the multihash of no key: the request to it fails, and there is no id to tell of it with
  }
}

function readRecord (bytes: Uint8Array): DHTRecord | undefined {
  try {
    const { key, value, timeReceived } = decodeRecord(bytes)

    return { key, value, timeReceived: timeReceived == null ? undefined : new Date(timeReceived) }
  } catch {
    // whoever uses the record says what is wrong with it
  }
}
