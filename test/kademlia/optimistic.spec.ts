import { expect } from 'aegir/chai'
import { MAX_SIZE_ERROR, optimisticRule } from '../../src/kademlia/optimistic.ts'
import { peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

const K = 20
const TARGET: Key = [0x5a5a5a5a, 0x12345678, 1, 2, 3, 4, 5, 6]
const PEERS = 1_000
const ERROR = 0.05

/** At so many times the mean distance between two peers. */
function at (distance: number): PeerKey {
  return { id: `${distance}`, key: [TARGET[0] ^ Math.floor(2 ** 32 * distance / PEERS), 0, 0, 0, 0, 0, 0, 0] }
}

function peersAt (...distances: number[]): PeerKey[] {
  return distances.map(at)
}

describe('an optimistic write', () => {
  it('is none while the size of the network is not known to a tenth', () => {
    expect(optimisticRule(K, undefined)).to.equal(undefined)
    expect(optimisticRule(K, { peers: PEERS, error: MAX_SIZE_ERROR + 0.001 })).to.equal(undefined)
    expect(optimisticRule(K, { peers: PEERS, error: MAX_SIZE_ERROR })).to.be.a('function')
  })

  it('is sure of those that are nearer than the k-th is in nine of ten networks', () => {
    const rule = optimisticRule(K, { peers: PEERS, error: ERROR })
    const verdict = rule?.(TARGET, peersAt(1, 14.4, 14.6, 40))

    expect(verdict?.sure.map(({ id }) => id)).to.deep.equal(['1', '14.4'])
  })

  it('has enough when k are found that are as near on average as the nearest k should be, and not before', () => {
    const rule = optimisticRule(K, { peers: PEERS, error: ERROR })
    const near = Array.from({ length: K }, (_, i) => i + 1)

    expect(rule?.(TARGET, peersAt(...near)).enough).to.equal(true)
    expect(rule?.(TARGET, peersAt(...near.slice(1))).enough).to.equal(false)
    expect(rule?.(TARGET, peersAt(...near.map(distance => distance + 6))).enough).to.equal(false)
  })

  it('has enough with the nearest there are in most networks, and with others in few', () => {
    const keys = peersNamed('key', 200).map(({ key }) => key)
    const peers = peersNamed('peer', PEERS)
    const rule = optimisticRule(K, { peers: PEERS, error: ERROR })
    const share = (skipped: number): number => keys.filter(key => rule?.(key, sortedTruth(peers, key).slice(skipped, skipped + K)).enough).length / keys.length

    expect(share(0)).to.be.above(0.8)
    expect(share(10)).to.be.below(0.1)
  }).timeout(30_000)
})
