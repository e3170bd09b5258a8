// `Records` without a network: what they are to their users, held in a map that several writers may share.

import { NotFoundError } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordConflictError } from '../../src/values/signed/records-api.ts'
import type { WriteResult } from '../../src/query/write-result.ts'
import type { OwnerOptions, PublishedRecord, PublishOptions, Records, ResolvedRecord, UpdateOptions, WatchedRecord } from '../../src/values/signed/records-api.ts'
import type { AbortOptions, PeerId, PrivateKey } from '@libp2p/interface'

const WRITTEN: WriteResult = { stored: [], failed: [], messages: 0, hops: 0 }

interface Held {
  seq: bigint
  /** undefined when it was removed */
  value?: Uint8Array
}

export class MemoryRecords implements Records {
  readonly owner: PeerId
  /** of the methods, as they were called */
  readonly calls: string[] = []
  /** Another writer's chance, between the reading and the writing of an update. */
  beforeWrite: () => void | Promise<void> = () => {}
  readonly #held: Map<string, Held>

  /** Those of another writer are shared. */
  constructor (privateKey: PrivateKey, other?: MemoryRecords) {
    this.owner = peerIdFromPrivateKey(privateKey)
    this.#held = other == null ? new Map() : other.#held
  }

  async publish (name: string, value: Uint8Array, options: PublishOptions = {}): Promise<PublishedRecord> {
    this.calls.push('publish')

    return this.#write(this.#owner(options), name, value)
  }

  async resolve (owner: PeerId, name: string, options?: AbortOptions): Promise<ResolvedRecord> {
    this.calls.push('resolve')
    options?.signal?.throwIfAborted()
    const held = this.#held.get(keyOf(owner, name))

    if (held?.value == null) {
      throw new NotFoundError('Nobody has it')
    }

    return { owner, name, value: held.value, seq: held.seq, expires: 0, ttl: 0 }
  }

  async update (name: string, change: (value: Uint8Array | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>, options: UpdateOptions = {}): Promise<PublishedRecord | undefined> {
    this.calls.push('update')
    const owner = this.#owner(options)
    const key = keyOf(owner, name)

    for (let tries = 0; tries <= (options.retries ?? 10); tries++) {
      const read = this.#held.get(key)
      const value = await change(read?.value)

      if (value == null) {
        return undefined
      }

      await this.beforeWrite()

      if (this.#held.get(key) === read) {
        return this.#write(owner, name, value)
      }
    }

    throw new RecordConflictError('Another writer was faster')
  }

  async remove (name: string, options: OwnerOptions = {}): Promise<WriteResult> {
    this.calls.push('remove')
    const key = keyOf(this.#owner(options), name)
    this.#held.set(key, { seq: this.#nextSeq(key) })

    return WRITTEN
  }

  /** All versions from the present one on, each as soon as it is asked for; it ends when there is no newer one. */
  async * watch (owner: PeerId, name: string, options?: AbortOptions): AsyncIterable<WatchedRecord> {
    this.calls.push('watch')
    let seq = 0n

    while (true) {
      options?.signal?.throwIfAborted()
      const held = this.#held.get(keyOf(owner, name))

      if (held == null || held.seq === seq) {
        return
      }

      seq = held.seq
      yield { owner, name, value: held.value ?? new Uint8Array(), removed: held.value == null, seq, expires: 0, ttl: 0 }
    }
  }

  #owner ({ privateKey, signal }: OwnerOptions): PeerId {
    signal?.throwIfAborted()

    return privateKey == null ? this.owner : peerIdFromPrivateKey(privateKey)
  }

  #write (owner: PeerId, name: string, value: Uint8Array): PublishedRecord {
    const key = keyOf(owner, name)
    const seq = this.#nextSeq(key)
    this.#held.set(key, { seq, value })

    return { ...WRITTEN, owner, name, value, seq, expires: 0, ttl: 0 }
  }

  #nextSeq (key: string): bigint {
    return (this.#held.get(key)?.seq ?? 0n) + 1n
  }
}

function keyOf (owner: PeerId, name: string): string {
  return `${owner}/${name}`
}
