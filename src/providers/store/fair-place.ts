// Who has to go when a key has as many providers as it may: no operator is to have all places of a key, and those that stay are the same
// whoever came first, so that nobody gains anything by announcing often.

import { compareDistance } from '../../kademlia/key.ts'
import { contactNamed } from '../../query/contact.ts'
import type { Announcement } from './announcement.ts'
import type { Key } from '../../kademlia/key.ts'

/** The part of a key's places that providers of one IP group may have, and how many they always may. */
const SHARE = 1 / 10
const LEAST = 2

/**
 * Of the group that has most of those over their share the farthest from the key; with none over it the farthest of all. Distance is
 * that of the provider's key from the content's, which nobody chooses at will. Looks at each.
 */
export function leastWanted (announcements: readonly Announcement[], target: Key, places: number): Announcement {
  const crowd = largestGroup(announcements)
  const among = crowd.length > Math.max(LEAST, Math.floor(places * SHARE)) ? crowd : announcements
  let [farthest] = among
  let farthestKey = contactNamed(farthest.id).key

  for (const announcement of among) {
    const { key } = contactNamed(announcement.id)

    if (compareDistance(key, farthestKey, target) > 0) {
      farthest = announcement
      farthestKey = key
    }
  }

  return farthest
}

/** Those of no group are not of one. */
function largestGroup (announcements: readonly Announcement[]): readonly Announcement[] {
  const groups = new Map<string, Announcement[]>()
  let largest: Announcement[] = []

  for (const announcement of announcements) {
    if (announcement.group !== '') {
      const group = groups.get(announcement.group) ?? []
      group.push(announcement)
      groups.set(announcement.group, group)
      largest = group.length > largest.length ? group : largest
    }
  }

  return largest
}
