// A few hundred CIDs, announced at once: keys that live together are announced together, so that it takes a lookup or two and not one for each. They are written down, and
// announced again every 22 hours for as long as the node runs.

import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { fromString } from 'uint8arrays/from-string'
import { createNetwork } from './network.ts'
import { print } from './output.ts'

const PHOTOS = 300

await using network = await createNetwork(8)
const [ada, bob, carol, dave] = network.nodes
const names = new Map([[ada.peerId.toString(), 'ada'], [bob.peerId.toString(), 'bob'], [carol.peerId.toString(), 'carol']])
const { providing } = ada.services.dht

/** Any iterable will do, also one that reads them from a file as it goes. */
async function * photos (): AsyncGenerator<CID> {
  for (let i = 0; i < PHOTOS; i++) {
    yield CID.createV1(raw.code, await sha256.digest(fromString(`photo ${i}`)))
  }
}

const { added } = await providing.add(photos())
print(`ada provides ${added} photos`)

// It happens in the background; whoever wants to know waits for it.
await providing.announce()
const { keys, neverAnnounced, lookups, records } = providing.status()
print(`${keys - neverAnnounced} of ${keys} are announced: ${records} records, and ${lookups < PHOTOS / 10 ? 'few' : 'many'} lookups`)

// Bob and Carol have one of them, too.
const cid = CID.createV1(raw.code, await sha256.digest(fromString('photo 42')))
await bob.services.dht.provide(cid)
await carol.services.dht.provide(cid)

// The one whose answers come first is the one to fetch it from.
const providers = await dave.services.dht.findProviders(cid, { prefer: 'nearest', signal: AbortSignal.timeout(10_000) })
print(`dave finds it at ${providers.map(({ id }) => names.get(id.toString())).sort().join(', ')}; the nearest has ${providers[0].multiaddrs.length > 0 ? 'an address' : 'no address'} to fetch it from`)

// What is removed is announced no more.
await providing.remove([cid])
print(`ada provides it any more: ${await providing.has(cid)}`)
