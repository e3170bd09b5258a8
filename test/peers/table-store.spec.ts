import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { TableStore } from '../../src/peers/table-store.ts'
import { decodeContacts } from '../../src/query/contact.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { addresses, hashedId } from '../helpers/contacts.ts'
import { ids } from '../helpers/peer-keys.ts'
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
})
