// Tells libp2p's connection manager which peers matter, by tags in the peer store: written when the table changes, not
// when somebody is heard of, and once for all changes of a moment, for the store reads, compares and tells everyone each time.

import type { Contact } from '../query/contact.ts'

/** Any peer of the table: the nearer to oneself its bucket is, the fewer others could take its place. */
const TABLE_TAG = 'kad-peer'

/** Less than what those nearest have. */
const MOST_TABLE_TAG_VALUE = 49

/** The nearest k that are alive. */
const CLOSE_TAG = 'kad-close'
const CLOSE_TAG_VALUE = 50

/** libp2p dials peers with a tag of this prefix again when their connection is lost. */
const KEEP_ALIVE_TAG = 'keep-alive-kad-dht'

/** All that are given. */
export const TAGS = [TABLE_TAG, CLOSE_TAG, KEEP_ALIVE_TAG]

/** Changes are written so long after the first of them, ms. */
const DELAY = 1_000

type Tags = Record<string, { value: number } | undefined>

/** Sets and removes (undefined) tags of a peer. */
export interface SetTags {
  (peer: Contact, tags: Tags): void
}

export class TableTags {
  readonly #set: SetTags
  readonly #close = new Map<string, Contact>()
  /** not written yet */
  readonly #changes = new Map<string, { peer: Contact, tags: Tags }>()
  #timer?: ReturnType<typeof setTimeout>
  #running = false

  constructor (set: SetTags) {
    this.#set = set
  }

  /** What changed before is written, too. No effect while it runs. */
  start (): void {
    this.#running = true
    this.#writeSoon()
  }

  /** What is not written yet is kept for the next start. */
  stop (): void {
    this.#running = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** `bucket`: the common prefix length with oneself */
  onAdded (peer: Contact, bucket: number): void {
    this.#change(peer, { [TABLE_TAG]: { value: Math.min(1 + bucket, MOST_TABLE_TAG_VALUE) } })
  }

  onRemoved (peer: Contact): void {
    this.#close.delete(peer.id)
    this.#change(peer, { [TABLE_TAG]: undefined, [CLOSE_TAG]: undefined, [KEEP_ALIVE_TAG]: undefined })
  }

  /** These are the nearest from now on; only what changes is written. */
  onNearest (nearest: Contact[]): void {
    const ids = new Set(nearest.map(peer => peer.id))

    for (const peer of this.#close.values()) {
      if (!ids.has(peer.id)) {
        this.#close.delete(peer.id)
        this.#change(peer, { [CLOSE_TAG]: undefined, [KEEP_ALIVE_TAG]: undefined })
      }
    }

    for (const peer of nearest) {
      if (!this.#close.has(peer.id)) {
        this.#close.set(peer.id, peer)
        this.#change(peer, { [CLOSE_TAG]: { value: CLOSE_TAG_VALUE }, [KEEP_ALIVE_TAG]: { value: 1 } })
      }
    }
  }

  #change (peer: Contact, tags: Tags): void {
    this.#changes.set(peer.id, { peer, tags: { ...this.#changes.get(peer.id)?.tags, ...tags } })
    this.#writeSoon()
  }

  #writeSoon (): void {
    if (this.#running && this.#changes.size > 0) {
      this.#timer ??= setTimeout(() => { this.#write() }, DELAY)
    }
  }

  #write (): void {
    this.#timer = undefined
    const changes = [...this.#changes.values()]
    this.#changes.clear()
    changes.forEach(({ peer, tags }) => { this.#set(peer, tags) })
  }
}
