// An identity file: who somebody is, with which keys, and where to reach them. Its owner publishes it under their peer id; whoever reads
// it knows that it is theirs, for nobody else can sign it.

import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { recordType } from 'libp2p-kad'
import { fromString } from 'uint8arrays/from-string'
import * as z from 'zod'
import { createNetwork } from './network.ts'
import { print } from './output.ts'

const profiles = recordType({
  type: 'profile',
  schema: z.object({
    name: z.string().min(1).max(50),
    keys: z.object({
      // bytes stay bytes: 32 of them for an Ed25519 key, and not 44 characters
      signing: z.custom<Uint8Array>(key => key instanceof Uint8Array && key.length === 32, 'expected the 32 bytes of an Ed25519 key')
    }),
    contacts: z.array(z.string().startsWith('/')).min(1)
  })
})

await using network = await createNetwork(5)
const [ada, bob] = network.nodes
const signing = await generateKeyPair('Ed25519')

// Ada publishes it. The node keeps it alive in the network for as long as it runs.
const { seq, stored } = await profiles.publish(ada.services.dht.records, {
  name: 'Ada',
  keys: { signing: signing.publicKey.raw },
  contacts: ada.getMultiaddrs().map(String)
})
print(`ada has published version ${seq} of her profile: ${stored.length} nodes hold it`)

// What does not fit is refused before anybody hears of it.
try {
  await profiles.publish(ada.services.dht.records, { name: 'Ada', keys: { signing: signing.publicKey.raw.subarray(1) }, contacts: ['/dns4/ada.example/tcp/443'] })
} catch (error: any) {
  print(`refused: ${error.name}: ${error.message}`)
}

// Bob, who knows nothing of Ada but her peer id, reads it, and checks a message of hers with the key that it names.
const { value: profile, owner } = await profiles.resolve(bob.services.dht.records, ada.peerId, { signal: AbortSignal.timeout(5_000) })
print(`bob has read the profile of ${profile.name}, signed by ada: ${owner.equals(ada.peerId)}`)

const message = fromString('see you at the engine')
const signature = await signing.sign(message)
const key = publicKeyFromRaw(profile.keys.signing)
print(`bob checks a message of hers with the key in it: ${await key.verify(message, signature)}`)

// Bob watches it, and Ada changes it.
for await (const { value, seq } of profiles.watch(bob.services.dht.records, ada.peerId, { minInterval: 100, signal: AbortSignal.timeout(8_000) })) {
  print(`bob sees version ${seq}: ${value?.name ?? 'removed'}`)

  if (value?.name === 'Ada Lovelace') {
    break
  }

  await profiles.update(ada.services.dht.records, held => held == null ? undefined : { ...held, name: 'Ada Lovelace' })
}

// The name of a record keeps its type: an application that takes it for something else does no harm.
const notes = recordType({ type: 'note', schema: z.string() })

try {
  await notes.publish(ada.services.dht.records, 'buy milk', { name: 'profile' })
} catch (error: any) {
  print(`refused: ${error.name}: ${error.message}`)
}
