// A user's address: where to deliver messages for them, now. It is replaced whenever the user moves, and however often somebody stores an
// old one again, senders find the latest.

import { recordType } from 'libp2p-kad'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import * as z from 'zod'
import { createNetwork } from './network.ts'
import { print } from './output.ts'
import type { Node } from './network.ts'

const inboxes = recordType({
  type: 'inbox',
  schema: z.object({
    /** of the node that keeps messages until they are fetched */
    server: z.string().startsWith('/', 'expected a multiaddr, such as /ip4/192.0.2.1/tcp/4001'),
    /** of one message, bytes */
    maxSize: z.int().positive()
  })
})

await using network = await createNetwork(6)
const [ada, bob, mallory] = network.nodes
const records = ada.services.dht.records

async function moveTo (server: string): Promise<void> {
  // senders ask again after a minute; nobody keeps it longer than a day
  const { seq } = await inboxes.publish(records, { server, maxSize: 65_536 }, { ttl: 60, expires: Date.now() + 24 * 60 * 60 * 1000 })
  print(`ada is at ${server} (version ${seq})`)
}

async function whereIsAda (node: Node): Promise<string> {
  const { value, seq } = await inboxes.resolve(node.services.dht.records, ada.peerId, { useCache: false })

  return `${value.server} (version ${seq})`
}

await moveTo('/dns4/home.example/tcp/4001')
print(`bob delivers to ${await whereIsAda(bob)}`)

// Mallory keeps a copy: the record as it travels, under its key, with Ada's signature in it.
const key = concat([fromString('/sig/'), ada.peerId.toMultihash().bytes, fromString('/inbox')])
const stale = await mallory.services.dht.get(key)

await moveTo('/dns4/office.example/tcp/4001')
print(`bob delivers to ${await whereIsAda(bob)}`)

// A valid signature is not enough: holders keep the higher sequence number, whatever comes in.
try {
  await mallory.services.dht.put(key, stale)
  print('mallory has stored the stale record')
} catch (error: any) {
  print(`mallory stores the stale record again and is refused: ${error.name}: ${error.message}`)
}

print(`bob delivers to ${await whereIsAda(bob)}`)

// Nor can Mallory write one: a record is found under its owner's id, and hers is another one.
await inboxes.publish(mallory.services.dht.records, { server: '/dns4/mallory.example/tcp/4001', maxSize: 1 })
print(`bob delivers to ${await whereIsAda(bob)}`)
