import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { distanceShare } from '../../src/kademlia/key.ts'
import { RegionSearch, wantsRegion } from '../../src/kademlia/region.ts'
import { ids, keyNear, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, randomNumbers } from '../helpers/random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

const K = 20
const TARGET: Key = [0x5a5a5a5a, 0x12345678, 1, 2, 3, 4, 5, 6]
const SIZE = { peers: 1_000, error: 0.05 }
const HONEST = peersNamed('honest', 1_000)

/** Ids that are nearer to the target than any honest one. */
function crowd (count: number): PeerKey[] {
  const random = randomNumbers(1)

  return Array.from({ length: count }, (_, i) => ({ id: `hostile${i}`, key: keyNear(TARGET, 16 + i % 8, random) }))
}

/** All at about the same distance, which is such a share of that at which they are to be expected. */
function peersAt (share: number, count = K): PeerKey[] {
  return Array.from({ length: count }, (_, i) => ({ id: `${i}`, key: [TARGET[0] ^ Math.floor(2 ** 32 * share * K / SIZE.peers), i, 0, 0, 0, 0, 0, 0] }))
}

/** Searches to its end, among these peers. Returns how many bits each key that was looked up shared with the target. */
function search (region: RegionSearch<PeerKey>, peers: PeerKey[]): number[] {
  const random = randomNumbers(2)
  const looked: number[] = []

  for (let bits = region.next(); bits != null; bits = region.next()) {
    const key = keyNear(TARGET, bits, random)
    looked.push(bits)
    region.onLookup(key, sortedTruth(peers.filter(peer => !region.avoids(peer)), key).slice(0, K))
  }

  return looked
}

describe('whether the region of a key is searched', () => {
  it('is so by mode: never, whenever fewer than k were to be expected that near, or only when that is hardly by chance', () => {
    const verdicts = (mode: 'off' | 'auto' | 'on'): boolean[] => [0.01, 0.3, 0.6, 0.9, 1.2].map(share => wantsRegion(mode, TARGET, peersAt(share), K, SIZE))

    expect(verdicts('off')).to.deep.equal([false, false, false, false, false])
    expect(verdicts('auto')).to.deep.equal([true, true, false, false, false])
    expect(verdicts('on')).to.deep.equal([true, true, true, true, false])
  })

  it('is never so while the size of the network is not known, or when fewer than k were found', () => {
    expect(wantsRegion('on', TARGET, peersAt(0.01), K, undefined)).to.equal(false)
    expect(wantsRegion('on', TARGET, peersAt(0.01, K - 1), K, SIZE)).to.equal(false)
  })

  it('is so by chance for few keys in auto mode, even if the size is not known exactly', () => {
    const size = { peers: 0.93 * SIZE.peers, error: 0.07 }
    const keys = peersNamed('key', 1_000).map(({ key }) => key)
    const alarms = keys.filter(key => wantsRegion('auto', key, sortedTruth(HONEST, key).slice(0, K), K, size))

    expect(alarms.length).to.be.below(10)
  }).timeout(60_000)
})

describe('a search of a region', () => {
  it('finds all honest peers within it that ids nearer to the key hide, in few lookups', () => {
    for (const [count, most] of [[20, 3], [40, 4], [80, 6]]) {
      const peers = [...HONEST, ...crowd(count)]
      const region = new RegionSearch({ target: TARGET, k: K, size: SIZE }, sortedTruth(peers, TARGET).slice(0, K))
      const lookups = search(region, peers).length
      const found = new Set(ids(region.members()))
      const there = HONEST.filter(({ key }) => distanceShare(key, TARGET) < K / SIZE.peers)

      expect(there.length).to.be.above(10)
      expect(there.filter(({ id }) => found.has(id)).length).to.equal(there.length)
      expect(lookups).to.be.at.most(most)
      expect(region.lookups).to.equal(lookups)
    }
  })

  it('looks for keys inside the region, at the side that is farther from the target', () => {
    const peers = [...HONEST, ...crowd(20)]
    const region = new RegionSearch({ target: TARGET, k: K, size: SIZE }, sortedTruth(peers, TARGET).slice(0, K))

    for (const bits of search(region, peers)) {
      const farthest = 2 ** -bits

      expect(farthest).to.be.at.most(1.05 * K / SIZE.peers)
      expect(farthest).to.be.above(1.05 * K / SIZE.peers / 2)
    }
  })

  it('asks nobody whom it knows in the region', () => {
    const hostile = sortedTruth(crowd(40), TARGET)
    const region = new RegionSearch({ target: TARGET, k: K, size: SIZE }, hostile.slice(0, K))

    hostile.forEach((peer, i) => { expect(region.avoids(peer)).to.equal(i < K) })
    HONEST.forEach(peer => { expect(region.avoids(peer)).to.equal(false) })
  })

  it('ends with a lookup that finds nobody new, or fails', () => {
    const known = sortedTruth(crowd(K), TARGET)

    for (const found of [known, []]) {
      const region = new RegionSearch({ target: TARGET, k: K, size: SIZE }, known)
      region.onLookup(keyNear(TARGET, region.next() ?? 0, randomNumbers(3)), found)
      expect(region.next()).to.equal(undefined)
      expect(ids(region.members())).to.deep.equal(ids(known))
    }
  })

  it('ends after eight lookups and with the nearest six times k, whoever makes up more', () => {
    const peers = crowd(1_000)
    const region = new RegionSearch({ target: TARGET, k: K, size: SIZE }, sortedTruth(peers, TARGET).slice(0, K))

    expect(search(region, peers)).to.have.lengthOf(8)
    expect(region.members()).to.have.lengthOf(6 * K)
  })

  it('is over at once when those found first fill the region', () => {
    const nearest = sortedTruth(HONEST, TARGET)
    const region = new RegionSearch({ target: TARGET, k: K, size: { peers: 2_000, error: 0 } }, nearest.slice(0, 2 * K))

    expect(region.next()).to.equal(undefined)
  })

  it('names only peers of the region, nearest first, wherever the key is and however large the network', () => {
    check(fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), (count, seed) => {
      const peers = peersNamed(`${seed}-`, count)
      const size = { peers: count, error: 0.1 }
      const region = new RegionSearch({ target: TARGET, k: K, size }, sortedTruth(peers, TARGET).slice(0, K))
      search(region, peers)
      const members = region.members()

      expect(ids(members)).to.deep.equal(ids(sortedTruth(members, TARGET)))
      members.forEach(({ key }) => { expect(distanceShare(key, TARGET)).to.be.at.most(Math.min(1, 1.1 * K / count) + 1e-9) })
    }), 50)
  })
})
