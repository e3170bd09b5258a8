import { expect } from 'aegir/chai'
import { MAX_SIZE_ERROR, OptimisticWrite, optimisticWrite } from '../../src/kademlia/optimistic.ts'
import { ids, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

const K = 20
const TARGET: Key = [0x5a5a5a5a, 0x12345678, 1, 2, 3, 4, 5, 6]
const PEERS = 1_000
const SIZE = { peers: PEERS, error: 0.05 }

/** So many answers as there have to be. */
const ANSWERS = 4

/** As near as the nearest are on average, and those behind them. */
const NEAR = Array.from({ length: K }, (_, i) => i + 1)
const BEHIND = Array.from({ length: K }, (_, i) => K + 1 + i)

/** At so many times the mean distance between two peers. */
function at (distance: number): PeerKey {
  return { id: `${distance}`, key: [TARGET[0] ^ Math.floor(2 ** 32 * distance / PEERS), 0, 0, 0, 0, 0, 0, 0] }
}

function peersAt (...distances: number[]): PeerKey[] {
  return distances.map(at)
}

function newWrite (): OptimisticWrite<PeerKey> {
  return new OptimisticWrite(TARGET, K, SIZE)
}

describe('an optimistic write', () => {
  it('is none while the size of the network is not known to a tenth', () => {
    expect(optimisticWrite(TARGET, K, undefined)).to.equal(undefined)
    expect(optimisticWrite(TARGET, K, { peers: PEERS, error: MAX_SIZE_ERROR + 0.001 })).to.equal(undefined)
    expect(optimisticWrite(TARGET, K, { peers: PEERS, error: MAX_SIZE_ERROR })).to.be.instanceOf(OptimisticWrite)
  })

  it('gives it at once to those that are nearer than the k-th is in nine of ten networks, to each once', () => {
    const write = newWrite()

    expect(ids(write.onStep(peersAt(1, 14.4, 14.6, 40), 1).give)).to.deep.equal(['1', '14.4'])
    expect(ids(write.onStep(peersAt(1, 14, 14.4, 14.6, 40), 2).give)).to.deep.equal(['14'])
  })

  it('has enough when k are heard of that are as near on average as the nearest k should be, and gives it to all of them', () => {
    const write = newWrite()

    expect(write.onStep(peersAt(...NEAR.slice(1)), ANSWERS).enough).to.equal(false)
    expect(write.onStep(peersAt(...NEAR.map(distance => distance + 6)), ANSWERS).enough).to.equal(false)

    const last = newWrite().onStep(peersAt(...NEAR, ...BEHIND), ANSWERS)
    expect(last.enough).to.equal(true)
    expect(ids(last.give)).to.deep.equal(ids(peersAt(...NEAR)))
  })

  it('has not enough before some have answered, however near those are that the first ones name', () => {
    const write = newWrite()

    expect(write.onStep(peersAt(...NEAR), ANSWERS - 1).enough).to.equal(false)
    expect(write.onStep(peersAt(...NEAR), ANSWERS).enough).to.equal(true)
  })

  it('gives it to the next in place of one that does not take it, once for each', () => {
    const write = newWrite()
    write.onStep(peersAt(...NEAR, ...BEHIND), ANSWERS)

    expect(ids(write.onFailure(at(3)))).to.deep.equal(['21'])
    expect(ids(write.onFailure(at(3)))).to.deep.equal([])
    expect(ids(write.onFailure(at(21)))).to.deep.equal(['22'])
  })

  it('does so by the lookup as long as that goes on: one that has not taken it is none of the nearest', () => {
    const write = newWrite()
    write.onStep(peersAt(...NEAR), 1)

    expect(ids(write.onFailure(at(3)))).to.deep.equal([])
    expect(write.onStep(peersAt(...NEAR), ANSWERS).enough).to.equal(false)
    expect(ids(write.onStep(peersAt(...NEAR, 21), ANSWERS).give)).to.include('21')
  })

  it('has failed when more than a quarter of k did not take it, and names nobody else', () => {
    const write = newWrite()
    write.onStep(peersAt(...NEAR, ...BEHIND), ANSWERS)

    for (let i = 1; i <= 5; i++) {
      expect(write.onFailure(at(i))).to.have.lengthOf(1)
      expect(write.failed).to.equal(false)
    }

    expect(write.onFailure(at(6))).to.deep.equal([])
    expect(write.failed).to.equal(true)
  })

  it('has enough with the nearest there are in most networks, and with others in few', () => {
    const keys = peersNamed('key', 200).map(({ key }) => key)
    const peers = peersNamed('peer', PEERS)
    const share = (skipped: number): number => keys.filter(key => new OptimisticWrite(key, K, SIZE).onStep(sortedTruth(peers, key).slice(skipped, skipped + K), ANSWERS).enough).length / keys.length

    expect(share(0)).to.be.above(0.8)
    expect(share(10)).to.be.below(0.1)
  }).timeout(30_000)
})
