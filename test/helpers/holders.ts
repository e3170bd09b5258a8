// Who holds what a provider has announced, among real nodes.

import { untilTrue } from './network.ts'
import type { TestNode } from './network.ts'
import type { CID } from 'multiformats/cid'

/** Those that hold the record of this provider, itself not among them. */
export async function holdersOf (nodes: TestNode[], cid: CID, provider: TestNode): Promise<TestNode[]> {
  const holders: TestNode[] = []

  for (const node of nodes) {
    const found = await node.services.dht.findProviders(cid, { useNetwork: false })

    if (node !== provider && found.some(({ id }) => id.equals(provider.peerId))) {
      holders.push(node)
    }
  }

  return holders
}

/** Resolves once all of these hold the record. */
export async function untilHeld (nodes: TestNode[], cid: CID, provider: TestNode): Promise<void> {
  await untilTrue(async () => (await holdersOf(nodes, cid, provider)).length === nodes.length)
}
