import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { compareKeys, keyBytes, keyFromDigest, keyOf } from '../../../src/kademlia/key.ts'
import { contact } from '../../helpers/contacts.ts'
import { cidsOf } from '../../helpers/content.ts'
import { falseTime, HOUR, MINUTE } from '../../helpers/false-time.ts'
import { CYCLE, multihashesOf, nameOf, ProvidingWorld } from '../../helpers/providing-world.ts'
import { checkAsync, pick, randomBytes, randomNumbers, SEED } from '../../helpers/random.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { CID } from 'multiformats/cid'

/** A key that was announced may be announced again so long after at the latest: a cycle and a quarter, and a moment of chance. */
const LATEST = 1.25 * CYCLE + 5 * MINUTE

/** Content in the order of the key space: what lies together here lies together there. */
const CONTENT = cidsOf(20_000, randomNumbers(SEED))
  .map(cid => ({ cid, key: keyOf(cid.multihash.bytes) }))
  .sort((a, b) => compareKeys(a.key, b.key))
  .map(({ cid }) => cid)

interface Case {
  peers: number
  k: number
  /** bits that the keys of all peers have in common */
  prefix: number
  keys: number
  /** the keys lie side by side */
  clustered: boolean
  /** shares of what fails, for some hours */
  lookups: number
  answers: number
  sends: number
  seed: number
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  peers: fc.integer({ min: 1, max: 100 }),
  k: fc.integer({ min: 1, max: 20 }),
  prefix: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
  keys: fc.integer({ min: 1, max: 40 }),
  clustered: fc.boolean(),
  lookups: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.9, noNaN: true })),
  answers: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.9, noNaN: true })),
  sends: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.9, noNaN: true })),
  seed: fc.integer()
})

/** Peers whose keys begin with the same bits. */
function peersWithin ({ peers, prefix, seed }: Case): Contact[] {
  const random = randomNumbers(seed)
  const shared = randomBytes(random, 32)

  return Array.from({ length: peers }, (_, i) => {
    const digest = randomBytes(random, 32)

    for (let bit = 0; bit < prefix; bit++) {
      const mask = 0x80 >> (bit % 8)
      digest[bit >> 3] = (digest[bit >> 3] & ~mask) | (shared[bit >> 3] & mask)
    }

    return { ...contact(i + 1, '/ip4/10.0.0.1/tcp/4001'), key: keyFromDigest(digest) }
  })
}

function contentOf ({ keys, clustered, seed }: Case): CID[] {
  const random = randomNumbers(seed + 1)
  const first = pick(random, CONTENT.length - keys)

  return clustered ? CONTENT.slice(first, first + keys) : Array.from({ length: keys }, () => CONTENT[pick(random, CONTENT.length)])
}

describe('no key is ever dropped', function () {
  this.timeout(120_000)

  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  /** While things fail, and for three cycles after. */
  async function provide (init: Case, region: 'off' | 'auto' = 'off'): Promise<{ world: ProvidingWorld, multihashes: Uint8Array[], from: number }> {
    const random = randomNumbers(init.seed + 2)
    const world = new ProvidingWorld({ peers: peersWithin(init), k: init.k, random, options: { region } })
    const cids = contentOf(init)
    let isFailing = true
    const maybeFail = (share: number): void => {
      if (isFailing && random() < share) {
        throw new Error('it failed')
      }
    }
    world.onLookup = () => { maybeFail(init.lookups) }
    world.answers = () => !isFailing || random() >= init.answers
    world.onSend = () => { maybeFail(init.sends) }
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(3 * HOUR)
    isFailing = false
    // what was learned of the network is forgotten
    await clock.tickAsync(HOUR)
    const from = Date.now()
    await clock.tickAsync(3 * CYCLE)
    await world.providers.stop()

    return { world, multihashes: multihashesOf([...new Set(cids)]), from }
  }

  it('each is announced to all that are truly nearest to it, in every cycle and not more than twice, whatever has failed before, however the peers and the keys are spread', async () => {
    await checkAsync(fc.asyncProperty(anyCase, async init => {
      const { world, multihashes, from } = await provide(init)

      for (const multihash of multihashes) {
        const all = world.announcements(multihash)
        const times = all.filter(at => at >= from)
        // when nothing failed before it may have been announced just before
        const gaps = [...times, from + 3 * CYCLE].map((at, i) => at - (times[i - 1] ?? Math.max(from - HOUR, ...all.filter(at => at < from))))

        expect(Math.max(...gaps), 'the longest time without an announcement').to.be.at.most(LATEST + HOUR)
        expect(times.length, 'announcements in three cycles').to.be.within(2, 6)
        expect(world.holders(multihash, from)).to.have.members(world.nearest(multihash))
      }
    }), 80)
  })

  it('each is announced the same way where the regions of crowded keys are told, too', async () => {
    await checkAsync(fc.asyncProperty(anyCase, async init => {
      const { world, multihashes, from } = await provide({ ...init, keys: Math.min(10, init.keys) }, 'auto')
      multihashes.forEach(multihash => { expect(world.holders(multihash, from)).to.include.members(world.nearest(multihash)) })
    }), 20)
  })

  it('each is announced to somebody while much fails, as soon as somebody takes it', async () => {
    const init = { peers: 60, k: 20, prefix: 0, keys: 200, clustered: false, lookups: 0.5, answers: 0, sends: 0.5, seed: 1 }
    const { world, multihashes, from } = await provide(init)
    multihashes.forEach(multihash => { expect(world.announcements(multihash)[0]).to.be.below(from - HOUR) })
  })

  it('a key that was removed is told of no more, not even by what was under way', async () => {
    await checkAsync(fc.asyncProperty(anyCase, fc.double({ min: 0, max: 1, noNaN: true }), async (init, when) => {
      const world = new ProvidingWorld({ peers: peersWithin(init), k: init.k })
      const { providing } = world.providers
      const cids = contentOf(init)
      const [removed] = cids
      const end = Math.floor(when * init.keys * Math.min(init.k, init.peers))
      let count = 0
      let isRemoved = false
      let removing: Promise<void> | undefined
      const toldOf: string[] = []
      world.onSend = async (to, options, names) => {
        if (isRemoved) {
          toldOf.push(...names)
        }

        if (count++ >= end) {
          await (removing ??= providing.remove([removed]).then(() => { isRemoved = true }))
        }
      }
      world.providers.start()
      await providing.add(cids)
      await clock.tickAsync(HOUR)

      if (!isRemoved) {
        await providing.remove([removed])
        isRemoved = true
      }

      await clock.tickAsync(2 * CYCLE)
      await world.providers.stop()
      expect(toldOf).to.not.include(nameOf(removed.multihash.bytes))
      expect(await providing.has(removed)).to.equal(false)
      expect(providing.status().keys).to.equal(new Set(cids).size - 1)
      multihashesOf(cids.filter(cid => cid !== removed)).forEach(multihash => { expect(world.holders(multihash)).to.include.members(world.nearest(multihash)) })
    }), 50)
  })

  it('a key that is cancelled and provided again is announced again', async () => {
    const world = new ProvidingWorld({ peers: peersWithin({ peers: 30, prefix: 0, seed: 3 } as Case), k: 20 })
    const [cid] = CONTENT
    world.providers.start()
    await world.providers.providing.add([cid])
    await clock.tickAsync(MINUTE)
    await world.providers.cancel(cid.multihash.bytes)
    await clock.tickAsync(2 * CYCLE)
    const before = world.announcements(cid.multihash.bytes).length
    await world.providers.providing.add([cid])
    await clock.tickAsync(MINUTE)
    await world.providers.stop()
    expect([before, world.announcements(cid.multihash.bytes).length]).to.deep.equal([1, 2])
  })

  it('keys of peers are as they were meant to be', () => {
    const [a, b] = peersWithin({ peers: 2, prefix: 30, seed: 5 } as Case)
    expect(keyBytes(a.key).slice(0, 3)).to.deep.equal(keyBytes(b.key).slice(0, 3))
    expect(keyBytes(a.key)).to.not.deep.equal(keyBytes(b.key))
  })
})
