// Asking around. Each peer names the k nearest to a target that it knows, the dead among them, for it has not noticed yet:
// where many have died, those alive that come next in order are named by nobody. But they are known, to their neighbours, and
// named to whoever asks for the neighbours of another peer near by. Pure (law 2).

import { compareDistance, distance } from './key.ts'
import type { Key, PeerKey } from './key.ts'

export interface AroundRules {
  /** so many lost ones are nothing to ask around for: on the best of networks a reply comes late now and then */
  ignored: number
  /** each so many others of k have one more peer's neighbours asked for */
  lostPerCentre: number
  /** who is asked for the neighbours of each */
  askedPerCentre: number
  /** the most peers whose neighbours one lookup asks for */
  mostCentres: number
}

/** For the neighbours of how many peers to ask when so many of those within reach are lost. */
export function centresFor (lost: number, k: number, rules: AroundRules): number {
  return Math.min(rules.mostCentres, Math.max(0, Math.ceil((lost - rules.ignored) / (rules.lostPerCentre * k))))
}

/** Of `peers`, the one farthest from all that was asked for: there the most is unknown. Undefined when all were asked for. */
export function nextCentre<P extends PeerKey> (peers: readonly P[], askedFor: readonly Key[]): P | undefined {
  let centre: P | undefined
  let farthest: Key | undefined

  for (const peer of peers) {
    const nearest = askedFor.reduce((nearest, key) => compareDistance(key, nearest, peer.key) < 0 ? key : nearest)
    const away = distance(nearest, peer.key)

    if (nearest !== peer.key && (farthest == null || compareDistance(away, farthest, ZERO) > 0)) {
      centre = peer
      farthest = away
    }
  }

  return centre
}

const ZERO: Key = [0, 0, 0, 0, 0, 0, 0, 0]
