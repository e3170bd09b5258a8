// What a row of lookups has told of the peers of a part of the key space: which keys need no lookup of their own, for their k nearest are known
// already. That is how many keys are announced with few lookups. Pure (law 2).
//
// A lookup for a key finds the k nearest, so it knows everyone within the distance of the last of them: a ball, which is a few intervals of the key
// space. The nearest of another key are known when the ball that they fill lies within those of the lookups that were made. Nothing is assumed of how peers
// are spread: where they crowd together, or are few, more keys need lookups of their own.

import { MOST_SPREAD } from './certainty.ts'
import { Intervals } from './intervals.ts'
import { offerNearest } from './nearest.ts'
import { ballAround, positionDistance, positionOf, POSITIONS, xorPositions } from './position.ts'
import type { Key, PeerKey } from './key.ts'

/** So small a part of k may be missing from what a lookup finds, and are taken to be gone. */
const MISSED = 4

export class KnownSpace<P extends PeerKey> {
  readonly #k: number
  readonly #peers = new Map<string, P>()
  readonly #known = new Intervals()
  /** for whose neighbours lookups were made */
  readonly #centres = new Set<string>()

  constructor (k: number) {
    this.#k = k
  }

  /** How many peers are known. */
  get size (): number {
    return this.#peers.size
  }

  /**
   * A lookup for `target` has found these, nearest first: everyone who is nearer than the last of the k nearest is among them, or was avoided. When they are fewer than
   * k there are no others anywhere; unless others are known already, and it just was a bad lookup.
   */
  onLookup (target: Key, closest: readonly P[], avoided: (peer: P) => boolean = nobody): void {
    const radius = closest.length < this.#k ? 0 : this.#radius(target, closest, avoided)
    closest.forEach(peer => { this.#peers.set(peer.id, peer) })

    if (this.#peers.size < this.#k) {
      this.#known.add(0, POSITIONS)
    } else {
      this.#known.addAll(ballAround(target, radius))
    }
  }

  /** Within what distance a lookup has told of everyone: that of the last of the k nearest, unless that one has the place of others who were not found. */
  #radius (target: Key, closest: readonly P[], avoided: (peer: P) => boolean): number {
    const distanceOf = (peer: P): number => positionDistance(peer.key, target)
    const farthest = Math.min(distanceOf(closest[this.#k - 1]), MOST_SPREAD * distanceOf(closest[this.#k >> 1]))
    const found = new Set(closest.map(({ id }) => id))
    const missed = [...this.#peers.values()].filter(peer => distanceOf(peer) < farthest && !found.has(peer.id) && !avoided(peer)).map(distanceOf)

    // a few may have gone since
    return missed.sort((a, b) => a - b)[Math.floor(this.#k / MISSED)] ?? farthest
  }

  /** It does not answer any more, and is nobody's neighbour. */
  remove ({ id }: PeerKey): void {
    this.#peers.delete(id)
  }

  /** The k nearest peers of the key, nearest first; undefined when nearer ones may be there that no lookup has told of. */
  nearest (key: Key): P[] | undefined {
    const nearest = this.nearestKnown(key)

    if (nearest.length < this.#k) {
      return nearest.length > 0 && this.#known.has(0, POSITIONS) ? nearest : undefined
    }

    const distance = positionDistance(nearest[this.#k - 1].key, key)

    // that near, positions do not tell peers apart
    return distance > 0 && this.#gap(key, distance) == null ? nearest : undefined
  }

  /** Of the peers that are known, the k nearest to the key, nearest first; there may be nearer ones. */
  nearestKnown (key: Key): P[] {
    const nearest: P[] = []

    for (const peer of this.#peers.values()) {
      offerNearest(nearest, peer, key, this.#k)
    }

    return nearest
  }

  /**
   * Whose neighbours to look for so that the nearest of the key are known, and those of the keys beside it too; undefined when a lookup for the key itself
   * is better. That one tells exactly whom it has to, and leaves a gap right behind the last of them in which the nearest of the next key may be; whoever is beside
   * the gap knows.
   */
  centre (key: Key): P | undefined {
    const position = positionOf(key)
    const nearest = this.nearestKnown(key)

    if (nearest.length < this.#k || !this.#known.has(position, position + 1)) {
      return
    }

    const gap = this.#gap(key, positionDistance(nearest[this.#k - 1].key, key))

    return gap == null ? undefined : this.#nearestTo(gap, ({ id }) => !this.#centres.has(id))
  }

  /** Whether everyone within that distance of the key is known. */
  covers (key: Key, distance: number): boolean {
    return this.#gap(key, distance) == null
  }

  /** A lookup for the place of `centre` has found these; nobody when it failed. It is no centre again. */
  onCentre (centre: P, closest: readonly P[]): void {
    this.#centres.add(centre.id)

    if (closest.length > 0) {
      this.onLookup(centre.key, closest)
    }
  }

  /** A position within that distance of the key of which nobody has told who is there; undefined when everyone there is known. */
  #gap (key: Key, distance: number): number | undefined {
    return ballAround(key, distance).map(([from, to]) => this.#known.gap(from, to)).find(gap => gap != null)
  }

  /** The peer nearest to that position that `accept` takes. */
  #nearestTo (position: number, accept: (peer: P) => boolean): P | undefined {
    let nearest: P | undefined
    let least = Infinity

    for (const peer of this.#peers.values()) {
      const distance = xorPositions(positionOf(peer.key), position)

      if (distance < least && accept(peer)) {
        nearest = peer
        least = distance
      }
    }

    return nearest
  }
}

function nobody (): boolean {
  return false
}
