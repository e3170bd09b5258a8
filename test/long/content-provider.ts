// A process that provides content for as long as it lives, its datastore on the disk, and says what it knows for sure, a line each: `has <numbers>` of what it
// provides at its start, `never <numbers>` of what of that was never announced, `ready`, `added <numbers>` for each step, and `done`. Forked by
// `providing-killed.spec.ts`, which tells it when to go on, and kills it.

import { once } from 'node:events'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { LevelDatastore } from 'datastore-level'
import { createNode, untilTrue } from '../helpers/network.ts'
import { BEFORE, PROVIDED, PROVIDER_INIT, PROVIDER_SEED, STEP } from './provided-content.ts'

const [, , path, from, count, ...peers] = process.argv
const datastore = new LevelDatastore(path)
await datastore.open()
const node = await createNode({
  dht: PROVIDER_INIT,
  datastore,
  privateKey: await generateKeyPairFromSeed('Ed25519', PROVIDER_SEED)
})
const { providing } = node.services.dht

/** A pipe takes it at once. */
function say (line: string): void {
  process.stdout.write(`${line}\n`)
}

const numbers = new Map(PROVIDED.map(({ multihash }, i) => [multihash.bytes.join(), i]))
const has: number[] = []
const never: number[] = []

for await (const { multihash, announcedAt } of providing.list()) {
  const number = numbers.get(multihash.join()) ?? -1
  has.push(number)

  if (announcedAt === 0) {
    never.push(number)
  }
}

say(`has ${has.join()}`)
say(`never ${never.join()}`)
say('ready')
await once(process, 'message')

async function add (from: number, to: number): Promise<void> {
  const added = Array.from({ length: to - from }, (_, i) => from + i)
  await providing.add(added.map(number => PROVIDED[number]))
  say(`added ${added.join()}`)
}

if (has.length < BEFORE) {
  await add(0, BEFORE)
}

await Promise.all(peers.map(async address => node.dial(multiaddr(address))))
await untilTrue(() => node.services.dht.routingTable.size >= node.services.dht.k)

const adding = (async () => {
  for (let i = Number(from); i < Number(from) + Number(count); i += STEP) {
    await add(i, i + STEP)
  }
})()

await providing.announce()
await adding
await providing.announce()
say('done')
