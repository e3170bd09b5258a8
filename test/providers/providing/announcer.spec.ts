import { expect } from 'aegir/chai'
import { keyOf } from '../../../src/kademlia/key.ts'
import { contact } from '../../helpers/contacts.ts'
import { cidsOf } from '../../helpers/content.ts'
import { falseTime, HOUR, MINUTE, SECOND } from '../../helpers/false-time.ts'
import { multihashesOf, nameOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { ProvidingWorldInit } from '../../helpers/providing-world.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Until the sender gives it up. */
async function silence (_: Contact, { signal }: AbortOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new Error('it took too long')) }, 10 * SECOND)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

describe('announcing many keys', function () {
  this.timeout(60_000)

  let clock: Clock
  let random: () => number
  let world: ProvidingWorld

  beforeEach(() => {
    clock = falseTime()
    random = randomNumbers(SEED)
  })
  afterEach(async () => {
    await world.providers.stop()
    clock.restore()
  })

  async function announce (count: number, init: Partial<ProvidingWorldInit> = {}, prepare: (world: ProvidingWorld) => void = () => {}): Promise<Uint8Array[]> {
    world = new ProvidingWorld({ peers: peers(60), ...init })
    prepare(world)
    const cids = cidsOf(count, random)
    world.providers.start()
    world.online = false
    await world.providers.providing.add(cids)
    world.online = true
    world.providers.announce()
    await clock.tickAsync(30 * SECOND)

    return multihashesOf(cids)
  }

  it('tells each peer of all of its keys in one go, in pieces of 64 KiB at the most', async () => {
    await announce(500, { peers: peers(20), size: { peers: 20, error: 0.05 } })
    const pieces = new Map<string, number[]>()
    world.pieces.forEach(({ to, bytes }) => { pieces.set(to, [...pieces.get(to) ?? [], bytes]) })
    const [all] = world.pieces.map(({ to }) => world.pieces.filter(piece => piece.to === to).reduce((sum, { bytes }) => sum + bytes, 0))

    expect(pieces.size).to.equal(20)

    for (const sizes of pieces.values()) {
      sizes.forEach(size => { expect(size).to.be.at.most(64 * 1024) })
      // a batch for each sixteenth of the key space, or fewer
      expect(sizes.length).to.be.at.most(16 + Math.ceil(all / (64 * 1024)))
    }
  })

  it('asks a peer something behind sixteen keys and more, so that it is sure that it has read them', async () => {
    await announce(500)
    const batches = new Map<string, number>()
    world.pieces.forEach(({ to, count }) => { batches.set(to, Math.max(count, batches.get(to) ?? 0)) })
    const asked = new Set(world.requests.map(({ to }) => to))
    world.requests.forEach(({ request: { type } }) => { expect(type).to.equal('FIND_NODE') })
    batches.forEach((most, peer) => { expect(asked.has(peer)).to.equal(most >= 16) })
    expect(world.requests).to.have.lengthOf(world.pieces.filter(({ count }) => count >= 16).length)
    expect(asked.size).to.be.above(0)
  })

  it('asks nothing behind fifteen', async () => {
    const [cid] = await announce(1)
    expect(world.holders(cid)).to.have.lengthOf(20)
    expect(world.requests).to.have.lengthOf(0)
  })

  it('does not count what a peer has been sent and does not answer for', async () => {
    const multihashes = await announce(300, { peers: peers(30), size: { peers: 30, error: 0.05 } }, world => {
      // it takes whatever comes, and says nothing
      const mute = new Set(world.peers.slice(0, 25).map(({ id }) => id))
      world.onSend = async (to, options, names) => {
        if (mute.has(to.id) && names.length === 0) {
          await silence(to, options)
        }
      }
    })
    const { announced, failed, records } = world.providers.providing.status()
    expect(failed).to.be.above(0)
    expect(records).to.be.below(multihashes.length * 20)
    expect(announced).to.be.below(300)
  })

  /** A quarter of the peers does that to whatever it is sent. */
  async function announceAmong (fail: (to: Contact, options: AbortOptions) => void | Promise<void>): Promise<void> {
    let bad = new Set<string>()
    const multihashes = await announce(400, {}, world => {
      bad = new Set(world.peers.filter((_, i) => i % 4 === 0).map(({ id }) => id))
      world.onSend = async (to, options) => {
        if (bad.has(to.id)) {
          await fail(to, options)
        }
      }
    })
    await clock.tickAsync(10 * MINUTE)
    const { announced, neverAnnounced, records, error } = world.providers.providing.status()

    expect(announced).to.be.at.least(400)
    expect(neverAnnounced).to.equal(0)
    expect(error).to.be.a('string')
    expect(records).to.equal(world.told.length)
    expect(world.told.filter(({ to }) => bad.has(to))).to.deep.equal([])

    multihashes.forEach(multihash => { expect(world.holders(multihash)).to.include.members(world.nearest(multihash).filter(id => !bad.has(id))) })
  }

  it('tells all others at once where a quarter of the peers are silent, and counts what was not taken', async () => { await announceAmong(silence) })

  it('tells all others at once where a quarter of the peers fail, and counts what was not taken', async () => {
    await announceAmong(() => { throw new Error('the stream was reset') })
  })

  it('has others take the place of a peer that fails, for the keys that come after', async () => {
    let bad: string | undefined
    const multihashes = await announce(1_000, { peers: peers(60) }, world => {
      bad = world.peers[0].id
      world.onSend = to => {
        if (to.id === bad) {
          throw new Error('it is gone')
        }
      }
      // nobody finds it either
      world.answers = ({ id }) => id !== bad || world.lookups.length < 5
    })
    const affected = multihashes.filter(multihash => world.nearest(multihash).includes(String(bad)))
    const replaced = affected.filter(multihash => world.holders(multihash).length === 20)
    expect(affected.length).to.be.above(50)
    expect(replaced.length).to.be.above(affected.length / 2)
    multihashes.forEach(multihash => { expect(world.holders(multihash).length).to.be.at.least(19) })
  })

  it('tries keys again that less than half of their nearest took, and leaves those in peace that most took', async () => {
    let isFailing = true
    const multihashes = await announce(1, {}, world => {
      let count = 0
      world.onSend = () => {
        if (isFailing && count++ % 20 >= 9) {
          throw new Error('refused')
        }
      }
    })
    expect(world.providers.providing.status()).to.include({ announced: 0, failed: 1, due: 1, records: 9 })
    isFailing = false
    await clock.tickAsync(2 * MINUTE + 30 * SECOND)
    expect(world.providers.providing.status()).to.include({ announced: 1, failed: 1, due: 0 })
    expect(world.holders(multihashes[0]).length).to.be.at.least(20)
    const told = world.told.length
    await clock.tickAsync(HOUR)
    expect(world.told).to.have.lengthOf(told)
  })

  it('tells so many peers at once, and no more', async () => {
    let running = 0
    let most = 0
    await announce(200, { sweep: { concurrency: 7 } }, world => {
      world.onSend = async () => {
        most = Math.max(most, ++running)
        await new Promise(resolve => { setTimeout(resolve, 10) })
        running--
      }
    })
    expect(most).to.equal(7)
  })

  it('tells everyone in the region of a key that is crowded, and not the crowd alone', async () => {
    const honest = peers(400)
    const [cid] = cidsOf(1, random)
    const target = keyOf(cid.multihash.bytes)
    // twenty ids that begin with the same 48 bits as the key
    const crowd = Array.from({ length: 20 }, (_, i) => ({ ...contact(10_000 + i, '/ip4/66.6.6.6/tcp/4001'), key: [target[0], target[1] ^ (i + 1), ...target.slice(2)] }))
    world = new ProvidingWorld({ peers: [...honest, ...crowd], size: { peers: 400, error: 0.05 }, options: { region: 'auto' } })
    world.providers.start()
    const others = cidsOf(50, random)
    world.online = false
    await world.providers.providing.add([cid, ...others])
    world.online = true
    world.providers.announce()
    await clock.tickAsync(SECOND)

    const holders = new Set(world.holders(cid.multihash.bytes))
    const expected = new ProvidingWorld({ peers: honest }).nearest(cid.multihash.bytes)
    expect(crowd.every(({ id }) => holders.has(id))).to.equal(true)
    expect(expected.filter(id => holders.has(id)).length).to.be.at.least(15)
    others.forEach(({ multihash }) => { expect(world.holders(multihash.bytes).length).to.be.at.least(20) })
    expect(world.providers.providing.status()).to.include({ announced: 51, failed: 0, neverAnnounced: 0 })
  })

  it('tells the crowd alone where regions are not told', async () => {
    const [cid] = cidsOf(1, random)
    const target = keyOf(cid.multihash.bytes)
    const crowd = Array.from({ length: 20 }, (_, i) => ({ ...contact(10_000 + i, '/ip4/66.6.6.6/tcp/4001'), key: [target[0], target[1] ^ (i + 1), ...target.slice(2)] }))
    world = new ProvidingWorld({ peers: [...peers(400), ...crowd], size: { peers: 400, error: 0.05 } })
    world.providers.start()
    await world.providers.providing.add([cid])
    await clock.tickAsync(SECOND)
    expect(world.holders(cid.multihash.bytes)).to.have.members(crowd.map(({ id }) => id))
  })

  it('tells each of its batches of what became of each key, once', async () => {
    const multihashes = await announce(1_500, {}, world => {
      world.onSend = () => {
        if (random() < 0.3) {
          throw new Error('refused')
        }
      }
    })
    const first = new Map<string, number>()

    for (const { announced, failed } of world.batches) {
      expect(new Set([...announced, ...failed])).to.have.property('size', announced.length + failed.length)
      announced.forEach(({ multihash }) => { first.set(nameOf(multihash), (first.get(nameOf(multihash)) ?? 0) + 1) })
    }

    expect(Math.max(...first.values())).to.equal(1)
    expect(multihashes.length).to.be.at.least(first.size)
  })
})
