import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { builtIn } from '../../../src/values/built-in.ts'
import { getValue } from '../../../src/values/get.ts'
import { Publications } from '../../../src/values/publications.ts'
import { putValue } from '../../../src/values/put.ts'
import { Sequences } from '../../../src/values/sequences.ts'
import { readSigned } from '../../../src/values/signed/signed-record.ts'
import { SignedRecords } from '../../../src/values/signed/signed-records.ts'
import { heldBy } from '../../../src/values/value-in.ts'
import { peerIdOf } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { falseTime, HOUR, START } from '../../helpers/false-time.ts'
import { keyFor, ownerOf, signedBy } from '../../helpers/signed-records.ts'
import { WatchedDatastore } from '../../helpers/stored-records.ts'
import { turn } from '../../helpers/turns.ts'
import { replyWith, ValueWorld } from '../../helpers/value-world.ts'
import type { Publication } from '../../../src/values/publications.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { PeerId, PrivateKey } from '@libp2p/interface'

const LIFE = 47 * HOUR

function text (value: Uint8Array): string {
  return new TextDecoder().decode(value)
}

describe('the signed records of a node', () => {
  let clock: Clock
  let owner: PrivateKey
  let stranger: PrivateKey
  let id: PeerId
  let key: Uint8Array
  let world: ValueWorld
  let datastore: WatchedDatastore
  let publications: Publications
  let records: SignedRecords

  before(async () => {
    owner = await ownerOf(1)
    stranger = await ownerOf(2)
    key = keyFor(owner)
    id = peerIdOf(owner.publicKey.toMultihash().bytes)
  })

  beforeEach(() => {
    clock = falseTime()
    world = new ValueWorld({ ...builtIn({ signedRecordSize: 1_024, memberListSize: 10_240 }), k: 4, delay: 10 })
    datastore = new WatchedDatastore()
    publications = new Publications(new MemoryDatastore(), { prefix: '/dht/published', interval: 22 * HOUR, random: () => 0, log: defaultLogger().forComponent('test') })
    records = create()
    records.start()
  })
  afterEach(() => {
    records.stop()
    clock.restore()
  })

  function create (): SignedRecords {
    return new SignedRecords({
      privateKey: owner,
      sequences: new Sequences(datastore, '/dht/sequence'),
      publications,
      maxSize: 1_024,
      get: async (key, options) => getValue(key, world.needs, options),
      getSoon: async (key, options) => (await getValue(key, world.needs, options)).value,
      kept: async key => (await world.needs.store.kept(key))?.value,
      put: async (key, value, options) => putValue(key, value, world.needs, options),
      held: async (peer, key, options) => heldBy(peer, key, world.needs, options),
      toPeerId: peerIdOf
    })
  }

  /** Time passes until that is done; signing takes none. */
  async function soon <T> (promise: Promise<T>): Promise<T> {
    const state = { isDone: false }
    promise.finally(() => { state.isDone = true }).catch(() => {})

    while (!state.isDone) {
      await clock.tickAsync(10)
      await turn()
    }

    return promise
  }

  async function published (): Promise<Publication[]> {
    const found: Publication[] = []

    for await (const publication of publications.all()) {
      found.push(publication)
    }

    return found
  }

  /** What the nearest hold. */
  async function held (): Promise<string[]> {
    return Promise.all(world.nearest(key).map(async holder => {
      const value = await holder.held(key)

      return value == null ? 'nothing' : `${readSigned(value).record.seq} ${text(readSigned(value).record.value)}`
    }))
  }

  /** The nearest says that it holds that, whatever it is asked and given. */
  function answerWith (lie: Uint8Array): void {
    world.nearest(key)[0].answer = ({ type }) => type === 'PUT_VALUE' || type === 'GET_VALUE' ? replyWith(key, lie) : undefined
  }

  async function give (seq: bigint, value: string, more = {}): Promise<void> {
    const bytesOf = await signedBy(owner, { seq, expires: Date.now() + HOUR, value: bytes(value), ...more })
    await Promise.all(world.nearest(key).map(async holder => holder.give(key, bytesOf)))
  }

  it('are published with a number that grows, and resolved by anyone', async () => {
    const first = await soon(records.publish('name', bytes('one')))
    expect(first).to.include({ seq: 1n, name: 'name', ttl: 3_600 })
    expect(first.expires).to.be.within(START + LIFE, START + LIFE + HOUR)
    expect(first.stored).to.have.lengthOf(4)
    expect((await soon(records.publish('name', bytes('two')))).seq).to.equal(2n)
    expect(text((await soon(records.resolve(id, 'name', { useCache: false }))).value)).to.equal('two')
    expect(await held()).to.deep.equal(new Array(4).fill('2 two'))
  })

  it('are numbered higher than what others have, also what turns up only on the way', async () => {
    await give(7n, 'old')
    expect((await soon(records.publish('name', bytes('new')))).seq).to.equal(8n)

    const [first] = world.nearest(key)
    const better = await signedBy(owner, { seq: 40n, expires: Date.now() + HOUR })
    // it says so only when it is given one
    first.answer = ({ type }) => type === 'PUT_VALUE' ? undefined : {}
    await first.give(key, better)
    expect((await soon(records.publish('name', bytes('newer')))).seq).to.equal(41n)
    expect(await held()).to.deep.equal(new Array(4).fill('41 newer'))
  })

  it('are not numbered by what a liar says: a record that is forged, of another, or none', async () => {
    const forged = await signedBy(owner, { seq: 1_000n, expires: Date.now() + HOUR })
    forged[forged.byteLength - 1] ^= 1
    const foreign = await signedBy(stranger, { key: keyFor(stranger), seq: 1_000n, expires: Date.now() + HOUR })

    for (const lie of [forged, foreign, bytes('none')]) {
      answerWith(lie)
      const { seq, failed } = await soon(records.publish('name', bytes('new')))
      expect(seq < 10n).to.equal(true)
      expect(failed).to.have.lengthOf(1)
    }
  })

  it('are given up when others always have a higher number', async () => {
    let seq = 100n
    world.nearest(key)[0].answer = async ({ type }) => {
      if (type === 'PUT_VALUE') {
        seq += 100n

        return replyWith(key, await signedBy(owner, { seq, expires: Date.now() + HOUR }))
      }
    }
    await expect(soon(records.publish('name', bytes('new')))).to.eventually.be.rejected.with.property('name', 'RecordConflictError')
  })

  it('have their number kept before anything is sent, and nothing is sent when that fails', async () => {
    datastore.before = operation => {
      if (operation === 'put') {
        expect(world.sentOf('PUT_VALUE')).to.deep.equal([])
        throw new Error('the disk is gone')
      }
    }
    await expect(soon(records.publish('name', bytes('one')))).to.eventually.be.rejectedWith('the disk is gone')
    expect(world.sentOf('PUT_VALUE')).to.deep.equal([])
    expect(await world.store.get(key)).to.equal(undefined)
  })

  it('never have a number twice, though nobody remembers the last one but this node', async () => {
    await soon(records.publish('name', bytes('one')))
    world = new ValueWorld({ ...builtIn({ signedRecordSize: 1_024, memberListSize: 10_240 }), k: 4, delay: 10 })
    records = create()
    records.start()
    expect((await soon(records.publish('name', bytes('two')))).seq).to.equal(2n)
  })

  it('are refused when they are too long, and nothing is sent', async () => {
    await expect(soon(records.publish('name', new Uint8Array(1_000)))).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    expect(world.sentOf('PUT_VALUE')).to.deep.equal([])
  })

  it('are gone when they are removed, until they are published again', async () => {
    await soon(records.publish('name', bytes('one')))
    await soon(records.remove('name'))
    expect(await published()).to.deep.equal([])
    expect(await held()).to.deep.equal(new Array(4).fill('2 '))
    await expect(soon(records.resolve(id, 'name'))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    // who was away has the old one still, and does not bring it back
    await world.nearest(key)[0].give(key, await signedBy(owner, { seq: 1n, expires: Date.now() + HOUR }))
    await expect(soon(records.resolve(id, 'name'))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    await soon(records.publish('name', bytes('again')))
    expect(text((await soon(records.resolve(id, 'name'))).value)).to.equal('again')
  })

  it('are changed on top of what is there, and not at all when there is nothing to change', async () => {
    await give(4n, 'a')
    const result = await soon(records.update('name', value => bytes(`${text(value ?? bytes(''))}b`)))
    expect(result).to.include({ seq: 5n })
    expect(await held()).to.deep.equal(new Array(4).fill('5 ab'))
    expect(text(readSigned((await world.store.get(key))?.value ?? bytes('')).record.value)).to.equal('ab')
    expect(await soon(records.update('name', () => undefined))).to.equal(undefined)
    await soon(records.remove('name'))
    await soon(records.update('name', value => bytes(value == null ? 'first' : 'second')))
    expect((await held())[0]).to.include('first')
  })

  it('are changed one after another by one node, however many changes come at once', async () => {
    await soon(Promise.all(['a', 'b', 'c', 'd'].map(async name => records.update('name', value => bytes(`${value == null ? '' : text(value)}${name}`)))))
    expect((await held())[0]).to.equal('4 abcd')
  })

  it('leave nothing on this node of a change that reached nobody', async () => {
    world.holders.forEach(holder => { holder.answer = ({ type }) => type === 'PUT_VALUE' ? new Error('full') : undefined })
    await expect(soon(records.update('name', () => bytes('a')))).to.eventually.be.rejectedWith('took it')
    expect(await world.store.get(key)).to.equal(undefined)
  })

  describe('published again', () => {
    const { signal } = new AbortController()

    it('are signed anew, with a higher number and a later end, and the same in all else', async () => {
      const first = await soon(records.publish('name', bytes('one'), { ttl: 7 }))
      await clock.tickAsync(22 * HOUR)
      const [publication] = await published()
      await soon(records.renew(publication, signal))
      const again = await soon(records.resolve(id, 'name', { useCache: false }))

      expect(again).to.include({ seq: 2n, ttl: 7 })
      expect(text(again.value)).to.equal('one')
      expect(again.expires).to.be.at.least(first.expires + 22 * HOUR)
      expect((await published())[0].due).to.be.above(publication.due)
    })

    it('end when their owner said, and are not published any more then', async () => {
      await soon(records.publish('name', bytes('one'), { expires: START + 60 * HOUR }))
      await clock.tickAsync(22 * HOUR)
      const [publication] = await published()
      await soon(records.renew(publication, signal))
      expect((await soon(records.resolve(id, 'name'))).expires).to.equal(START + 60 * HOUR)
      await clock.tickAsync(40 * HOUR)
      await soon(records.renew(publication, signal))
      expect(await published()).to.deep.equal([])
    })

    it('live on when their owner said that they never end', async () => {
      await soon(records.publish('name', bytes('one'), { expires: Infinity }))
      await clock.tickAsync(22 * HOUR)
      const [publication] = await published()
      await soon(records.renew(publication, signal))
      expect((await soon(records.resolve(id, 'name'))).expires).to.be.above(Date.now() + 46 * HOUR)
    })

    it('are put as they are when they are of another\'s key, for which this node can not sign', async () => {
      key = keyFor(stranger)
      const first = await soon(records.publish('name', bytes('theirs'), { privateKey: stranger }))
      await clock.tickAsync(22 * HOUR)
      world.sent.length = 0
      const [publication] = await published()
      await soon(records.renew(publication, signal))
      expect(world.sentOf('PUT_VALUE')).to.have.lengthOf(4)
      expect(await held()).to.deep.equal(new Array(4).fill(`${first.seq} theirs`))
      expect((await published())[0].publishedAt).to.be.above(publication.publishedAt)
      key = keyFor(owner)
    })

    it('are what others of the owner have written since, not what this node has', async () => {
      await soon(records.publish('name', bytes('mine')))
      await give(9n, 'theirs')
      await soon(records.renew((await published())[0], signal))
      expect(await held()).to.deep.equal(new Array(4).fill('10 theirs'))
    })

    it('are not brought back when the owner has removed them by another node', async () => {
      await soon(records.publish('name', bytes('one')))
      await give(9n, '', { rule: 'TOMBSTONE', value: new Uint8Array(0) })
      await soon(records.renew((await published())[0], signal))
      expect(await published()).to.deep.equal([])
      expect(await held()).to.deep.equal(new Array(4).fill('9 '))
    })

    it('are brought back when this node was away for longer than they live', async () => {
      await soon(records.publish('name', bytes('one')))
      await clock.tickAsync(100 * HOUR)
      await expect(soon(records.resolve(id, 'name'))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
      await soon(records.renew((await published())[0], signal))
      expect(await held()).to.deep.equal(new Array(4).fill('2 one'))
    })

    it('no more, once they were published to lapse', async () => {
      await soon(records.publish('name', bytes('one')))
      await soon(records.publish('name', bytes('two'), { republish: false }))
      expect(await published()).to.deep.equal([])
    })

    it('not if they are too long: nothing of them is remembered', async () => {
      await expect(soon(records.publish('name', new Uint8Array(2_000)))).to.eventually.be.rejectedWith('over the limit')
      expect(await published()).to.deep.equal([])
    })
  })

  it('are given to nobody, and asked of nobody, by a node that does not run', async () => {
    records.stop()

    for (const call of [async () => records.publish('name', bytes('a')), async () => records.resolve(id, 'name'), async () => records.update('name', () => bytes('a')), async () => records.remove('name'), async () => records.watch(id, 'name')[Symbol.asyncIterator]().next()]) {
      await expect(call()).to.eventually.be.rejected.with.property('name', 'NotStartedError')
    }

    expect(world.sent).to.deep.equal([])
  })

  it('are watched until the node stops', async () => {
    await soon(records.publish('name', bytes('one')))
    const seen: string[] = []
    const watching = (async () => {
      for await (const { value, removed } of records.watch(id, 'name', { minInterval: 1_000 })) {
        seen.push(removed ? 'removed' : text(value))
      }
    })().catch(error => error)

    await clock.tickAsync(1_000)
    await soon(records.publish('name', bytes('two')))
    await clock.tickAsync(10_000)
    await soon(records.remove('name'))
    await clock.tickAsync(20_000)
    expect(seen).to.deep.equal(['one', 'two', 'removed'])
    records.stop()
    expect(await watching).to.have.property('name', 'NotStartedError')
    expect(clock.countTimers()).to.equal(0)
  })
})
