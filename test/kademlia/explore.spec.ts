import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Exploration } from '../../src/kademlia/explore.ts'
import { anyNetwork, CENTRE, createPeers } from '../helpers/any-network.ts'
import { ids, keyNear, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, pick } from '../helpers/random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

const K = 20
const MINUTE = 60_000
const [KEY] = keysNamed('key', 1)

function inOrder (keys: Key[]): Key[] {
  return keys.sort((a, b) => (a[0] >>> 0) - (b[0] >>> 0) || (a[1] >>> 0) - (b[1] >>> 0))
}

function keysNamed (prefix: string, count: number): Key[] {
  return inOrder(peersNamed(prefix, count).map(({ key }) => key))
}

/** Goes on until it is known who is nearest; `lookUp` says whom a lookup finds. Returns them and how many lookups it took. */
function explore (exploration: Exploration<PeerKey>, key: Key, lookUp: (target: Key) => PeerKey[], now = 0): { nearest: PeerKey[], lookups: number } {
  for (let lookups = 0; ; lookups++) {
    const step = exploration.next(key, now)

    if ('nearest' in step) {
      return { nearest: step.nearest, lookups }
    }

    if ('around' in step) {
      exploration.onAround(step.around, lookUp(step.around.key))
    } else {
      exploration.onLookup(step.lookUp, lookUp(step.lookUp))
    }
  }
}

describe('an exploration', () => {
  it('drops no key, gives each its true nearest, and takes two lookups for one at the most, however peers and keys are spread', () => {
    check(fc.property(anyNetwork, ({ k, ...options }) => {
      const { peers, random } = createPeers(options)
      const exploration = new Exploration<PeerKey>(k)
      const keys = Array.from({ length: 60 }, (_, i) => keyNear(CENTRE, i % 2 === 0 ? 0 : pick(random, 20), random))

      for (const key of inOrder(keys)) {
        const { nearest, lookups } = explore(exploration, key, target => sortedTruth(peers, target).slice(0, k))
        expect(ids(nearest)).to.deep.equal(ids(sortedTruth(peers, key).slice(0, k)))
        expect(lookups).to.be.at.most(2)
      }
    }))
  })

  it('takes a lookup for every ten peers at the most, however many keys there are, and remembers few of them', () => {
    const peers = peersNamed('peer', 2_000)
    const exploration = new Exploration<PeerKey>(K)
    let lookups = 0

    const lookUp = (target: Key): PeerKey[] => {
      const near = peers.filter(({ key }) => ((key[0] ^ target[0]) >>> 0) < 2 ** 32 / 20)

      return sortedTruth(near, target).slice(0, K)
    }

    for (const key of keysNamed('key', 10_000)) {
      lookups += explore(exploration, key, lookUp).lookups
      expect(exploration.known).to.be.below(14 * K)
    }

    expect(lookups).to.be.below(200)
  }).timeout(60_000)

  it('takes no more lookups than there are keys when these are few', () => {
    const peers = peersNamed('peer', 2_000)
    const exploration = new Exploration<PeerKey>(K)
    let lookups = 0

    for (const key of keysNamed('key', 40)) {
      lookups += explore(exploration, key, target => sortedTruth(peers, target).slice(0, K)).lookups
    }

    expect(lookups).to.be.at.most(40)
  })

  it('looks up the key itself when a lookup around a peer has failed', () => {
    const peers = peersNamed('peer', 500)
    const exploration = new Exploration<PeerKey>(K)
    let failed = 0

    for (const key of keysNamed('key', 500)) {
      const step = exploration.next(key, 0)

      if ('around' in step) {
        failed++
        exploration.onAround(step.around, [])
        expect(exploration.next(key, 0)).to.deep.equal({ lookUp: key })
      }

      explore(exploration, key, target => sortedTruth(peers, target).slice(0, K))
    }

    expect(failed).to.be.above(10)
  })

  it('says so again when the lookup for the key itself has failed', () => {
    const exploration = new Exploration<PeerKey>(K)

    for (let i = 0; i < 3; i++) {
      expect(exploration.next(KEY, 0)).to.deep.equal({ lookUp: KEY })
      exploration.onLookup(KEY, [])
    }
  })

  it('takes whom a lookup found for the nearest, however badly it went', () => {
    const peers = sortedTruth(peersNamed('peer', 100), KEY)
    const exploration = new Exploration<PeerKey>(K)
    exploration.next(KEY, 0)
    exploration.onLookup(KEY, peers.slice(0, K))
    const [, other] = keysNamed('key', 2)

    const { nearest } = explore(exploration, other, () => peers.slice(30, 35))

    // of all that are known, those that the bad lookup did not find as well
    expect(ids(nearest)).to.deep.equal(ids(sortedTruth([...peers.slice(0, K), ...peers.slice(30, 35)], other).slice(0, K)))
  })

  it('looks for others when those that it has named for a key are gone, however few keys there are', () => {
    const peers = sortedTruth(peersNamed('peer', 100), KEY)
    const exploration = new Exploration<PeerKey>(K)
    explore(exploration, KEY, () => peers.slice(0, K))
    peers.splice(0, K).forEach(peer => { exploration.remove(peer) })
    const { nearest, lookups } = explore(exploration, KEY, () => peers.slice(0, K))

    expect(ids(nearest)).to.deep.equal(ids(peers.slice(0, K)))
    expect(lookups).to.equal(1)
  })

  it('believes that there are fewer than k for a minute, and that nobody has come for ten, or less if it is told so', () => {
    const peers = sortedTruth(peersNamed('peer', 100), KEY)

    for (const [count, minutes, most] of [[K - 1, 1, undefined], [K, 10, undefined], [K, 2, 2 * MINUTE], [K - 1, 0.5, MINUTE / 2], [K, 10, 60 * MINUTE]] as const) {
      const exploration = new Exploration<PeerKey>(K, most)
      const lookUp = (): PeerKey[] => peers.slice(0, count)

      expect(explore(exploration, KEY, lookUp, 0).lookups).to.equal(1)
      expect(explore(exploration, KEY, lookUp, minutes * MINUTE).lookups).to.equal(0)
      expect(explore(exploration, KEY, lookUp, minutes * MINUTE + 1).lookups).to.equal(1)
    }
  })

  it('names others in place of a peer that did not take what it was given', () => {
    const peers = sortedTruth(peersNamed('peer', 100), KEY)
    const exploration = new Exploration<PeerKey>(K)
    explore(exploration, KEY, () => peers.slice(0, K + 2))
    exploration.remove(peers[3])

    const { nearest } = explore(exploration, KEY, () => peers.filter((_, i) => i !== 3).slice(0, K + 2))

    expect(ids(nearest)).to.deep.equal(ids([...peers.slice(0, 3), ...peers.slice(4, K + 1)]))
  })
})
