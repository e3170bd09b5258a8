import { createNetwork, stopAll } from './dist/test/helpers/network.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
const N = Number(process.argv[2] ?? 50), C = Number(process.argv[3] ?? 5000)
const nodes = await createNetwork(N, { dht: { networkDialTimeout: { minTimeout: 8000 } } })
console.log('formed', nodes[0].services.dht.networkSize)
const cids = []
for (let i = 0; i < C; i++) cids.push(CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode('c' + i))))
const { providing } = nodes[0].services.dht
const cpu = process.cpuUsage()
let t = performance.now()
console.log(await providing.add(cids), performance.now() - t)
const r = await providing.announce()
const wall = (performance.now() - t) / 1000
const c = process.cpuUsage(cpu)
console.log(r, providing.status(), { wall, records: 20 * C / wall, cids: C / wall, cpu: (c.user + c.system) / 1e6 })
await stopAll(nodes)
