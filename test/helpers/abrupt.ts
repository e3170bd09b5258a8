// Ends that nobody is told of.

import { MemoryDatastore } from 'datastore-core'
import type { TestNode } from './network.ts'
import type { Datastore } from 'interface-datastore'

/** Gone from one moment to the next: no goodbye to anyone. */
export async function kill (node: TestNode): Promise<void> {
  for (const connection of node.getConnections()) {
    connection.abort(new Error('killed'))
  }

  await node.stop()
}

/** What would be on the disk if the power failed now. */
export async function copyOf (datastore: Datastore): Promise<Datastore> {
  const copy = new MemoryDatastore()

  for await (const { key, value } of datastore.query({})) {
    copy.put(key, value.slice())
  }

  return copy
}
