// What each node holds itself, and giving something to one alone: by bare requests of another node, past the lookups of a DHT.

import assert from 'node:assert/strict'
import { decodeReplies, message, MessageType, putValue } from './messages.ts'
import { idOf } from './nodes.ts'
import { until } from './until.ts'
import type { GoNode } from './go-node.ts'
import type { AnyNode, Nodes } from './nodes.ts'
import type { Record } from '../../../src/wire/dht.ts'

const TIMEOUT = 5_000

/** Gives the value to this node alone. Returns whether it took it: one that does not resets the stream. */
export async function plant (nodes: Nodes, node: AnyNode, key: Uint8Array, value: Uint8Array): Promise<boolean> {
  const { end } = await asker(nodes, node).raw(idOf(node), putValue(key, value), { frames: 1, timeoutMs: TIMEOUT })

  if (end !== 'frames' && end !== 'reset') {
    throw new Error(`${idOf(node)} neither took the value nor refused it: ${end}`)
  }

  return end === 'frames'
}

/** The record that this node gives out; undefined for none. */
export async function heldBy (nodes: Nodes, node: AnyNode, key: Uint8Array): Promise<Record | undefined> {
  const { data } = await asker(nodes, node).raw(idOf(node), message({ type: MessageType.GET_VALUE, key }), { frames: 1, timeoutMs: TIMEOUT })
  const [reply] = decodeReplies(data)

  if (reply == null) {
    throw new Error(`${idOf(node)} has not answered`)
  }

  return reply.record
}

/** The value that each of these nodes holds, in hexadecimal; undefined for none. */
export async function holdings (nodes: Nodes, key: Uint8Array, of: AnyNode[] = nodes.all): Promise<Array<string | undefined>> {
  return Promise.all(of.map(async node => {
    const record = await heldBy(nodes, node, key)

    return record == null ? undefined : hex(record.value)
  }))
}

export async function assertAllHold (nodes: Nodes, key: Uint8Array, value: Uint8Array): Promise<void> {
  assert.deepEqual(await holdings(nodes, key), nodes.all.map(() => hex(value)))
}

export async function assertNoneHolds (nodes: Nodes, key: Uint8Array, of: AnyNode[] = nodes.all): Promise<void> {
  assert.deepEqual(await holdings(nodes, key, of), of.map(() => undefined))
}

/** For what happens in the background. */
export async function untilHeld (nodes: Nodes, key: Uint8Array, value: Uint8Array, by: AnyNode[]): Promise<void> {
  await until(`${by.length} nodes hold the value`, async () => (await holdings(nodes, key, by)).every(held => held === hex(value)))
}

/** Each node is given it by itself. */
export async function assertRefusedByAll (nodes: Nodes, key: Uint8Array, value: Uint8Array): Promise<void> {
  const taken = await Promise.all(nodes.all.map(async node => plant(nodes, node, key, value)))

  assert.deepEqual(taken, nodes.all.map(() => false))
}

/** All hold it, and say when they got it, in the one shape that Go reads. */
export async function assertTimed (nodes: Nodes, key: Uint8Array, earliest: number): Promise<void> {
  for (const node of nodes.all) {
    const { timeReceived = '' } = await heldBy(nodes, node, key) ?? {}
    // Go leaves out zeros at the end
    assert.match(timeReceived, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/)
    const time = Date.parse(timeReceived.replace(/(\.\d{3})\d+/, '$1'))
    assert.ok(time >= earliest && time <= Date.now(), `${timeReceived} is not when ${idOf(node)} got it`)
  }
}

/** One that is not itself asked. */
function asker ({ go }: Nodes, node: AnyNode): GoNode {
  const found = go.find(other => other !== node)

  if (found == null) {
    throw new Error('There has to be another Go node, which asks')
  }

  return found
}

export function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
