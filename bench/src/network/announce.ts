// One node announces many CIDs, and it is seen who holds them in the end.

import { Key } from 'interface-datastore/key'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { decode } from 'multiformats/hashes/digest'
import { cpuTime, TRAILING, untilQuiet } from '../cpu.ts'
import { ANNOUNCE_ALL_LIMIT, ANNOUNCE_ONE_LIMIT } from './limits.ts'
import type { AnnounceRequest, Announced } from './protocol.ts'
import type { Node } from '../node.ts'
import type { DHT } from '../subjects/subject.ts'

const RAW = 0x55

type Told = Pick<Announced, 'failures' | 'lookups' | 'messages'>

export async function announce (request: AnnounceRequest, nodes: Node[]): Promise<Announced> {
  const { node, multihashes, samples, sweep } = request
  const { dht, libp2p } = nodes[node]
  const cids = multihashes.map(multihash => CID.createV1(RAW, decode(multihash)))
  await untilQuiet(TRAILING)
  const cpuBefore = cpuTime()
  const begun = performance.now()
  const told = await (sweep ? announceAll(dht, cids) : announceEach(dht, cids, request))
  const seconds = (performance.now() - begun) / 1000
  await untilQuiet(TRAILING)
  const cpuMs = cpuTime() - cpuBefore

  return { ...told, seconds, cpuMs, holders: await Promise.all(samples.map(async i => holders(multihashes[i], libp2p.peerId.toString(), nodes))) }
}

async function announceAll (dht: DHT, cids: CID[]): Promise<Told> {
  if (dht.sweep == null) {
    throw new Error('It has no sweep')
  }

  const { failed, lookups, messages } = await dht.sweep(cids, { signal: AbortSignal.timeout(ANNOUNCE_ALL_LIMIT) })

  return { failures: failed > 0 ? { 'The sweep says that it failed': failed } : {}, lookups, messages }
}

async function announceEach (dht: DHT, cids: CID[], { atOnce, countMessages }: AnnounceRequest): Promise<Told> {
  const failures: Record<string, number> = {}
  let messages = 0
  const onProgress = ({ type }: Event): void => {
    messages += type === 'kad-dht:query:send-query' ? 1 : 0
  }
  const left = cids.values()

  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const cid of left) {
      try {
        await dht.provide(cid, { signal: AbortSignal.timeout(ANNOUNCE_ONE_LIMIT), ...(countMessages ? { onProgress } : {}) })
      } catch (error: any) {
        const reason = `${error.name}: ${error.message}`
        failures[reason] = (failures[reason] ?? 0) + 1
      }
    }
  }))

  return { failures, lookups: cids.length, ...(countMessages ? { messages } : {}) }
}

/** Ours and @libp2p/kad-dht keep records in the same place. */
async function holders (multihash: Uint8Array, provider: string, nodes: Node[]): Promise<number[]> {
  const key = new Key(`/dht/provider/${base32.baseEncode(multihash)}/${provider}`, false)
  const held = await Promise.all(nodes.map(async ({ libp2p, datastore }) => libp2p.peerId.toString() !== provider && datastore.has(key)))

  return held.flatMap((holds, node) => holds ? [node] : [])
}
