import { createNetwork, stopAll } from './test/helpers/network.ts'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
const t0 = performance.now(); const c0 = process.cpuUsage()
const N = Number(process.argv[2] ?? 50)
const nodes = await createNetwork(N)
console.log('formed', performance.now() - t0, process.cpuUsage(c0).user/1e6, nodes.map(n => n.services.dht.routingTable.size).join(' '))
async function time(name, n, f) { const c=process.cpuUsage(); const ts=[]; let msgs=0; for (let i=0;i<n;i++){ const t=performance.now(); await f(i); ts.push(performance.now()-t)} ts.sort((a,b)=>a-b); const u=process.cpuUsage(c); console.log(name,'p50',ts[n>>1].toFixed(2),'p95',ts[Math.floor(n*.95)].toFixed(2),'cpu ms',((u.user+u.system)/1e3/n).toFixed(2)) }
const key = i => new TextEncoder().encode('/test/key'+i)
const cid = async i => CID.createV1(0x55, await sha256.digest(key(i)))
await time('closest', 100, i => nodes[i%N].services.dht.getClosestPeers(key(i)))
await time('put', 100, i => nodes[i%N].services.dht.put(key(i), new TextEncoder().encode('ok:'+i)))
await time('get', 100, i => nodes[(i+7)%N].services.dht.get(key(i)))
await time('closest', 300, i => nodes[i%N].services.dht.getClosestPeers(key(i)))
await time('findPeer', 100, i => nodes[i%N].services.dht.findPeer(nodes[(i+21)%N].peerId, {useCache:false}))
await time('provide', 100, async i => nodes[i%N].services.dht.provide(await cid(i)))
await time('findProviders', 100, async i => nodes[(i+7)%N].services.dht.findProviders(await cid(i)))
await time('closest', 300, i => nodes[i%N].services.dht.getClosestPeers(key(i)))
let c=0; for await (const e of nodes[3].services.dht.getClosestPeers(key(3))) { c++; if (e.name==='SEND_QUERY') globalThis.m=(globalThis.m??0)+1 }
console.log('events', c, 'messages', globalThis.m)
const t1=performance.now(); await stopAll(nodes); console.log('stopped', performance.now()-t1)
setTimeout(()=>{console.log('handles', process.getActiveResourcesInfo())}, 100)
