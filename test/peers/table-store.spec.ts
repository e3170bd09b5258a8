import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import { Key } from 'interface-datastore/key'
import { TableStore } from '../../src/peers/table-store.ts'
import { decodeContacts } from '../../src/query/contact.ts'
import { frame } from '../../src/wire/frame.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { addresses, hashedId } from '../helpers/contacts.ts'
import { ids } from '../helpers/peer-keys.ts'
import { checkAsync } from '../helpers/random.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Datastore } from 'interface-datastore'

const KEY = new Key('/dht/routing-table')

function peers (count: number, from = 0): Contact[] {
  return decodeContacts(Array.from({ length: count }, (_, i) => encodePeer(hashedId(from + i), addresses(2))), count)
}

function storeIn (datastore: Datastore, most = 100, enough = 0): TableStore {
  return new TableStore(datastore, { prefix: '/dht', most, enough })
}

describe('the saved table', () => {
  it('comes back as it was, addresses included', async () => {
    const store = storeIn(new MemoryDatastore(), 100)
    await store.save(peers(30))
    const loaded = await store.load()

    expect(loaded.map(({ multihash }) => [...multihash])).to.deep.equal(Array.from({ length: 30 }, (_, i) => [...hashedId(i)]))
    expect(loaded.every(({ addrs }) => addrs.length === 2)).to.equal(true)
  })

  it('is empty at first', async () => {
    expect(await storeIn(new MemoryDatastore(), 100).load()).to.deep.equal([])
  })

  it('has no more peers than its limit, whatever is there', async () => {
    const datastore = new MemoryDatastore()
    await storeIn(datastore, 100).save(peers(50))

    expect(await storeIn(datastore, 10).load()).to.have.length(10)
    await storeIn(datastore, 5).save(peers(50))
    expect(await storeIn(datastore, 100).load()).to.have.length(5)
  })

  it('is of use up to where it is damaged', async () => {
    const datastore = new MemoryDatastore()
    const store = storeIn(datastore, 100)
    await store.save(peers(10))
    const whole = await datastore.get(KEY)

    for (let length = 0; length <= whole.byteLength; length++) {
      await datastore.put(KEY, whole.slice(0, length))
      expect((await store.load()).length).to.equal(Math.floor(length / (whole.byteLength / 10)))
    }

    await datastore.put(KEY, new Uint8Array(1_000).fill(0xff))
    expect(await store.load()).to.deep.equal([])
  })

  it('keeps those of earlier times beside too few', async () => {
    const store = storeIn(new MemoryDatastore(), 100, 8)
    await store.save(peers(10))
    await store.save(peers(3, 20))
    expect(ids(await store.load())).to.deep.equal(ids([...peers(3, 20), ...peers(5)]))

    await store.save(peers(8, 40))
    expect(ids(await store.load())).to.deep.equal(ids(peers(8, 40)))
  })

  it('has no more than its limit either when it keeps those of earlier times', async () => {
    const datastore = new MemoryDatastore()
    await storeIn(datastore, 100, 0).save(peers(50))
    await storeIn(datastore, 5, 40).save(peers(2, 60))

    expect((await storeIn(datastore, 1_000).load()).length).to.be.at.most(40)
    expect(await storeIn(datastore, 5, 40).load()).to.have.length(5)
  })

  it('keeps nobody of earlier times twice', async () => {
    const store = storeIn(new MemoryDatastore(), 100, 8)
    await store.save(peers(6))
    await store.save(peers(3, 4))

    expect(ids(await store.load())).to.deep.equal(ids([...peers(3, 4), ...peers(4)]))
  })

  it('is the old or the new one whenever the power fails', async () => {
    const datastore = new MemoryDatastore()
    const store = storeIn(datastore)
    await store.save(peers(10))
    const { put } = datastore
    let puts = 0
    datastore.put = () => {
      puts++
      throw new Error('the power fails')
    }

    await expect(store.save(peers(10, 20))).to.eventually.be.rejectedWith('the power fails')
    expect(puts).to.equal(1)
    expect(ids(await store.load())).to.deep.equal(ids(peers(10)))
    datastore.put = put
    await store.save(peers(10, 20))
    expect(ids(await store.load())).to.deep.equal(ids(peers(10, 20)))
  })

  it('can be read whatever its bytes are, and then replaced', async () => {
    const datastore = new MemoryDatastore()
    const store = storeIn(datastore, 100, 20)
    await store.save(peers(10))
    const whole = await datastore.get(KEY)

    await checkAsync(fc.asyncProperty(fc.nat(whole.byteLength - 1), fc.nat(255), async (at, byte) => {
      const damaged = whole.slice()
      damaged[at] = byte
      await datastore.put(KEY, damaged)
      const loaded = await store.load()
      expect(loaded.length).to.be.at.most(100)

      // those that come whole are still there
      const known = new Set(ids(peers(10)))
      expect(loaded.filter(({ id }) => !known.has(id)).length).to.be.at.most(1)
      await store.save(peers(5, 50))
      expect(ids(await store.load()).slice(0, 5)).to.deep.equal(ids(peers(5, 50)))
    }), 200)

    await checkAsync(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => {
      await datastore.put(KEY, bytes)
      expect(await store.load()).to.be.an('array')
    }), 200)
  })

  it('is of use past a peer that is no peer', async () => {
    const datastore = new MemoryDatastore()
    const [first, second] = peers(2).map(({ multihash, addrs }) => frame(encodePeer(multihash, addrs)))
    await datastore.put(KEY, Uint8Array.from([...first, ...frame(Uint8Array.of(1, 2, 3)), ...second]))

    expect(ids(await storeIn(datastore).load())).to.deep.equal(ids(peers(2)))
  })

  it('is not taken for empty when the datastore fails', async () => {
    const datastore = new MemoryDatastore()
    datastore.get = () => { throw new Error('the disk is gone') }

    await expect(storeIn(datastore).load()).to.eventually.be.rejectedWith('the disk is gone')
    await expect(storeIn(datastore, 100, 8).save(peers(3))).to.eventually.be.rejectedWith('the disk is gone')
  })
})
