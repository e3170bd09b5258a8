// What hostile nodes answer.

import { CONFIG } from './config.ts'
import { settle } from './geography.ts'
import { nearestNodes } from './nearest-nodes.ts'
import { SimNode } from './node.ts'
import type { Behaviour } from './node.ts'
import type { Random } from './random.ts'

/** An invented peer shares so many more bits with the target than the nearest node of the network can be expected to. */
const NEARER = [2, 16] as const

/** They name only each other: those of them that are nearest to the target. */
export function collude (hostile: SimNode[]): Behaviour {
  return (node, from, target) => nearestNodes(hostile, target, CONFIG.k + 1).filter(other => other !== node).slice(0, CONFIG.k)
}

/**
 * They name peers that do not exist, nearer to the target than anyone who does; those who dial them wait. Each says the same to
 * whoever asks. `size`: of the network
 */
export function invent (size: number, random: Random): Behaviour {
  const shared = Math.ceil(Math.log2(size))

  return (node, from, target) => {
    const label = `${node.id} ${target[0]}`
    const lies = random.fork(label)

    return Array.from({ length: CONFIG.k }, (_, i) => {
      const key = lies.keyInBucket(target, shared + NEARER[0] + lies.int(NEARER[1] - NEARER[0]))
      const peer = new SimNode(`invented ${label} ${i}`, key, settle(lies))
      peer.health = 'vanished'

      return peer
    })
  }
}

/** They take requests and answer nothing. */
export function drop (): Behaviour {
  return () => undefined
}
