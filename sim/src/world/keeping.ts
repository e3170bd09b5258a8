// Records that nodes keep for others while these come and go, by the library's own rules of replication or by those rules without
// one of them. Holders' timers, lookups and puts are simulated; what a lookup takes and finds is not (`LOOKUP`, `Vicinity`).

import { JITTER, REPLICATION } from '../../../src/kademlia/parameters.ts'
import { dueAt, isAmongNearest, isDue, jitteredInterval, replicationTargets, shouldHandOver, ttlLeft } from '../../../src/kademlia/replication.ts'
import { CONFIG } from '../network/config.ts'
import { LOOKUP, VALUE } from '../network/model.ts'
import type { Vicinity } from './vicinity.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { HeldSince } from '../../../src/kademlia/replication.ts'
import type { Clock } from '../network/clock.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

const SECOND = 1000

/** What holders do; publishers put their records again in any case. */
export interface KeepingRules {
  name: string
  replicates: boolean
  /** whoever has just got a record leaves its replication to the one it got it from */
  skips: boolean
  handsOver: boolean
}

export interface PublishedRecord {
  key: Key
  publisher: SimNode
}

/** A copy of a record. */
interface Copy extends HeldSince {
  endsAt: number
  /** of this round, ms */
  interval: number
}

export interface KeepingNeeds {
  clock: Clock
  vicinity: Vicinity
  random: Random
}

export class Keeping {
  readonly rules: KeepingRules
  /** requests so far: of lookups, and puts */
  readonly sent = { lookups: 0, puts: 0 }
  readonly #needs: KeepingNeeds
  readonly #records: PublishedRecord[]
  readonly #copies: Array<Map<SimNode, Copy>>
  /** when each record ends, as far as its publisher has said */
  readonly #ends: number[] = []

  /** All records are put now. Their indices are those of their keys in the vicinity. */
  constructor (rules: KeepingRules, records: PublishedRecord[], needs: KeepingNeeds) {
    this.rules = rules
    this.#needs = needs
    this.#records = records
    this.#copies = records.map(() => new Map())
    records.forEach((_, i) => { this.#publish(i) })
  }

  /** Whether the `i`-th record is to be there: its publisher has put it, and its life is not over. */
  isAlive (i: number): boolean {
    return this.#needs.clock.now < this.#ends[i]
  }

  /** Whether a node that is there has the `i`-th record; its publisher always does. */
  holds (node: SimNode, i: number): boolean {
    return node === this.#records[i].publisher || this.#needs.clock.now < (this.#copies[i].get(node)?.endsAt ?? 0)
  }

  /** Tells those who hold the `i`-th record that they have got to know one more node. */
  onNewcomer (newcomer: SimNode, i: number): void {
    if (!this.rules.handsOver) {
      return
    }

    const { vicinity } = this.#needs
    const { key } = this.#records[i]
    const nearest = vicinity.known(i).slice(0, CONFIG.k + 1)

    for (const [holder, { endsAt }] of this.#copies[i]) {
      if (holder !== newcomer && vicinity.isUp(holder) && shouldHandOver(key, newcomer, holder, nearest, CONFIG.k)) {
        this.#put(i, newcomer, endsAt)
      }
    }
  }

  #publish (i: number): void {
    const { clock, vicinity, random } = this.#needs
    const { publisher } = this.#records[i]

    if (vicinity.isUp(publisher)) {
      this.#putToNearest(i, publisher, clock.now + VALUE.life, always)
      clock.after(VALUE.republish * (1 + JITTER * random.between(-1, 1)), () => { this.#publish(i) })
    }
  }

  /** `stillWanted`: asked when the lookup is over */
  #putToNearest (i: number, from: SimNode, endsAt: number, stillWanted: () => boolean): void {
    const { clock, vicinity, random } = this.#needs
    this.sent.lookups += LOOKUP.messages

    clock.after(LOOKUP.time, () => {
      if (vicinity.isUp(from) && stillWanted()) {
        replicationTargets(this.#records[i].key, from, vicinity.lookUp(i, random), CONFIG.k).forEach(node => { this.#put(i, node, endsAt) })
      }
    })
  }

  #put (i: number, to: SimNode, endsAt: number): void {
    const { clock, vicinity } = this.#needs
    const life = SECOND * ttlLeft(endsAt, clock.now)
    this.sent.puts++

    if (life === 0 || !vicinity.isUp(to)) {
      return
    }

    const held = this.#copies[i].get(to)
    this.#ends[i] = Math.max(this.#ends[i] ?? 0, clock.now + life)

    if (held == null) {
      const copy = { receivedAt: clock.now, replicatedAt: 0, endsAt: clock.now + life, interval: this.#interval() }
      this.#copies[i].set(to, copy)
      this.#wait(i, to, copy)
    } else {
      held.endsAt = Math.max(held.endsAt, clock.now + life)

      if (this.rules.skips) {
        held.receivedAt = clock.now
        held.interval = this.#interval()
      }
    }
  }

  /** One timer a copy, until its holder is gone or its life is over. */
  #wait (i: number, holder: SimNode, copy: Copy): void {
    const { clock, vicinity } = this.#needs

    if (!this.rules.replicates) {
      return
    }

    clock.after(dueAt(copy, copy.interval) - clock.now, () => {
      if (!vicinity.isUp(holder) || ttlLeft(copy.endsAt, clock.now) === 0) {
        this.#copies[i].delete(holder)
        return
      }

      if (isDue(copy, clock.now, copy.interval)) {
        this.#replicate(i, holder, copy)
      }

      this.#wait(i, holder, copy)
    })
  }

  #replicate (i: number, holder: SimNode, copy: Copy): void {
    const { clock, vicinity } = this.#needs

    if (isAmongNearest(this.#records[i].key, holder, vicinity.known(i), CONFIG.k)) {
      const begun = clock.now
      this.#putToNearest(i, holder, copy.endsAt, () => copy.receivedAt < begun)
    }

    copy.replicatedAt = clock.now
    copy.interval = this.#interval()
  }

  /** ms */
  #interval (): number {
    return jitteredInterval(REPLICATION.interval, this.#needs.random.float())
  }
}

function always (): boolean {
  return true
}
