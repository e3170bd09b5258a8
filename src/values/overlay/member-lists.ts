// The overlays that this node is in, and those it asks about: what `dht.overlays` is.

import { OneByOne } from '../../query/one-by-one.ts'
import { nameOf } from '../record-name.ts'
import { readEntry, signEntry } from './member-entry.ts'
import { encodeSet, members } from './member-set.ts'
import { overlayKey, parseOverlayKey } from './overlay-key.ts'
import type { JoinOptions, OverlayMember, OverlayOptions, Overlays } from './overlays-api.ts'
import type { WriteResult } from '../../query/write-result.ts'
import type { FoundValue } from '../get.ts'
import type { Publication, Publications } from '../publications.ts'
import type { Sequences } from '../sequences.ts'
import type { AbortOptions, PeerId, PrivateKey } from '@libp2p/interface'

/** An entry lapses so long after it was signed, ms: an hour less than allowed, for holders whose clocks are behind. */
const LIFE = 47 * 60 * 60 * 1000

export interface MemberListsNeeds {
  privateKey: PrivateKey
  publications: Publications
  /** the versions that this node has given */
  versions: Sequences
  get (key: Uint8Array, options: AbortOptions): Promise<FoundValue>
  put (key: Uint8Array, value: Uint8Array, options: AbortOptions): Promise<WriteResult>
  toPeerId (multihash: Uint8Array): PeerId
}

export class MemberLists implements Overlays {
  readonly #needs: MemberListsNeeds
  /** entries of one overlay are signed one after another: of leaving and being entered anew, what was asked for last holds */
  readonly #writes = new OneByOne()

  constructor (needs: MemberListsNeeds) {
    this.#needs = needs
  }

  async join (overlay: Uint8Array, { republish = true, ...options }: JoinOptions = {}): Promise<WriteResult> {
    const { publications } = this.#needs
    const key = overlayKey(overlay)
    // nobody else's key is at hand when the time comes to sign anew
    const again = republish && options.privateKey == null

    return this.#writes.run(nameOf(key), async () => {
      if (again) {
        await publications.begin(key, options)
      }

      const result = await this.#put(overlay, false, options)

      if (again) {
        await publications.succeeded(key)
      }

      return result
    })
  }

  async leave (overlay: Uint8Array, options: OverlayOptions = {}): Promise<WriteResult> {
    const key = overlayKey(overlay)

    return this.#writes.run(nameOf(key), async () => {
      // what is entered again is this node, not the one that another key stands for
      if (options.privateKey == null) {
        await this.#needs.publications.cancel(key)
      }

      return this.#put(overlay, true, options)
    })
  }

  async members (overlay: Uint8Array, options: AbortOptions = {}): Promise<OverlayMember[]> {
    try {
      const { value } = await this.#needs.get(overlayKey(overlay), options)

      return members(value, Date.now()).map(({ member, ...entry }) => ({ id: this.#needs.toPeerId(member), ...entry }))
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }

      return []
    }
  }

  /** Signs this node's entry anew, unless it has left meanwhile. */
  async renew ({ key }: Publication, signal: AbortSignal): Promise<void> {
    const { publications } = this.#needs

    await this.#writes.run(nameOf(key), async () => {
      if (await publications.has(key, { signal })) {
        await this.#put(parseOverlayKey(key), false, { signal })
        await publications.succeeded(key)
      }
    })
  }

  async #put (overlay: Uint8Array, left: boolean, { privateKey = this.#needs.privateKey, ...options }: OverlayOptions): Promise<WriteResult> {
    const key = overlayKey(overlay)
    const now = Date.now()
    // a clock that was set back does not make the new entry older than the last one
    const version = await this.#needs.versions.next(key, BigInt(now) - 1n, options)
    const entry = await signEntry({ overlay, version, expires: now + LIFE, left }, privateKey, options)

    return this.#needs.put(key, encodeSet([readEntry(entry)]), options)
  }
}
