import { expect } from 'aegir/chai'
import { compareDistance, keyOf } from '../../../src/kademlia/key.ts'
import { QueryManager } from '../../../src/query/manager.ts'
import { UndialableError } from '../../../src/wire/errors.ts'
import { encodePeer, idOf } from '../../../src/wire/peer.ts'
import { cidsOf } from '../../helpers/content.ts'
import { multihashesOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { CID } from 'multiformats/cid'

const K = 20
const PEERS = 1_000
const KEYS = 50

interface World {
  world: ProvidingWorld
  cids: CID[]
  /** those of the nearest k that this node can dial */
  reachable (multihash: Uint8Array): string[]
}

/** A node that makes real lookups in a network of which it cannot dial everybody; the others can. */
function createWorld (share: number): World {
  const random = randomNumbers(SEED)
  const all = peers(PEERS)
  const byId = new Map(all.map(peer => [peer.id, peer]))
  const undialable = new Set(all.filter(() => random() < share).map(({ id }) => id))
  const table = all.filter(({ id }) => !undialable.has(id)).filter((_, i) => i % 5 === 0)
  const queries = new QueryManager({ k: K, alpha: 10, disjointPaths: 1, maxQueries: 100, maxAsked: 500, firstPeerTimeout: 0 }, {
    self: 'self',
    closest: (target, n) => nearest(target, table, n),
    expected: () => undefined,
    request: async (to, { type, key }) => {
      await Promise.resolve()

      if (undialable.has(to.id)) {
        throw new UndialableError('no address')
      }

      const target = byId.get(idOf(key))?.key ?? keyOf(key)

      return { type, key, providers: [], closer: nearest(target, all, K).map(({ multihash, addrs }) => encodePeer(multihash, addrs)) }
    },
    slowAfter: () => 1_000,
    overdueAfter: () => 1_000,
    onSilent: () => {},
    firstPeer: async () => {},
    onLookup: () => {}
  })
  queries.start()
  // it knows how many there are, so that few cannot pass for all
  const knowing = { k: K, networkSize: { peers: PEERS, error: 0.05 }, requireStarted: queries.requireStarted.bind(queries), run: queries.run.bind(queries) }

  return {
    world: new ProvidingWorld({ peers: all, k: K, queries: knowing as unknown as QueryManager }),
    // neighbours, so that what one lookup finds is taken for many
    cids: cidsOf(16 * KEYS, random).filter(({ multihash }) => keyOf(multihash.bytes)[0] >>> 28 === 7),
    reachable: multihash => nearest(keyOf(multihash), all, K).map(({ id }) => id).filter(id => !undialable.has(id))
  }
}

function nearest (target: Key, of: readonly Contact[], n: number): Contact[] {
  return [...of].sort((a, b) => compareDistance(a.key, b.key, target)).slice(0, n)
}

describe('announcing where not everybody can be dialled', function () {
  this.timeout(60_000)

  async function announce ({ world, cids }: World): Promise<void> {
    world.providers.start()
    await world.providers.providing.add(cids)
    const { announced, failed } = await world.providers.providing.announce()
    await world.providers.stop()

    expect({ announced, failed }).to.deep.equal({ announced: cids.length, failed: 0 })
  }

  for (const share of [0.3, 0.6]) {
    it(`tells those of the nearest that can be dialled, where ${100 * share} % of the network cannot`, async () => { await tellThoseThatCan(share) })
  }

  async function tellThoseThatCan (share: number): Promise<void> {
    const created = createWorld(share)
    await announce(created)

    multihashesOf(created.cids).forEach(multihash => {
      const holders = new Set(created.world.holders(multihash))
      const first = created.reachable(multihash).slice(0, 5)
      expect(first.filter(id => holders.has(id))).to.have.lengthOf(first.length)
    })
  }

  it('tells others in the place of the nearest where hardly any of these can be dialled', async () => {
    const created = createWorld(0.9)
    const { world, cids, reachable } = created
    await announce(created)

    expect(Math.min(...multihashesOf(cids).map(multihash => reachable(multihash).length))).to.be.below(3)
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash).length).to.be.at.least(K / 4) })
  })
})
