// Who has refused values of our own namespaces lately. A node that does not know them does not want to be given them again and again, and
// resets a stream each time. Of other namespaces a refusal says nothing: whoever has a better value refuses, too.

import QuickLRU from 'quick-lru'
import type { Namespaces } from './namespaces.ts'

/** How many peers and namespaces are remembered, and how long, ms: nodes learn new namespaces when they are restarted. */
const REMEMBERED = 2_048
const AGE = 10 * 60 * 1000

const SLASH = 0x2f

export class Refusals {
  readonly #namespaces: Namespaces
  readonly #refused = new QuickLRU<string, true>({ maxSize: REMEMBERED / 2, maxAge: AGE })

  constructor (namespaces: Namespaces) {
    this.#namespaces = namespaces
  }

  add (peer: string, key: Uint8Array): void {
    const { answersHeld, merge } = this.#namespaces.rulesOf(key)

    if (answersHeld === true || merge != null) {
      this.#refused.set(nameOf(peer, key), true)
    }
  }

  has (peer: string, key: Uint8Array): boolean {
    return this.#refused.has(nameOf(peer, key))
  }
}

function nameOf (peer: string, key: Uint8Array): string {
  return `${String.fromCharCode(...key.subarray(0, key.indexOf(SLASH, 1)))} ${peer}`
}
