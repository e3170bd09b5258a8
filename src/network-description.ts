// A network in a file: what its nodes must agree on, and whom they join through.

import { InvalidParametersError } from '@libp2p/interface'
import { parseSeeds } from './parse-seeds.ts'
import type { KadDHTInit } from './options.ts'

/** What the file says: the options of a node that joins, beside the network's name. */
export interface NetworkDescription {
  /** for people */
  name: string
  init: Pick<KadDHTInit, 'protocol' | 'kBucketSize' | 'seeds'>
}

const KEYS = ['name', 'protocol', 'k', 'seeds']
const SEED = '{ "id": "<peer id>", "addresses": ["<multiaddr>", …] }'

/**
 * Reads the description of a network:
 *
 * ```json
 * {
 *   "name": "my network",
 *   "protocol": "/my/kad/1.0.0",
 *   "k": 20,
 *   "seeds": [{ "id": "12D3KooW…", "addresses": ["/ip4/192.0.2.1/tcp/4001"] }]
 * }
 * ```
 *
 * `k` may be left out, and `seeds` for the first node.
 *
 * @throws {InvalidParametersError} that says what is wrong with it, and what is right
 */
export function parseNetwork (json: string): NetworkDescription {
  const network = parseObject(json)
  const { name, protocol, k, seeds = [] } = network
  const unknown = Object.keys(network).find(key => !KEYS.includes(key))

  if (unknown != null) {
    throw new InvalidParametersError(`A network has no "${unknown}". It has ${KEYS.join(', ')}`)
  }

  if (typeof name !== 'string' || name === '') {
    throw new InvalidParametersError('The network needs a "name", for people')
  }

  if (typeof protocol !== 'string' || !/^\/.*[^/]$/.test(protocol)) {
    throw new InvalidParametersError('The network needs a "protocol", such as "/my/kad/1.0.0"')
  }

  if (k !== undefined && (!Number.isSafeInteger(k) || k as number < 1)) {
    throw new InvalidParametersError(`"k" is a whole number from 1, not ${JSON.stringify(k)}`)
  }

  if (!Array.isArray(seeds)) {
    throw new InvalidParametersError(`"seeds" is a list of ${SEED}, not ${JSON.stringify(seeds)}`)
  }

  const addresses = seeds.flatMap((seed, i) => addressesOf(seed, `"seeds", number ${i + 1},`))

  return { name, init: { protocol, seeds: addresses, ...k === undefined ? {} : { kBucketSize: k as number } } }
}

function parseObject (json: string): Record<string, unknown> {
  let parsed: unknown

  try {
    // some editors begin a file with a mark of its encoding
    parsed = JSON.parse(json.replace(/^\uFEFF/, ''))
  } catch (error: any) {
    throw new InvalidParametersError(`The description of the network is no JSON: ${error.message}`)
  }

  if (typeof parsed !== 'object' || parsed == null || Array.isArray(parsed)) {
    throw new InvalidParametersError('The description of the network is a JSON object with name, protocol, k and seeds')
  }

  return parsed as Record<string, unknown>
}

/** A seed's addresses, each with its id at the end. */
function addressesOf (seed: unknown, name: string): string[] {
  const { id, addresses, ...others } = Object(seed) as Record<string, unknown>

  const isWhole = typeof id === 'string' && Array.isArray(addresses) && addresses.length > 0 && addresses.every(address => typeof address === 'string')

  if (!isWhole || Object.keys(others).length > 0) {
    throw new InvalidParametersError(`${name} is to be ${SEED}, not ${JSON.stringify(seed)}`)
  }

  const complete = addresses.map(address => address.endsWith(`/p2p/${id}`) ? address : `${address}/p2p/${id}`)
  // so that what is wrong is said now
  parseSeeds(`${name} address`, complete)

  return complete
}
