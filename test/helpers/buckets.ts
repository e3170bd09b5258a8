// Contacts in a bucket of one's choice.

import { commonPrefixLength } from '../../src/kademlia/key.ts'
import { contact } from './contacts.ts'
import type { Contact } from '../../src/query/contact.ts'

/** So many contacts, each of which shares exactly `cpl` leading bits with `self`. No two calls for different buckets name the same. */
export function contactsIn (self: Contact, cpl: number, count: number, ...addrs: string[]): Contact[] {
  const found: Contact[] = []

  for (let i = 1; found.length < count; i++) {
    const candidate = contact(i, ...addrs)

    if (commonPrefixLength(self.key, candidate.key) === cpl) {
      found.push(candidate)
    }
  }

  return found
}

/** So many contacts of each of the buckets down to `deepest`, the farthest first. */
export function contactsAround (self: Contact, deepest: number, each: number, ...addrs: string[]): Contact[] {
  return Array.from({ length: deepest + 1 }, (_, cpl) => contactsIn(self, cpl, each, ...addrs)).flat()
}
