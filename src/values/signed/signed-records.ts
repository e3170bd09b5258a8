// The records that this node signs and reads: what `dht.records` is.

import { NotFoundError, NotStartedError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { raceSignal } from 'race-signal'
import { OneByOne } from '../../query/one-by-one.ts'
import { sleep } from '../../query/sleep.ts'
import { attempt, betterValues } from '../put.ts'
import { nameOf } from '../record-name.ts'
import { isOwner, ownerMultihash } from './owner.ts'
import { RecordConflictError } from './records-api.ts'
import { compareSigned } from './selector.ts'
import { signNext } from './sign-next.ts'
import { parseSignedKey, signedKey } from './signed-key.ts'
import { readSigned } from './signed-record.ts'
import { updateRecord } from './update-record.ts'
import { watchRecord } from './watch.ts'
import type { SignedRecord } from './payload.ts'
import type { OwnerOptions, PublishedRecord, PublishOptions, Records, ResolvedRecord, ResolveOptions, UpdateOptions, WatchedRecord, WatchOptions } from './records-api.ts'
import type { Owned, Said } from './sign-next.ts'
import type { Version } from './update-record.ts'
import type { Contact } from '../../query/contact.ts'
import type { WriteResult } from '../../query/write-result.ts'
import type { FoundValue } from '../get.ts'
import type { Publication, Publications } from '../publications.ts'
import type { Sequences } from '../sequences.ts'
import type { AbortOptions, PeerId, PrivateKey } from '@libp2p/interface'

/** How often a publisher tries again that has learnt of a higher sequence number than its own. */
const PUBLISH_RETRIES = 3

const WATCH_INTERVAL = { min: 5_000, max: 300_000 }

export interface SignedRecordsNeeds {
  privateKey: PrivateKey
  sequences: Sequences
  publications: Publications
  /** the longest signed record, bytes */
  maxSize: number
  get (key: Uint8Array, options: ResolveOptions & { signal: AbortSignal, fresh?: boolean, endsAtQuorum?: boolean }): Promise<FoundValue>
  /** resolves as soon as there is a quorum */
  getSoon (key: Uint8Array, options: ResolveOptions & { signal: AbortSignal }): Promise<Uint8Array>
  put (key: Uint8Array, value: Uint8Array, options: { signal: AbortSignal, minSuccesses?: number, useNetwork?: boolean, before? (peer: Contact): Promise<void> }): Promise<WriteResult>
  /** what a peer holds that is valid; undefined for nothing */
  held (peer: Contact, key: Uint8Array, options: AbortOptions): Promise<Uint8Array | undefined>
  /** what this node has stored itself, expired or not; undefined for nothing */
  kept (key: Uint8Array, options: AbortOptions): Promise<Uint8Array | undefined>
  toPeerId (multihash: Uint8Array): PeerId
}

export class SignedRecords implements Records {
  readonly #needs: SignedRecordsNeeds
  /** writes of one record go one after another */
  readonly #writes = new OneByOne()
  #shutdown?: AbortController

  constructor (needs: SignedRecordsNeeds) {
    this.#needs = needs
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      setMaxListeners(Infinity, this.#shutdown.signal)
    }
  }

  /** Ends what is under way, watches included. */
  stop (): void {
    this.#shutdown?.abort(new NotStartedError('The DHT was stopped'))
    this.#shutdown = undefined
  }

  async publish (name: string, value: Uint8Array, options: PublishOptions = {}): Promise<PublishedRecord> {
    const owned = this.#owned(name, options)

    return this.#exclusively(owned.key, options, async signal => {
      const latest = await this.#latest(owned.key, { signal })

      return this.#published(owned, { value, rule: 'SIGNATURE' }, latest?.record.seq, options, signal)
    })
  }

  async resolve (owner: PeerId, name: string, options: ResolveOptions = {}): Promise<ResolvedRecord> {
    const signal = this.#signal(options)
    const { record } = readSigned(await this.#needs.getSoon(signedKey(owner.toMultihash().bytes, name), { ...options, signal }))

    if (record.rule === 'TOMBSTONE') {
      throw new NotFoundError('The record was removed by its owner')
    }

    return this.#resolved(record)
  }

  async update (name: string, change: (value: Uint8Array | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>, options: UpdateOptions = {}): Promise<PublishedRecord | undefined> {
    const owned = this.#owned(name, options)

    return this.#exclusively(owned.key, options, async signal => updateRecord(change, {
      latest: async () => this.#latest(owned.key, { signal, quorum: 'all' }),
      sign: async (value, above) => {
        const signed = await this.#sign(owned, { value, rule: 'SIGNATURE' }, above, options, signal)
        await this.#schedule(owned.key, options, signal)

        return signed
      },
      write: async (bytes, before) => this.#needs.put(owned.key, bytes, { signal, minSuccesses: options.minSuccesses, before }),
      acknowledge: async ({ bytes, record }, result) => {
        await this.#keep(owned.key, bytes, signal)
        await this.#needs.publications.succeeded(owned.key)

        return { ...this.#resolved(record), ...result }
      },
      held: async (peer, signal) => this.#needs.held(peer, owned.key, { signal }),
      heldHere: async signal => (await this.#latest(owned.key, { signal, useNetwork: false }))?.bytes,
      sleep,
      retries: options.retries,
      signal
    }))
  }

  async remove (name: string, options: OwnerOptions = {}): Promise<WriteResult> {
    const owned = this.#owned(name, options)

    return this.#exclusively(owned.key, options, async signal => {
      const latest = await this.#latest(owned.key, { signal })
      const { stored, failed, messages, hops } = await this.#published(owned, { value: new Uint8Array(0), rule: 'TOMBSTONE' }, latest?.record.seq, { ttl: 0, republish: false }, signal)

      return { stored, failed, messages, hops }
    })
  }

  async * watch (owner: PeerId, name: string, options: WatchOptions = {}): AsyncGenerator<WatchedRecord, void, undefined> {
    const key = signedKey(owner.toMultihash().bytes, name)
    const { minInterval = WATCH_INTERVAL.min, maxInterval = Math.max(minInterval, WATCH_INTERVAL.max) } = options
    const values = watchRecord({
      find: async signal => this.#needs.get(key, { signal, useCache: false }).catch(error => unlessMissing(error)),
      held: async (peer, signal) => this.#needs.held(peer, key, { signal }),
      sleep,
      minInterval,
      maxInterval,
      signal: this.#signal(options)
    })

    for await (const value of values) {
      const { record } = readSigned(value)
      yield { ...this.#resolved(record), removed: record.rule === 'TOMBSTONE' }
    }
  }

  /**
   * Publishes a record again, signed anew so that it lives longer if it is of this node's own key: also when the node was away for so long that
   * nobody has it any more. One that its owner has removed by another node is published no more.
   */
  async renew ({ key, until }: Publication, signal: AbortSignal): Promise<void> {
    await this.#writes.run(nameOf(key), async () => {
      const isOwn = isOwner(this.#needs.privateKey.publicKey, parseSignedKey(key).multihash)
      const found = await this.#latest(key, { signal })
      const latest = isOwn ? higher(found, await this.#kept(key, signal)) : found

      if (latest == null || latest.record.rule === 'TOMBSTONE' || (until != null && until <= Date.now())) {
        await this.#needs.publications.cancel(key)
      } else if (isOwn) {
        await this.#published({ key, privateKey: this.#needs.privateKey }, latest.record, latest.record.seq, { ttl: latest.record.ttl, expires: until }, signal)
      } else {
        await this.#needs.put(key, latest.bytes, { signal })
        await this.#needs.publications.succeeded(key)
      }
    })
  }

  /** Signs it with a higher sequence number than `above`, and stores it; again with a higher one when others turn out to have one. */
  async #published (owned: Owned, said: Said, above: bigint | undefined, options: PublishOptions, signal: AbortSignal): Promise<PublishedRecord> {
    for (let retry = 0; ; retry++) {
      const { bytes, record } = await this.#sign(owned, said, above, options, signal)
      await this.#schedule(owned.key, options, signal)
      const written = await this.#write(owned.key, bytes, options, signal)

      if ('result' in written) {
        await this.#needs.publications.succeeded(owned.key)

        return { ...this.#resolved(record), ...written.result }
      }

      if (retry === PUBLISH_RETRIES) {
        throw new RecordConflictError('Others keep writing this record with higher sequence numbers: use update, which takes what they write into account')
      }

      above = readSigned(written.better).record.seq
    }
  }

  /** Whether all went well, or somebody holds a better one. */
  async #write (key: Uint8Array, bytes: Uint8Array, { minSuccesses }: PublishOptions, signal: AbortSignal): Promise<{ result: WriteResult } | { better: Uint8Array }> {
    const written = await attempt(async () => this.#needs.put(key, bytes, { signal, minSuccesses }))
    const [better] = betterValues(written)

    if (better != null) {
      return { better }
    }

    if ('error' in written) {
      throw written.error
    }

    return written
  }

  async #sign (owned: Owned, said: Said, above: bigint | undefined, { expires, ttl }: PublishOptions, signal: AbortSignal): Promise<Version> {
    return signNext(owned, said, { above, expires, ttl, signal }, this.#needs)
  }

  /** The highest that is found, a tombstone included; undefined when there is none. */
  async #latest (key: Uint8Array, { quorum = 'majority', ...options }: ResolveOptions & { signal: AbortSignal }): Promise<Version | undefined> {
    const found = await this.#needs.get(key, { ...options, quorum, fresh: true, endsAtQuorum: quorum !== 'all' }).catch(error => unlessMissing(error))

    return found == null ? undefined : { bytes: found.value, record: readSigned(found.value).record }
  }

  async #kept (key: Uint8Array, signal: AbortSignal): Promise<Version | undefined> {
    const bytes = await this.#needs.kept(key, { signal })

    return bytes == null ? undefined : { bytes, record: readSigned(bytes).record }
  }

  /** This node holds it, too, unless somebody was faster to give it a better one. */
  async #keep (key: Uint8Array, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const written = await attempt(async () => this.#needs.put(key, bytes, { signal, useNetwork: false }))

    if ('error' in written && betterValues(written).length === 0) {
      throw written.error
    }
  }

  /** From now on it is published again, or no more, whatever becomes of this attempt. */
  async #schedule (key: Uint8Array, { republish = true, expires }: PublishOptions, signal: AbortSignal): Promise<void> {
    if (republish) {
      await this.#needs.publications.begin(key, { until: expires, signal })
    } else {
      await this.#needs.publications.cancel(key, { signal })
    }
  }

  #owned (name: string, { privateKey = this.#needs.privateKey }: OwnerOptions): Owned {
    return { key: signedKey(ownerMultihash(privateKey.publicKey), name), privateKey }
  }

  #resolved ({ key, value, seq, expires, ttl }: SignedRecord): ResolvedRecord {
    const { multihash, name } = parseSignedKey(key)

    return { owner: this.#needs.toPeerId(multihash), name, value: value.slice(), seq, expires, ttl }
  }

  async #exclusively <T> (key: Uint8Array, options: AbortOptions, write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = this.#signal(options)

    // who waits for its turn hears at once that it is ended
    return raceSignal(this.#writes.run(nameOf(key), async () => {
      signal.throwIfAborted()

      return write(signal)
    }), signal)
  }

  /** @throws {NotStartedError} when the node does not run */
  #signal ({ signal }: AbortOptions): AbortSignal {
    if (this.#shutdown == null) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    return signal == null ? this.#shutdown.signal : AbortSignal.any([signal, this.#shutdown.signal])
  }
}

function higher (a: Version | undefined, b: Version | undefined): Version | undefined {
  return a == null || (b != null && compareSigned(b.bytes, a.bytes) > 0) ? b : a
}

/** Nobody has it, which is not the same as nobody to ask. */
function unlessMissing (error: Error): undefined {
  if (error.name !== 'NotFoundError') {
    throw error
  }
}
