import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { TableStore } from '../../src/peers/table-store.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { addresses, hashedId } from '../helpers/contacts.ts'

const KEY = new Key('/dht/routing-table')

function peers (count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => encodePeer(hashedId(i), addresses(2)))
}

describe('the saved table', () => {
  it('comes back as it was, addresses included', async () => {
    const store = new TableStore(new MemoryDatastore(), '/dht', 100)
    await store.save(peers(30))
    const loaded = await store.load()

    expect(loaded.map(({ multihash }) => [...multihash])).to.deep.equal(Array.from({ length: 30 }, (_, i) => [...hashedId(i)]))
    expect(loaded.every(({ addrs }) => addrs.length === 2)).to.equal(true)
  })

  it('is empty at first', async () => {
    expect(await new TableStore(new MemoryDatastore(), '/dht', 100).load()).to.deep.equal([])
  })

  it('has no more peers than its limit, whatever is there', async () => {
    const datastore = new MemoryDatastore()
    await new TableStore(datastore, '/dht', 100).save(peers(50))

    expect(await new TableStore(datastore, '/dht', 10).load()).to.have.length(10)
    await new TableStore(datastore, '/dht', 5).save(peers(50))
    expect(await new TableStore(datastore, '/dht', 100).load()).to.have.length(5)
  })

  it('is of use up to where it is damaged', async () => {
    const datastore = new MemoryDatastore()
    const store = new TableStore(datastore, '/dht', 100)
    await store.save(peers(10))
    const whole = await datastore.get(KEY)

    for (let length = 0; length <= whole.byteLength; length++) {
      await datastore.put(KEY, whole.slice(0, length))
      expect((await store.load()).length).to.equal(Math.floor(length / (whole.byteLength / 10)))
    }

    await datastore.put(KEY, new Uint8Array(1_000).fill(0xff))
    expect(await store.load()).to.deep.equal([])
  })
})
