import { expect } from 'aegir/chai'
import { BucketRefresh } from '../../src/kademlia/bucket-refresh.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { ids, keyNear, peerNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { randomNumbers } from '../helpers/random.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'

const SELF = peerNamed('self')
const K = 5

/** Peers of one bucket. */
function peersIn (cpl: number, count: number): PeerKey[] {
  const random = randomNumbers(cpl + 1)

  return Array.from({ length: count }, (_, i) => ({ id: `${cpl}-${i}`, key: keyNear(SELF.key, cpl, random) }))
}

function nobody (): boolean {
  return false
}

describe('looking into a bucket', () => {
  const [target, ...far] = peersIn(0, 12)
  const near = peersIn(1, 6)
  let table: RoutingTable<PeerKey>

  beforeEach(() => {
    table = new RoutingTable<PeerKey>({ self: SELF.key, k: K, maxFailures: 3, backoff: 0, diversity: { perBucket: 2, perTable: 3, enough: 2 * K } })
  })

  function add (...peers: PeerKey[]): void {
    peers.forEach(peer => { table.onAlive(peer, 1) })
  }

  function refresh (isSpared: (peer: PeerKey) => boolean = nobody): BucketRefresh<PeerKey> {
    return new BucketRefresh(table, SELF.key, 0, target.key, isSpared)
  }

  it('asks three of the table, the nearest to where it goes, and strangers that belong into the bucket', () => {
    add(...far.slice(0, 4), ...near.slice(0, 4))
    const looking = refresh()
    const asked = [...far, ...near].filter(peer => !looking.avoids(peer))
    const tellers = sortedTruth(far.slice(0, 4), target.key).slice(0, 3)

    expect(looking.possible).to.equal(true)
    expect(ids(asked)).to.have.members(ids([...tellers, ...far.slice(4)]))
  })

  it('asks nobody who is to be spared, nor one of the table that has failed', () => {
    add(...far.slice(0, 5), ...near.slice(0, 3))
    table.onFailure(far[0].id, far[0].key, 2)
    const looking = refresh(peer => peer === far[1] || peer === far[6])

    expect(looking.avoids(far[0])).to.equal(true)
    expect(looking.avoids(far[1])).to.equal(true)
    expect(looking.avoids(far[6])).to.equal(true)
    expect(far.slice(2, 5).some(peer => looking.avoids(peer))).to.equal(false)
  })

  it('is not possible when there are fewer than three to tell', () => {
    add(...far.slice(0, 3))
    expect(refresh().possible).to.equal(true)
    expect(refresh(peer => peer === far[0]).possible).to.equal(false)
  })

  it('has enough when three have answered and the bucket is full, and not before', () => {
    add(...far.slice(0, 3))
    const looking = refresh()
    expect([1, 2, 3].map(() => looking.onReply())).to.deep.equal([false, false, false])
    add(far[3])
    expect(looking.onReply()).to.equal(false)
    add(far[4])
    expect(looking.onReply()).to.equal(true)
  })

  it('has three tell also where the bucket is full', () => {
    add(...far.slice(0, K))
    const looking = refresh()
    expect([1, 2, 3].map(() => looking.onReply())).to.deep.equal([false, false, true])
  })
})
