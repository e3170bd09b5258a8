// Holders of one signed record and several writers of it, with messages that take as long as chance has it: what compare-and-swap is up against.
// The records are in envelopes that nobody has signed, for nothing here verifies them, and signing is slow.

import { RecordEnvelope } from '@libp2p/peer-record'
import { WriteError } from '../../src/query/write-result.ts'
import { BetterValueError } from '../../src/values/put.ts'
import { encodePayload } from '../../src/values/signed/payload.ts'
import { compareSigned } from '../../src/values/signed/selector.ts'
import { readSigned, SIGNED_PAYLOAD_TYPE } from '../../src/values/signed/signed-record.ts'
import { updateRecord } from '../../src/values/signed/update-record.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { contact } from './contacts.ts'
import { bytes } from './content.ts'
import { START } from './false-time.ts'
import { pick, randomBytes } from './random.ts'
import { keyFor } from './signed-records.ts'
import type { VirtualTime } from './virtual-time.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { WriteResult } from '../../src/query/write-result.ts'
import type { UpdateNeeds, Version } from '../../src/values/signed/update-record.ts'
import type { PrivateKey } from '@libp2p/interface'

export interface SwapWorldInit {
  time: VirtualTime
  random (): number
  owner: PrivateKey
  holders: number
  writers: number
  /** the writers' nodes are holders themselves, of the records of the others */
  mutual?: boolean
  /** how long a message takes from or to a writer, one way, ms */
  delay (writer: number): number
  /** how long a writer thinks about a change, ms */
  think? (): number
  retries?: number
}

/** What became of all updates, each of which adds its name. */
export interface SwapOutcome {
  acknowledged: string[]
  conflicts: number
  /** those that failed for another reason */
  errors: Error[]
  /** what the highest record of all holders has in the end */
  final: string[]
}

interface Node {
  contact: Contact
  held?: Uint8Array
}

export class SwapWorld {
  readonly #init: SwapWorldInit
  readonly #holders: Node[]
  readonly #writers: Node[]
  readonly #lastSeq: bigint[]

  constructor (init: SwapWorldInit) {
    this.#init = init
    this.#holders = Array.from({ length: init.holders }, (_, i) => ({ contact: contact(i + 1) }))
    this.#writers = Array.from({ length: init.writers }, (_, i) => ({ contact: contact(1_000 + i) }))
    this.#lastSeq = this.#writers.map(() => 0n)
  }

  /** Every writer makes so many updates, one after another. */
  async run (updates: number): Promise<SwapOutcome> {
    const outcome: SwapOutcome = { acknowledged: [], conflicts: 0, errors: [], final: [] }
    await this.#init.time.pass(Promise.all(this.#writers.map(async (_, writer) => {
      for (let i = 0; i < updates; i++) {
        await this.#update(writer, `${writer}.${i}`, outcome)
      }
    })))
    const best = highest([...this.#holders, ...this.#writers].map(({ held }) => held))
    outcome.final = best == null ? [] : namesIn(readSigned(best).record.value)

    return outcome
  }

  async #update (writer: number, name: string, outcome: SwapOutcome): Promise<void> {
    const { time, random, think = () => 0 } = this.#init

    try {
      await time.sleep(500 * random())
      await updateRecord(async value => {
        await time.sleep(think())

        return bytes([...new Set([...namesIn(value), name])].join(' '))
      }, this.#needsOf(writer))
      outcome.acknowledged.push(name)
    } catch (error: any) {
      if (error.name === 'RecordConflictError') {
        outcome.conflicts++
      } else {
        outcome.errors.push(error)
      }
    }
  }

  #needsOf (writer: number): UpdateNeeds {
    const { time, retries } = this.#init
    const own = this.#writers[writer]

    return {
      latest: async () => this.#latest(writer),
      sign: async (value, above) => this.#sign(writer, value, above),
      held: async peer => this.#ask(writer, this.#nodesFor(writer).find(({ contact }) => contact.id === peer.id)),
      heldHere: async () => own.held,
      write: async (value, before) => this.#write(writer, value, before),
      acknowledge: async ({ bytes, record }, result) => {
        own.held = highest([own.held, bytes])
        const { key, ...said } = record

        return { owner: toPeerId(own.contact), name: 'name', ...said, ...result }
      },
      sleep: async (ms, signal) => time.sleep(ms, signal),
      retries,
      signal: new AbortController().signal
    }
  }

  /** As `getValue` does it: who has another is given the best one, and nobody waits for that. */
  async #latest (writer: number): Promise<Version | undefined> {
    const nodes = this.#nodesFor(writer)
    const values = await Promise.all(nodes.map(async node => this.#ask(writer, node)))
    const best = highest([this.#writers[writer].held, ...values])

    if (best != null) {
      const behind = nodes.filter((_, i) => values[i] == null || compareSigned(values[i], best) < 0)
      behind.forEach(node => { this.#put(writer, node, best).catch(() => {}) })
    }

    return versionOf(best)
  }

  #nodesFor (writer: number): Node[] {
    return this.#init.mutual === true ? [...this.#holders, ...this.#writers.filter((_, i) => i !== writer)] : this.#holders
  }

  async #ask (writer: number, node: Node | undefined): Promise<Uint8Array | undefined> {
    const { time, delay } = this.#init
    await time.sleep(delay(writer))
    const held = node?.held
    await time.sleep(delay(writer))

    return held
  }

  async #put (writer: number, node: Node, value: Uint8Array): Promise<void> {
    const { time, delay } = this.#init
    await time.sleep(delay(writer))
    const held = node.held = highest([node.held, value]) ?? value
    await time.sleep(delay(writer))

    if (compareSigned(held, value) !== 0) {
      throw new BetterValueError(held)
    }
  }

  /** As `storeNearest` does it: each peer when it turns out to be one of the nearest. */
  async #write (writer: number, value: Uint8Array, before: (peer: Contact) => Promise<void>): Promise<WriteResult> {
    const { time, delay } = this.#init
    const result: WriteResult = { stored: [], failed: [], messages: 0, hops: 0 }

    await Promise.all(this.#nodesFor(writer).map(async node => {
      await time.sleep(delay(writer))

      try {
        await before(node.contact)
        await this.#put(writer, node, value)
        result.stored.push(toPeerId(node.contact))
      } catch (error: any) {
        result.failed.push({ peer: toPeerId(node.contact), error })
      }
    }))

    if (result.stored.length === 0) {
      throw new WriteError('None took it', result)
    }

    return result
  }

  async #sign (writer: number, value: Uint8Array, above = 0n): Promise<Version> {
    const { random, owner } = this.#init
    const last = this.#lastSeq[writer]
    const seq = this.#lastSeq[writer] = (last > above ? last : above) + 1n
    // the same for all: of two with the same number, the bytes decide
    const expires = START + 1_000_000 + pick(random, 3)
    const envelope = new RecordEnvelope({
      publicKey: owner.publicKey,
      payloadType: SIGNED_PAYLOAD_TYPE,
      payload: encodePayload({ key: keyFor(owner), seq, expires, ttl: 60, value, rule: 'SIGNATURE' }),
      signature: randomBytes(random, 64)
    })

    return versionOf(envelope.marshal())
  }
}

function versionOf (bytes: Uint8Array): Version
function versionOf (bytes: Uint8Array | undefined): Version | undefined
function versionOf (bytes: Uint8Array | undefined): Version | undefined {
  return bytes == null ? undefined : { bytes, record: readSigned(bytes).record }
}

function highest (values: Array<Uint8Array | undefined>): Uint8Array | undefined {
  return values.reduce((best, value) => value != null && (best == null || compareSigned(value, best) > 0) ? value : best, undefined)
}

function namesIn (value: Uint8Array | undefined): string[] {
  return new TextDecoder().decode(value).split(' ').filter(name => name !== '')
}
