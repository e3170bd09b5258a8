// What a DHT is for, in ten lines: who provides some content, and what is stored under a key.

import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { compare } from 'uint8arrays/compare'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { createNetwork } from './network.ts'
import { print } from './output.ts'

// Plain values need a namespace of their own, with a rule for what is valid in it and one for which of several is best.
const greetings = { validators: { greetings: validate }, selectors: { greetings: select } }

await using network = await createNetwork(5, greetings)
const [ada, bob] = network.nodes
const cid = CID.createV1(raw.code, await sha256.digest(fromString('some content')))

const { stored } = await ada.services.dht.provide(cid)
print(`ada provides ${cid}: ${stored.length} nodes were told`)

const [provider] = await bob.services.dht.findProviders(cid, { signal: AbortSignal.timeout(5_000) })
print(`bob finds that ada provides it: ${provider.id.equals(ada.peerId)}`)

await ada.services.dht.put(fromString('/greetings/bob'), fromString('hello, bob'))
const greeting = await bob.services.dht.get(fromString('/greetings/bob'))
print(`bob gets: ${toString(greeting)}`)

const { multiaddrs } = await bob.services.dht.findPeer(ada.peerId)
print(`bob finds ada at ${multiaddrs.join(', ')}`)

function validate (key: Uint8Array, value: Uint8Array): void {
  if (value.length > 80) {
    throw new Error('longer than a line')
  }
}

/** The last in alphabetical order: whoever compares them, and in whatever order, chooses the same. */
function select (key: Uint8Array, values: Uint8Array[]): number {
  return values.reduce((best, value, i) => compare(value, values[best]) > 0 ? i : best, 0)
}
