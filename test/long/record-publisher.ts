// A process that publishes signed records for as long as it lives, its datastore on the disk, and says what it knows for sure, a line each:
// `held <name> <seq>` for what it holds at its start, `publishes <name>` for what it will publish again, `ready`, and then
// `acknowledged <name> <seq>`. Forked by `publishing-killed.spec.ts`, which kills it.

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { LevelDatastore } from 'datastore-level'
import { parseSignedKey } from '../../src/values/signed/signed-key.ts'
import { bytes } from '../helpers/content.ts'
import { createNode } from '../helpers/network.ts'
import { PUBLISHED, PUBLISHER_INIT, PUBLISHER_SEED } from './published-records.ts'

const [, , path, run, ...peers] = process.argv
const datastore = new LevelDatastore(path)
await datastore.open()
const node = await createNode({
  dht: PUBLISHER_INIT,
  datastore,
  privateKey: await generateKeyPairFromSeed('Ed25519', PUBLISHER_SEED)
})
const { dht } = node.services

/** A pipe takes it at once. */
function say (line: string): void {
  process.stdout.write(`${line}\n`)
}

for (const name of PUBLISHED) {
  try {
    const { seq } = await dht.records.resolve(node.peerId, name, { useNetwork: false })
    say(`held ${name} ${seq}`)
  } catch (error: any) {
    if (error.name !== 'NotFoundError') {
      throw error
    }
  }
}

for await (const { key } of dht.published()) {
  say(`publishes ${parseSignedKey(key).name}`)
}

await Promise.all(peers.map(async address => node.dial(multiaddr(address))))
say('ready')

await Promise.all(PUBLISHED.map(async name => {
  for (let count = 0; ; count++) {
    const { seq } = await dht.records.publish(name, bytes(`${run} ${count}`))
    say(`acknowledged ${name} ${seq}`)
  }
}))
