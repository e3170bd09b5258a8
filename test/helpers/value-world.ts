// Nodes in memory that hold values, around one that reads and writes them: the holders answer with the code of real ones, and with what a test
// says instead. Everybody knows everybody. Where messages take time it is that of `setTimeout`.

import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { keyOf } from '../../src/kademlia/key.ts'
import { QueryManager } from '../../src/query/manager.ts'
import { getValueHandler, putValueHandler } from '../../src/values/handlers.ts'
import { Namespaces } from '../../src/values/namespaces.ts'
import { ReadCache } from '../../src/values/read-cache.ts'
import { Refusals } from '../../src/values/refusals.ts'
import { RecordStore } from '../../src/values/store/record-store.ts'
import { Message as MessageCodec } from '../../src/wire/dht.ts'
import { encodePeer, toPeerId } from '../../src/wire/peer.ts'
import { decodeRecord, encodeRecord } from '../../src/wire/record.ts'
import { contact } from './contacts.ts'
import { bytes } from './content.ts'
import { sortedTruth } from './peer-keys.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { GetNeeds } from '../../src/values/get.ts'
import type { Selectors, Validators, ValueRules } from '../../src/values/namespaces.ts'
import type { ReplicatorNeeds } from '../../src/values/replicator.ts'
import type { EncodedRequest, Message, MessageName } from '../../src/wire/message.ts'
import type { ValueRecord } from '../../src/wire/record.ts'
import type { RequestHandler } from '../../src/wire/server.ts'
import type { AbortOptions } from '@libp2p/interface'

/** How long a value is held, ms. */
export const MAX_RECORD_AGE = 48 * 60 * 60 * 1000

export interface Sent {
  to: Contact
  type: MessageName
  /** of PUT_VALUE */
  record?: ValueRecord
  /** unix ms */
  at: number
}

/** What a holder says: an error, nothing ever, what a real one would say if undefined. */
export type Answer = Partial<Message> | Error | 'silence' | undefined

export class Holder {
  readonly contact: Contact
  readonly store: RecordStore
  /** may be exchanged at any time */
  answer: (request: Message) => Answer | Promise<Answer> = () => undefined
  /** how long a message to or from it takes, ms */
  delay = 0
  readonly #onGet: RequestHandler
  readonly #onPut: RequestHandler

  constructor (contact: Contact, namespaces: Namespaces) {
    this.contact = contact
    this.store = createStore(contact)
    const needs = { store: this.store, namespaces, maxValueSize: 10_240, ownKey: { key: bytes('/pk/none'), value: bytes('none') }, closerPeers: () => [] }
    this.#onGet = getValueHandler(needs)
    this.#onPut = putValueHandler(needs)
  }

  /** Puts a record there, whatever it held. */
  async give (key: Uint8Array, value: Uint8Array, more: Partial<ValueRecord> = {}): Promise<void> {
    await this.store.update(key, async () => ({ key, value, timeReceived: Date.now(), ...more }), { received: true })
  }

  async held (key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.store.get(key))?.value
  }

  async onRequest (request: Message, from: Contact): Promise<Partial<Message>> {
    switch (request.type) {
      case 'GET_VALUE': return await this.#onGet(request, from) ?? {}
      case 'PUT_VALUE': return await this.#onPut(request, from) ?? {}
      default: return {}
    }
  }
}

export interface ValueWorldInit {
  peers?: number
  k?: number
  validators: Validators
  selectors: Selectors
  rules?: Record<string, ValueRules>
  /** ms */
  timeout?: number
  /** how many values are remembered */
  readCache?: number
  /** one-way delay of every message, ms */
  delay?: number
}

export class ValueWorld {
  readonly self = contact(0)
  readonly holders: Holder[]
  readonly sent: Sent[] = []
  readonly needs: GetNeeds & ReplicatorNeeds
  readonly queries: QueryManager
  readonly namespaces: Namespaces
  readonly store: RecordStore
  /** repairs that have been begun */
  readonly repairs: Array<Promise<void>> = []
  readonly #byId: Map<string, Holder>

  constructor ({ peers = 12, k = 4, readCache = 0, timeout = 5_000, delay = 0, rules, ...init }: ValueWorldInit) {
    const namespaces = this.namespaces = new Namespaces({ ...init, rules, timeout })
    const { self, store } = { self: this.self, store: this.store = createStore(this.self) }
    this.holders = Array.from({ length: peers }, (_, i) => new Holder(contact(i + 1, `/ip4/10.0.${i >> 8}.${i & 255}/tcp/4001`), namespaces))
    this.holders.forEach(holder => { holder.delay = delay })
    this.#byId = new Map(this.holders.map(holder => [holder.contact.id, holder]))
    const closest: ReplicatorNeeds['closest'] = (target, n) => sortedTruth(this.holders.map(({ contact }) => contact), target).slice(0, n)
    const request = async (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message> => this.#request(to, request, options)
    this.queries = new QueryManager({ k, alpha: 3, disjointPaths: 1, maxQueries: 100, maxAsked: 100, firstPeerTimeout: 0 }, {
      self: self.id,
      closest,
      expected: () => undefined,
      request,
      slowAfter: () => 1_000,
      overdueAfter: () => 1_000,
      onSilent: () => {},
      firstPeer: async () => {},
      onLookup: () => {}
    })
    this.queries.start()
    this.needs = {
      self,
      peerId: toPeerId(self),
      namespaces,
      store,
      cache: new ReadCache(readCache, namespaces),
      refusals: new Refusals(namespaces),
      queries: this.queries,
      maxValueSize: 10_240,
      request,
      closest,
      toPeerId,
      random: () => 0,
      background: task => { this.repairs.push(task({ signal: new AbortController().signal })) },
      log: defaultLogger().forComponent('test')
    }
  }

  /** Nearest first. */
  nearest (key: Uint8Array, n = this.queries.k): Holder[] {
    return sortedTruth(this.holders.map(({ contact }) => contact), keyOf(key)).slice(0, n).map(({ id }) => this.holderOf(id))
  }

  holderOf (id: string): Holder {
    const holder = this.#byId.get(id)

    if (holder == null) {
      throw new Error('There is no such holder')
    }

    return holder
  }

  /** The requests of that type, in order. */
  sentOf (type: MessageName): Sent[] {
    return this.sent.filter(sent => sent.type === type)
  }

  async repaired (): Promise<void> {
    await Promise.all(this.repairs)
  }

  async #request (to: Contact, { type, bytes, key }: EncodedRequest, { signal }: AbortOptions): Promise<Message> {
    signal?.throwIfAborted()
    const holder = this.holderOf(to.id)
    const request = MessageCodec.decode(withoutPrefix(bytes))
    const record = request.record == null ? undefined : decodeRecord(request.record)
    this.sent.push({ to, type, record, at: Date.now() })
    await pause(holder.delay, signal)
    const answer = await holder.answer(request) ?? await holder.onRequest(request, this.self)

    if (answer === 'silence') {
      return new Promise((resolve, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason) }) })
    }

    await pause(holder.delay, signal)

    if (answer instanceof Error) {
      throw answer
    }

    const closer = sortedTruth(this.holders.map(({ contact }) => contact), keyOf(key)).filter(({ id }) => id !== to.id).slice(0, this.queries.k)

    return { type, key, providers: [], closer: closer.map(({ multihash, addrs }) => encodePeer(multihash, addrs)), ...answer }
  }
}

/** A reply with that record, whatever is held. */
export function replyWith (key: Uint8Array, value: Uint8Array): Partial<Message> {
  return { record: encodeRecord({ key, value, timeReceived: Date.now() }) }
}

function createStore (holder: Contact): RecordStore {
  return new RecordStore(new MemoryDatastore(), { prefix: '/record', receivedPrefix: '/received', self: holder.key, maxAge: MAX_RECORD_AGE })
}

async function pause (ms: number, signal?: AbortSignal): Promise<void> {
  if (ms === 0) {
    return
  }

  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const onAbort = (): void => { reject(signal?.reason) }
  signal?.addEventListener('abort', onAbort)

  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

function withoutPrefix (framed: Uint8Array): Uint8Array {
  return framed.subarray(framed.findIndex(byte => byte < 0x80) + 1)
}
