import { createNetwork, stopAll } from './test/helpers/network.ts'
import { keyOf, compareDistance } from './src/kademlia/key.ts'
const N = Number(process.argv[2] ?? 50)
const nodes = await createNetwork(N)
const enc = s => new TextEncoder().encode(s)
const ids = nodes.map(n => ({ s: n.peerId.toString(), k: keyOf(n.peerId.toMultihash().bytes) }))
for (let i = 0; i < 60; i++) {
  const key = enc('/test/key' + i)
  const t = keyOf(key)
  const truth = ids.filter((_, j) => j !== i % N).sort((a, b) => compareDistance(a.k, b.k, t)).slice(0, 20).map(x => x.s)
  const got = (await nodes[i % N].services.dht.getClosestPeers(key)).map(p => p.id.toString())
  const hit = truth.filter(s => got.includes(s)).length
  const w = await nodes[i % N].services.dht.put(key, enc('ok:' + i))
  let fail = ''
  try { await nodes[(i + 7) % N].services.dht.get(key) } catch (e) { fail = e.message
    for await (const e of nodes[(i + 7) % N].services.dht.get(key)) { if (e.name==='PEER_RESPONSE') fail += ' ' + (e.record != null) + e.closer.length; if (e.name==='QUERY_ERROR') fail += e.error.message }
  }
  if (hit<20||fail) console.log(i, hit, got.length, 'stored', w.stored.length, w.failed[0]?.error.message, w.messages, fail)
}
await stopAll(nodes)
