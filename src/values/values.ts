// The value store: the parts that values need, put together.

import { builtIn } from './built-in.ts'
import { getValue } from './get.ts'
import { getValueHandler, putValueHandler } from './handlers.ts'
import { MAX_RECORD_AGE } from './life.ts'
import { Namespaces } from './namespaces.ts'
import { MemberLists } from './overlay/member-lists.ts'
import { publicKeyKey } from './public-key.ts'
import { Publications } from './publications.ts'
import { createPublisher } from './publisher.ts'
import { putValue } from './put.ts'
import { ReadCache } from './read-cache.ts'
import { Refusals } from './refusals.ts'
import { Replicator } from './replicator.ts'
import { Sequences } from './sequences.ts'
import { SignedRecords } from './signed/signed-records.ts'
import { RecordStore } from './store/record-store.ts'
import { heldBy } from './value-in.ts'
import type { BuiltIn } from './built-in.ts'
import type { FoundValue, GetNeeds, GetOptions } from './get.ts'
import type { ValueHandlerNeeds } from './handlers.ts'
import type { Selectors, Validators } from './namespaces.ts'
import type { Publication } from './publications.ts'
import type { Publisher } from './publisher.ts'
import type { PutOptions } from './put.ts'
import type { ReplicatorNeeds, ReplicatorOptions } from './replicator.ts'
import type { ReceivedRecordsOptions } from './store/received-records.ts'
import type { Contact } from '../query/contact.ts'
import type { RenewerOptions } from '../query/renewer.ts'
import type { WriteResult } from '../query/write-result.ts'
import type { RequestHandler } from '../wire/server.ts'
import type { AbortOptions, Logger, PeerId, PrivateKey } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface ValuesInit {
  /** of the datastore's keys */
  prefix: string
  limits: Required<Pick<ReceivedRecordsOptions, 'maxRecords' | 'maxBytes' | 'maxPerPublisher'>>
  validators: Validators
  selectors: Selectors
  /** how long a validator or a selector may take, ms */
  validatorTimeout: number
  /** the longest of these values, bytes */
  signedRecordSize: number
  memberListSize: number
  /** values that were read are remembered for as long as they say, so many of them */
  readCache: number
  /** `validity`: what was published is published again after so long, ms */
  republish: RenewerOptions & { validity: number }
  replicate: ReplicatorOptions
}

export type ValuesNeeds = Omit<GetNeeds, 'store' | 'namespaces' | 'cache' | 'refusals'> &
  Pick<ValueHandlerNeeds, 'closerPeers'> &
  Pick<ReplicatorNeeds, 'self' | 'closest' | 'random' | 'onFull' | 'onReplicated'> &
  Pick<ReceivedRecordsOptions, 'onEvicted'> & {
    datastore: Datastore
    privateKey: PrivateKey
    /** of a peer's multihash */
    peerIdOf (multihash: Uint8Array): PeerId
    /** one's own public key as protobuf */
    publicKey: Uint8Array
    /** a value could not be published again: it is tried again at the next walk */
    onPublishFailure? (publication: Publication, error: Error): void
    log: Logger
  }

export interface PutValueOptions extends PutOptions {
  /** publish it again before it lapses, until that is cancelled */
  republish?: boolean
}

export class Values {
  /** By namespace; read when they are needed. */
  readonly validators: Validators
  /** By namespace; read when they are needed. */
  readonly selectors: Selectors
  readonly onGet: RequestHandler
  readonly onPut: RequestHandler
  readonly records: SignedRecords
  readonly overlays: MemberLists
  readonly publications: Publications
  readonly #needs: GetNeeds
  readonly #rules: BuiltIn['rules']
  readonly #publisher: Publisher
  readonly #replicator: Replicator

  constructor (init: ValuesInit, needs: ValuesNeeds) {
    const { prefix, limits, validatorTimeout, signedRecordSize, republish } = init
    const { datastore, self, privateKey } = needs
    const { validators, selectors, rules } = builtIn(init)
    this.#rules = rules
    this.validators = { ...validators, ...init.validators }
    this.selectors = { ...selectors, ...init.selectors }

    const namespaces = new Namespaces({ validators: this.validators, selectors: this.selectors, rules, builtIn: validators, timeout: validatorTimeout })
    const store = new RecordStore(datastore, {
      prefix: `${prefix}/record`,
      receivedPrefix: `${prefix}/received`,
      self: self.key,
      maxAge: MAX_RECORD_AGE,
      onEvicted: needs.onEvicted,
      ...limits
    })
    const shared = this.#needs = { ...needs, store, namespaces, cache: new ReadCache(init.readCache, namespaces), refusals: new Refusals(namespaces) }
    const handlerNeeds = { ...shared, ownKey: { key: publicKeyKey(self.multihash), value: needs.publicKey } }
    this.onGet = getValueHandler(handlerNeeds)
    this.onPut = putValueHandler(handlerNeeds)

    const publications = this.publications = new Publications(datastore, { prefix: `${prefix}/published`, interval: republish.validity, random: needs.random, log: needs.log })
    const sequences = new Sequences(datastore, `${prefix}/sequence`)
    const toPeerId = needs.peerIdOf
    this.records = new SignedRecords({
      privateKey,
      sequences,
      publications,
      maxSize: signedRecordSize,
      get: async (key, options) => getValue(key, shared, options),
      getSoon: async (key, options) => soon(settle => getValue(key, shared, { ...options, settle, endsAtQuorum: options.quorum != null })),
      put: async (key, value, options) => putValue(key, value, shared, options),
      held: async (peer, key, options) => heldBy(peer, key, shared, options),
      kept: async (key, options) => (await store.kept(key, options))?.value,
      toPeerId
    })
    this.overlays = new MemberLists({
      privateKey,
      publications,
      versions: sequences,
      get: async (key, { signal = endless() }) => getValue(key, shared, { signal, quorum: 'all' }),
      put: async (key, value, { signal = endless() }) => putValue(key, value, shared, { signal }),
      toPeerId
    })
    this.#publisher = createPublisher(republish, {
      publications,
      renew: async (publication, signal) => this.#renew(publication, signal),
      onFailure: needs.onPublishFailure,
      log: needs.log
    })
    this.#replicator = new Replicator(init.replicate, shared)
  }

  /** No effect while it runs. */
  start (): void {
    this.records.start()
    this.#publisher.start()
    this.#replicator.start()
  }

  /** Resolves when nothing is written any more. */
  async stop (): Promise<void> {
    this.records.stop()
    await Promise.all([this.#publisher.stop(), this.#replicator.stop()])
  }

  /** What the metrics tell of it. */
  get counts (): { records: number, bytes: number, replications: number, publications: number } {
    const { store } = this.#needs

    return { records: store.size, bytes: store.bytes, replications: this.#replicator.pending, publications: this.#publisher.pending }
  }

  async get (key: Uint8Array, options: GetOptions): Promise<Uint8Array> {
    return (await getValue(key, this.#needs, options)).value
  }

  async put (key: Uint8Array, value: Uint8Array, { republish = false, ...options }: PutValueOptions): Promise<WriteResult> {
    const onHeld = republish ? async () => this.publications.begin(key, { signal: options.signal }) : undefined
    const result = await putValue(key, value, this.#needs, { ...options, onHeld })

    if (republish) {
      await this.publications.succeeded(key)
    }

    return result
  }

  /** A peer has entered the table. */
  onNewcomer (peer: Contact): void {
    this.#replicator.onNewcomer(peer)
  }

  /** Publishes what is due, now that there is somebody to give it to. */
  publish (): void {
    void this.#publisher.run()
  }

  /** Deletes what has expired. */
  async collect (options: AbortOptions): Promise<void> {
    await this.#needs.store.collect(options)
  }

  async #renew (publication: Publication, signal: AbortSignal): Promise<void> {
    const { key } = publication

    const rules = this.#needs.namespaces.rulesOf(key)

    if (rules === this.#rules.sig) {
      await this.records.renew(publication, signal)
    } else if (rules === this.#rules.overlay) {
      await this.overlays.renew(publication, signal)
    } else {
      // the node may have been away for longer than it lives
      const record = await this.#needs.store.kept(key, { signal })

      if (record == null) {
        await this.publications.cancel(key)
      } else {
        await putValue(key, record.value, this.#needs, { signal })
        await this.publications.succeeded(key)
      }
    }
  }
}

/** As soon as there is a quorum; the search goes on, and what becomes of it concerns nobody. */
async function soon (search: (settle: (value: Uint8Array) => void) => Promise<FoundValue>): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  search(resolve).then(({ value }) => { resolve(value) }, reject)

  return promise
}

/** What the caller does not end, the end of the node does. */
function endless (): AbortSignal {
  return new AbortController().signal
}
