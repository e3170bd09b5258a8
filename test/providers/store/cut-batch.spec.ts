// Several changes of one announcement in one batch, which a datastore writes in parts, and which is cut off.

import { expect } from 'aegir/chai'
import Sinon from 'sinon'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { announce, BIN, createStore, readProviders } from '../../helpers/stored-providers.ts'
import { WatchedDatastore } from '../../helpers/stored-records.ts'

const CONTENT = bytes('content')

describe('a batch of the store of providers that is cut off', () => {
  let clock: Sinon.SinonFakeTimers

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
  })

  afterEach(() => {
    clock.restore()
  })

  /** The announcement is made again and deleted at once, with so many writes before the power fails. */
  async function expectIndexed (writes: number): Promise<void> {
    let left = Infinity
    const disk = new WatchedDatastore(operation => {
      if ((operation === 'put' || operation === 'delete') && left-- <= 0) {
        throw new Error('no power')
      }
    })
    const store = createStore(disk)
    await store.collect()
    await announce(store, 1, CONTENT)
    clock.tick(2 * BIN)
    left = writes
    await Promise.allSettled([announce(store, 1, CONTENT), store.remove(CONTENT, contact(1))])
    const { records, entries } = await readProviders(disk.memory)

    expect([...records.keys()].filter(tail => !entries.has(tail))).to.deep.equal([])
  }

  for (const writes of [0, 1, 2, 3]) {
    it(`leaves no record without an entry when what is deleted was made again just before, after ${writes} writes`, async () => expectIndexed(writes))
  }
})
