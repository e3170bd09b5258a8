// Fills a datastore as an older version of ours, or @libp2p/kad-dht, has left it: a record a key of the datastore, and no index. To send a
// million announcements takes longer.

import { Key } from 'interface-datastore/key'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { encodeField, encodeVarint } from './wire.ts'
import type { Records } from './records.ts'
import type { Datastore } from 'interface-datastore'

const PREFIX = '/dht/provider'

const BATCH = 5_000

/** Field 1 of what is stored behind the time. */
const ADDRESS = 1

export async function fill (datastore: Datastore, records: Records, announcedAt: number): Promise<void> {
  let batch = datastore.batch()
  let size = 0

  for (let i = 0; i < records.keys; i++) {
    const name = base32.baseEncode(records.key(i))

    for (const { multihash, addrs } of records.providers(i)) {
      const value = Uint8Array.from([...encodeVarint(announcedAt), ...addrs.flatMap(addr => encodeField(ADDRESS, addr))])
      batch.put(new Key(`${PREFIX}/${name}/${base58btc.baseEncode(multihash)}`, false), value)
      size++
    }

    if (size >= BATCH) {
      await batch.commit()
      batch = datastore.batch()
      size = 0
    }
  }

  await batch.commit()
}

/** Whether the key of the datastore is that of a record. */
export function isRecord (key: Key): boolean {
  return key.toString().startsWith(`${PREFIX}/`)
}
