// Who does what with which key. It follows from the seed alone, so that all subjects do the same.

import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { digest } from '../digest.ts'
import type { OperationName } from './operation-names.ts'
import type { TrueNearest } from './true-nearest.ts'
import type { PeerId } from '@libp2p/interface'

const RAW = 0x55
const SHA2_256 = 0x12

/** One operation. */
export interface Task {
  /** who does it */
  node: number
  /** whom `findPeer` looks for */
  peer: PeerId
  /** what `closestPeers` looks for */
  key: Uint8Array
  cid: CID
  /** who provides `cid` */
  holder: PeerId
  recordKey: Uint8Array
  value: Uint8Array
}

export class Workload {
  readonly #seed: string
  readonly #peers: PeerId[]
  readonly #truth: TrueNearest

  constructor (seed: string, peers: PeerId[], truth: TrueNearest) {
    this.#seed = seed
    this.#peers = peers
    this.#truth = truth
  }

  /** A batch. What is stored in a round is looked for in the same round. */
  tasks (op: OperationName, round: number, count: number): Task[] {
    return Array.from({ length: count }, (_, i) => this.#task(op, round, i, count))
  }

  #task (op: OperationName, round: number, i: number, count: number): Task {
    const label = `${this.#seed} ${round} ${i}`
    const active = this.#active(round, count)
    const writer = active[i % active.length]
    const cid = CID.createV1(RAW, create(SHA2_256, digest(`${label} content`)))
    const recordKey = Buffer.from(`/test/${digest(`${label} key`).toString('hex')}`)

    return {
      node: this.#node(op, writer, active, cid.multihash.bytes, recordKey),
      peer: this.#peers[(writer + 1 + digest(label)[0] % (this.#peers.length - 1)) % this.#peers.length],
      key: digest(`${label} ${op}`),
      cid,
      holder: this.#peers[writer],
      recordKey,
      value: Buffer.from(`ok:${label}`.padEnd(100, '.'))
    }
  }

  /** The nodes that act in a round, others from one round to the next. */
  #active (round: number, count: number): number[] {
    return Array.from({ length: Math.min(count, this.#peers.length) }, (_, i) => (round * count + i) % this.#peers.length)
  }

  #node (op: OperationName, writer: number, active: number[], content: Uint8Array, recordKey: Uint8Array): number {
    switch (op) {
      case 'findProvidersFirst': return this.#reader(writer, active, content, 0)
      case 'findProvidersAll': return this.#reader(writer, active, content, 1)
      case 'get': return this.#reader(writer, active, recordKey, 0)
      default: return writer
    }
  }

  /**
   * A node that does not hold it itself, so that it has to ask; another with another `nth`. One of those that act in the
   * round, if there is one. Where all nodes hold it, some other than the writer.
   */
  #reader (writer: number, active: number[], key: Uint8Array, nth: number): number {
    const holders = new Set(this.#truth.nodes(key, writer))
    const at = active.indexOf(writer)
    const others = [...new Set([...active.slice(at + 1), ...active.slice(0, at), ...this.#peers.keys()])].filter(node => node !== writer)
    const readers = others.filter(node => !holders.has(node))

    return (readers.length > nth ? readers : others)[nth]
  }
}

/** What the `i`-th node looks for when the network has formed. */
export function lookAroundKey (seed: string, i: number): Uint8Array {
  return digest(`${seed} warm-up ${i}`)
}
