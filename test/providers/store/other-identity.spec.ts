// A datastore that a node had under another identity: libp2p without a private key makes a new one at each start.

import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import Sinon from 'sinon'
import { ProviderStore } from '../../../src/providers/store/provider-store.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { BIN, providersOf, readProviders, VALIDITY } from '../../helpers/stored-providers.ts'

const CONTENTS = Array.from({ length: 10 }, (_, i) => bytes(`${i}`))

describe('the store of providers of a node that had another identity', () => {
  let clock: Sinon.SinonFakeTimers
  let datastore: MemoryDatastore

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
    datastore = new MemoryDatastore()
  })

  afterEach(() => {
    clock.restore()
  })

  /** That of the node as it is called at its nth start. */
  async function open (identity: number): Promise<ProviderStore> {
    const store = new ProviderStore(datastore, contact(identity), { prefix: '/dht/provider', validity: VALIDITY, maxProvidersPerKey: 100, maxRecords: 1_000, cacheSize: 10 })
    await store.collect()

    return store
  }

  async function provideAll (store: ProviderStore, identity: number, announcedAt: number): Promise<void> {
    await Promise.all(CONTENTS.map(async content => store.add(content, { contact: contact(identity), announcedAt })))
  }

  async function ownOf (store: ProviderStore): Promise<number> {
    let count = 0

    for await (const { announcedAt } of store.own()) {
      count += announcedAt >= 0 ? 1 : 0
    }

    return count
  }

  it('tells of what the other provided until that lapses, and provides none of it itself', async () => {
    await provideAll(await open(1), 1, Date.now())
    clock.tick(VALIDITY - 1)
    const store = await open(2)

    expect(await ownOf(store)).to.equal(0)
    expect(store.counts.records).to.equal(CONTENTS.length)
    expect(await providersOf(store, CONTENTS[0])).to.deep.equal([1])
    clock.tick(1)
    expect(await providersOf(store, CONTENTS[0])).to.deep.equal([])
    clock.tick(2 * BIN)
    await store.collect()
    expect((await readProviders(datastore)).records.size).to.equal(0)
    expect(store.counts.records).to.equal(0)
  })

  it('has no more on the disk at its fifth start than what it provides now, where nothing was ever announced', async () => {
    for (const identity of [1, 2, 3, 4, 5]) {
      const store = await open(identity)
      await provideAll(store, identity, 0)
      await store.collect()
      const { records, entries } = await readProviders(datastore)

      expect(records.size).to.equal(CONTENTS.length)
      expect([...entries.keys()]).to.have.members([...records.keys()])
      expect(await ownOf(store)).to.equal(CONTENTS.length)
      expect(await providersOf(store, CONTENTS[0])).to.deep.equal([identity])
    }
  })

  it('keeps what it provides itself however long it is, at any start as the same', async () => {
    await provideAll(await open(1), 1, 0)
    clock.tick(100 * VALIDITY)

    expect(await ownOf(await open(1))).to.equal(CONTENTS.length)
  })
})
