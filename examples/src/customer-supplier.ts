// A versioned list of relations: who supplies a customer. Two devices of the customer change it at the same time, and neither change is lost.

import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { recordType } from 'libp2p-kad'
import * as z from 'zod'
import { createNetwork } from './network.ts'
import { print } from './output.ts'
import type { Node } from './network.ts'

const schema = z.object({
  /** counts the changes, for people; the network goes by the record's own sequence number */
  revision: z.int().nonnegative(),
  suppliers: z.array(z.object({
    name: z.string().min(1),
    /** which part of the customer's data it keeps */
    share: z.enum(['data', 'parity'])
  })).max(64)
})

type Supplier = z.infer<typeof schema>['suppliers'][number]

const relations = recordType({ type: 'suppliers', schema })

await using network = await createNetwork(6)
const [laptop, phone, supplier] = network.nodes

// The customer is neither of the devices: a key of its own, which both have.
const privateKey = await generateKeyPair('Ed25519')
const customer = peerIdFromPrivateKey(privateKey)

/** Compare-and-swap: when the other device was faster, the change is made again, to what that one has written. */
async function add (device: Node, added: Supplier): Promise<void> {
  await relations.update(device.services.dht.records, ({ revision, suppliers } = { revision: 0, suppliers: [] }) => {
    if (suppliers.some(({ name }) => name === added.name)) {
      return undefined
    }

    return { revision: revision + 1, suppliers: [...suppliers, added] }
  }, { privateKey })
}

await add(laptop, { name: 'oak', share: 'data' })

print('laptop adds elm, and phone adds fir, at the same time')
await Promise.all([
  add(laptop, { name: 'elm', share: 'data' }),
  add(phone, { name: 'fir', share: 'parity' })
])

const { value, seq } = await relations.resolve(supplier.services.dht.records, customer, { useCache: false })
print(`a supplier reads revision ${value.revision}, sequence number ${seq}: ${value.suppliers.map(({ name }) => name).sort().join(', ')}`)

await add(phone, { name: 'oak', share: 'data' })
print('phone adds oak, which is there already: nothing is written')

try {
  await relations.update(phone.services.dht.records, list => list == null ? undefined : { ...list, suppliers: [{ name: 'ash', share: 'everything' as 'data' }] }, { privateKey })
} catch (error: any) {
  print(`refused: ${error.name}: ${error.message}`)
}

// What is removed leaves a tombstone, which wins over copies of the list that somebody may still have.
const { stored } = await relations.remove(laptop.services.dht.records, { privateKey })
print(`removed: ${stored.length} nodes hold its tombstone`)

try {
  await relations.resolve(supplier.services.dht.records, customer, { useCache: false })
} catch (error: any) {
  print(`a supplier finds nothing any more: ${error.name}`)
}
