// Values that were fetched lately, for as long as they say that they may be cached. Those that do not say are not.

import QuickLRU from 'quick-lru'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { toCharacters } from '../wire/characters.ts'
import type { Namespaces } from './namespaces.ts'

export class ReadCache {
  readonly #values?: QuickLRU<string, Uint8Array>
  readonly #namespaces: Namespaces

  /** `size`: how many are remembered; 0 for none */
  constructor (size: number, namespaces: Namespaces) {
    this.#values = size > 0 ? new QuickLRU({ maxSize: Math.ceil(size / 2) }) : undefined
    this.#namespaces = namespaces
  }

  get (key: Uint8Array): Uint8Array | undefined {
    return this.#values?.get(toCharacters(key))
  }

  /** It is forgotten when its time is over, or the value itself ends. */
  set (key: Uint8Array, value: Uint8Array): void {
    const { ttl, expires } = this.#namespaces.rulesOf(key)
    const maxAge = Math.min((ttl?.(value) ?? 0) * 1000, (expires?.(value) ?? Infinity) - Date.now())

    if (maxAge > 0) {
      this.#values?.set(toCharacters(key), value, { maxAge })
    } else {
      this.#values?.delete(toCharacters(key))
    }
  }

  /** This node holds that one now: another is not given any more. */
  onHeld (key: Uint8Array, value: Uint8Array): void {
    const cached = this.get(key)

    if (cached != null && !uint8ArrayEquals(cached, value)) {
      this.#values?.delete(toCharacters(key))
    }
  }
}
