// What one node holds, and giving it something, past the lookups that a DHT does: by bare requests of another node.

import { decodeReplies, message, MessageType, putValue } from './messages.ts'
import { idOf } from './nodes.ts'
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

function asker ({ go }: Nodes, node: AnyNode): Nodes['go'][number] {
  const found = go.find(other => other !== node)

  if (found == null) {
    throw new Error('There has to be another Go node, which asks')
  }

  return found
}
