// Whom earlier lookups have found. A later one for a key near by starts there, as well as from the table: if they are gone, or
// were not what they seemed, the table is still there.

import QuickLRU from 'quick-lru'
import { commonPrefixLength } from '../kademlia/key.ts'
import { contactNamed } from './contact.ts'
import type { Contact } from './contact.ts'
import type { Key } from '../kademlia/key.ts'

/** How many lookups are remembered, and how long, ms: peers come and go. */
const LOOKUPS = 64
const AGE = 10 * 60 * 1000

/** Of a peer its name is enough: it has answered, so its addresses are in the peer store. */
interface Found {
  target: Key
  ids: string[]
}

export class RecentLookups {
  readonly #found = new QuickLRU<string, Found>({ maxSize: LOOKUPS / 2, maxAge: AGE })

  onLookup (target: Key, closest: readonly Contact[]): void {
    this.#found.set(target.join(), { target, ids: closest.map(({ id }) => id) })
  }

  /** What the lookup for the key with the longest common prefix has found. */
  near (target: Key): Contact[] {
    let nearest: Found | undefined
    let longest = -1

    for (const found of this.#found.values()) {
      const shared = commonPrefixLength(found.target, target)

      if (shared > longest) {
        nearest = found
        longest = shared
      }
    }

    return nearest?.ids.map(contactNamed) ?? []
  }
}
