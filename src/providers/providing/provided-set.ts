// What this node provides, for its users: `providing-api.ts` says what that is.

import { InvalidParametersError } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { raceSignal } from 'race-signal'
import { chunked } from './chunks.ts'
import { addCounts, noCounts } from './sweep-status.ts'
import type { Announced } from './announcer.ts'
import type { ProvidedKeys } from './provided-keys.ts'
import type { AddOptions, AnnounceOptions, CIDs, Provided, Providing } from './providing-api.ts'
import type { SweepCounts, SweepStatus } from './sweep-status.ts'
import type { Sweeper } from './sweeper.ts'
import type { AbortOptions } from '@libp2p/interface'

/** The codec of a CID that says nothing of what it is the hash of. */
const RAW = 0x55

/** Keys are written so many at once. */
const BATCH = 1_000

export interface ProvidedSetNeeds {
  keys: ProvidedKeys
  sweeper: Pick<Sweeper, 'status' | 'wake' | 'announceDue'>
  /** @throws {InvalidParametersError} when it is no CID, or one that is not to be provided */
  multihashOf (cid: CID): Uint8Array
  /** puts them into the set */
  remember (multihashes: Uint8Array[], options?: AbortOptions): Promise<Uint8Array[]>
  forget (multihashes: Uint8Array[], options?: AbortOptions): Promise<void>
}

export class ProvidedSet implements Providing {
  readonly #needs: ProvidedSetNeeds

  constructor (needs: ProvidedSetNeeds) {
    this.#needs = needs
  }

  async add (cids: CIDs, { signal, onProgress }: AddOptions = {}): Promise<{ read: number, added: number }> {
    let read = 0
    let added = 0

    try {
      for await (const multihashes of chunked(this.#multihashes(cids, signal), BATCH)) {
        signal?.throwIfAborted()
        added += (await this.#needs.remember(multihashes, { signal })).length
        read += multihashes.length
        onProgress?.(read)
      }
    } finally {
      // what was added before it failed stays, also where that is not known here
      this.#needs.sweeper.wake()
    }

    return { read, added }
  }

  async announce ({ signal, onProgress }: AnnounceOptions = {}): Promise<SweepCounts> {
    const done = noCounts()
    const onBatch = (batch: Announced): void => {
      addCounts(done, batch)
      onProgress?.({ ...done, due: this.status().due })
    }

    return this.#needs.sweeper.announceDue({ signal, onBatch })
  }

  async remove (cids: CIDs, options?: AbortOptions): Promise<void> {
    for await (const multihashes of chunked(this.#multihashes(cids, options?.signal), BATCH)) {
      options?.signal?.throwIfAborted()
      await this.#needs.forget(multihashes, options)
    }
  }

  async has (cid: CID, options?: AbortOptions): Promise<boolean> {
    return this.#needs.keys.has(this.#needs.multihashOf(cid), options)
  }

  async * list (options?: AbortOptions): AsyncGenerator<Provided> {
    for await (const { multihash, announcedAt } of this.#needs.keys.all(options)) {
      yield { cid: toCID(multihash), multihash, announcedAt }
    }
  }

  status (): SweepStatus {
    return this.#needs.sweeper.status
  }

  async * #multihashes (cids: CIDs, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    // a text is iterable, too
    if (typeof cids !== 'object' || cids == null || !(Symbol.iterator in cids || Symbol.asyncIterator in cids)) {
      throw new InvalidParametersError('Give the CIDs as an array, or as anything else that can be iterated: [cid] for a single one')
    }

    for await (const cid of Symbol.asyncIterator in cids ? untilAborted(cids, signal) : cids) {
      yield this.#needs.multihashOf(cid)
    }
  }
}

/** The next one may never come. */
async function * untilAborted <T> (items: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  let isOver = false

  try {
    for (;;) {
      const next = await raceSignal(iterator.next(), signal)

      if (next.done === true) {
        isOver = true
        return
      }

      yield next.value
    }
  } finally {
    if (!isOver) {
      // not waited for: one that waits itself hears of it late
      iterator.return?.().catch(() => {})
    }
  }
}

function toCID (multihash: Uint8Array): CID | undefined {
  try {
    return CID.createV1(RAW, decodeDigest(multihash))
  } catch {
    // any bytes may be provided
  }
}
