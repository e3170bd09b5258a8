// Who announces, made ready for many announcements: a node that provides much sends thousands one after another, and each tells the same
// of it but the key.

import { toPeerId } from '../../wire/peer.ts'
import { encodeStoredAddresses, storedAt, toAnnouncement } from './announcement.ts'
import type { Announcement, ProviderRecord } from './announcement.ts'
import type { Key } from '../../kademlia/key.ts'
import type { Contact } from '../../query/contact.ts'

export interface Sender {
  /** the peer's */
  readonly id: string
  readonly key: Key
  /** its id as it stands in the datastore's keys */
  readonly name: string
  announcement (announcedAt: number): Announcement
  /** the same as it is stored */
  stored (announcedAt: number): Uint8Array
}

/** `group`: see `ProviderRecord`. */
export function createSender (contact: Contact, group: ProviderRecord['group']): Sender {
  const made = toAnnouncement({ contact, announcedAt: 0, group })
  const stored = encodeStoredAddresses(contact.addrs, group)
  const { id, addresses } = made

  return {
    id,
    key: contact.key,
    name: toPeerId(contact).toString(),
    announcement: announcedAt => ({ id, announcedAt, addresses, group: made.group }),
    stored: announcedAt => storedAt(announcedAt, stored)
  }
}
