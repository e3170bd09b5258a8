// A lookup driven by hand: the test says who answers what and when, and sees who is asked. No network, no clock.

import { CONFIG } from '../../src/network/config.ts'
import { Random } from '../../src/network/random.ts'
import { TARGET, farAway } from './nodes.ts'
import type { SimNode } from '../../src/network/node.ts'
import type { Policy, Rules } from '../../src/policies/policy.ts'

export interface DrivenInit {
  seeds: SimNode[]
  self?: SimNode
  /** what its chances follow from */
  seed?: string
}

export class Driven {
  readonly policy: Policy
  /** who was asked, in order, once for each time */
  readonly asked: SimNode[] = []
  /** for whose neighbours others than the target's were asked */
  readonly about: SimNode[] = []
  /** who is still being dialled */
  readonly dialling = new Set<SimNode>()
  now = 1_000_000
  done = false
  /** until when it would wait */
  until = Infinity

  constructor (rules: Rules, { seeds, self = farAway(), seed = '1' }: DrivenInit) {
    this.policy = rules.start({
      target: TARGET,
      self,
      k: CONFIG.k,
      random: new Random(seed),
      isPartial: false,
      isDialling: peer => this.dialling.has(peer),
      isWarm: () => true
    }, seeds)
  }

  /** Whom it asks now, until it waits or is done. */
  step (): SimNode[] {
    const asked: SimNode[] = []

    for (let i = 0; i < 10_000; i++) {
      const step = this.policy.next(this.now)

      if ('ask' in step) {
        asked.push(step.ask)

        if (step.about != null) {
          this.about.push(step.about)
        }
      } else {
        this.done = 'done' in step
        this.until = 'wait' in step ? step.wait : Infinity
        this.asked.push(...asked)

        return asked
      }
    }

    throw new Error('It asks without end')
  }

  /** The peer answers; returns whom it asks next. */
  reply (peer: SimNode, closer: SimNode[] = []): SimNode[] {
    this.policy.onReply(peer, closer)

    return this.step()
  }

  /** All of them answer, each naming the same; returns whom it asks meanwhile. */
  replies (peers: SimNode[], closer: SimNode[] = []): SimNode[] {
    return peers.flatMap(peer => this.reply(peer, closer))
  }

  fail (peer: SimNode): SimNode[] {
    this.policy.onFailure(peer)

    return this.step()
  }

  after (ms: number): SimNode[] {
    this.now += ms

    return this.step()
  }

  /** All who are asked answer and name nobody, until it is done. */
  finish (peers: SimNode[]): void {
    const open = peers.slice()

    for (let peer = open.shift(); peer != null; peer = open.shift()) {
      open.push(...this.reply(peer))
    }
  }
}
