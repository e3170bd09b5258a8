// What is known in memory of the values held for others: enough to tell which have expired, and which are of least use, without
// reading the datastore. A node may hold a hundred thousand, so an entry is small.

import { keyOf } from '../../kademlia/key.ts'
import { Heap } from './heap.ts'
import type { Placed } from './heap.ts'
import type { Key } from '../../kademlia/key.ts'

export interface Received extends Placed {
  /** of its key in the datastore */
  readonly name: string
  /** when it ends, unix ms */
  readonly expires: number
  /** the end that it was given, unix ms; Infinity for none. It ends no later, however often it is received again */
  readonly until: number
  /** when somebody else sent it last, unix ms */
  readonly received: number
  /** of its value */
  readonly bytes: number
  /** whose it is, for the limit of each; empty when nobody knows */
  readonly publisher: string
  /** of its key from this node: see `distanceOf` */
  readonly distance: number
}

/** The first bits of a distance are all that tells keys apart here: this many make a small integer. */
const DISTANCE_BITS = 31

export class ReceivedIndex {
  readonly #byName = new Map<string, Received>()
  readonly #byPublisher = new Map<string, Received[]>()
  /** by bucket, the farthest first; of each, the first is the least useful */
  readonly #buckets = Array.from({ length: DISTANCE_BITS + 1 }, () => new Heap(compareInBucket))
  #bytes = 0

  get size (): number {
    return this.#byName.size
  }

  /** of all values */
  get bytes (): number {
    return this.#bytes
  }

  get (name: string): Received | undefined {
    return this.#byName.get(name)
  }

  names (): string[] {
    return [...this.#byName.keys()]
  }

  /** How many are the publisher's. */
  countOf (publisher: string): number {
    return this.#byPublisher.get(publisher)?.length ?? 0
  }

  /** Takes the place of the one of that name, if there is one. */
  add (record: Received): void {
    this.remove(record.name)
    this.#byName.set(record.name, record)
    this.#buckets[bucketOf(record)].add(record)
    this.#bytes += record.bytes

    if (record.publisher !== '') {
      const others = this.#byPublisher.get(record.publisher)

      // most have published one, and an array that is made by pushing to it is nine times as large
      others == null ? this.#byPublisher.set(record.publisher, [record]) : others.push(record)
    }
  }

  remove (name: string): void {
    const record = this.#byName.get(name)

    if (record == null) {
      return
    }

    this.#byName.delete(name)
    this.#buckets[bucketOf(record)].remove(record)
    this.#bytes -= record.bytes
    const others = this.#byPublisher.get(record.publisher) ?? []
    const last = others.pop()

    if (last != null && last !== record) {
      others[others.indexOf(record)] = last
    }

    if (others.length === 0) {
      this.#byPublisher.delete(record.publisher)
    }
  }

  /** One that has expired, if any has. */
  expired (now: number): Received | undefined {
    return this.#buckets.find(({ first }) => first != null && first.expires <= now)?.first
  }

  /** The one of least use; see `compareUse`. */
  least (now: number): Received | undefined {
    return this.expired(now) ?? this.#buckets.find(({ first }) => first != null)?.first
  }

  /** The same among those of a publisher. Looks at each of them: there are no more than a publisher may have. */
  leastOf (publisher: string, now: number): Received | undefined {
    return this.#byPublisher.get(publisher)?.reduce((least, record) => compareUse(record, least, now) < 0 ? record : least)
  }

  /** What the publishers of more than so many have published. */
  crowds (than: number): Array<readonly Received[]> {
    return [...this.#byPublisher.values()].filter(({ length }) => length > than)
  }
}

/** How far from a node the key is: the first bits of the XOR distance. */
export function distanceOf (key: Uint8Array, self: Key): number {
  return (keyOf(key)[0] ^ self[0]) >>> (32 - DISTANCE_BITS)
}

/**
 * A total order; negative when `a` is of less use than `b`. What has expired is of none. Then what is in a bucket farther from
 * this node, for others are asked for it first: a flood of far values, or of short-lived ones, never takes the place of near ones.
 * Within a bucket, what ends sooner.
 */
export function compareUse (a: Received, b: Received, now: number): number {
  return Number(b.expires <= now) - Number(a.expires <= now) || bucketOf(a) - bucketOf(b) || compareInBucket(a, b)
}

function compareInBucket (a: Received, b: Received): number {
  return a.expires - b.expires || b.distance - a.distance || (a.name < b.name ? -1 : Number(a.name > b.name))
}

/** How many bits the key and this node's have in common, of those that are kept. */
function bucketOf ({ distance }: Received): number {
  return Math.clz32(distance) - (32 - DISTANCE_BITS)
}
