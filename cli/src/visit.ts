// A node that comes and goes: it joins as a client, something is done on it, and it leaves.

import { dialAny } from './join.ts'
import { addressWarning, dhtInit, seedsOf } from './network.ts'
import { createNode } from './node.ts'
import { note } from './output.ts'
import type { DataFolder } from './data-folder.ts'
import type { NetworkOptions } from './network.ts'
import type { KadNode } from './node.ts'

export interface Visit {
  /** whether others are to reach it: an announcement says where to fetch, so that it needs an address; nothing else does */
  isReachable: boolean
  /** who it is and what it remembers; somebody new with nothing if it is left out */
  data?: DataFolder
  /** joining may take so long, ms */
  timeout: number
  stop: AbortSignal
}

/** @throws {Error} when none of the peers to join through can be reached, or what `run` throws */
export async function visit <T> (options: NetworkOptions, { isReachable, data, timeout, stop }: Visit, run: (node: KadNode) => Promise<T>): Promise<T> {
  const warning = addressWarning(options)

  if (warning != null) {
    note(`warning: ${warning}`)
  }

  const node = await createNode({
    listen: isReachable ? ['/ip4/0.0.0.0/tcp/0'] : [],
    dht: dhtInit(options, 'client'),
    privateKey: data?.privateKey,
    datastore: data?.datastore
  })

  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeout)])

    try {
      await dialAny(node, seedsOf(options), signal)
    } catch (error) {
      stop.throwIfAborted()
      throw signal.aborted ? new Error(`None of the peers to join through answered within ${timeout / 1000} s`) : error
    }

    return await run(node)
  } finally {
    await node.stop()
  }
}
