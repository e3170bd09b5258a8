import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import Sinon from 'sinon'
import { ProviderStore } from '../../src/providers/provider-store.ts'
import { createReprovider } from '../../src/providers/reprovider.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import type { Reprovider } from '../../src/providers/reprovider.ts'

const HOUR = 3_600_000
const SELF = contact(1)

describe('announcing again', () => {
  let clock: Sinon.SinonFakeTimers
  let store: ProviderStore
  let announced: string[]
  let failing: boolean
  let reprovider: Reprovider

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_000_000_000_000, toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    store = new ProviderStore(new MemoryDatastore(), SELF, {
      prefix: '/dht/provider', validity: 48 * HOUR, maxProvidersPerKey: 10, maxRecords: 10, cacheSize: 10
    })
    announced = []
    failing = false
    reprovider = createReprovider({ concurrency: 2, maxQueueSize: 2, interval: HOUR, validity: 48 * HOUR, threshold: 26 * HOUR }, {
      store,
      provide: async multihash => {
        announced.push(new TextDecoder().decode(multihash))

        if (failing) {
          throw new Error('nobody there')
        }

        await store.add(multihash, { contact: SELF, announcedAt: Date.now() })
      },
      log: defaultLogger().forComponent('test')
    })
    reprovider.start()
  })

  afterEach(() => {
    reprovider.stop()
    clock.restore()
  })

  async function provide (key: string): Promise<void> {
    await store.add(bytes(key), { contact: SELF, announcedAt: Date.now() })
  }

  it('does so after 22 hours, and then every 22', async () => {
    await provide('a')
    await clock.tickAsync(21 * HOUR)
    expect(announced).to.deep.equal([])
    await clock.tickAsync(2 * HOUR)
    expect(announced).to.deep.equal(['a'])
    await clock.tickAsync(23 * HOUR)
    expect(announced).to.deep.equal(['a', 'a'])
  })

  it('tries again within the hour what failed, not in a day', async () => {
    await provide('a')
    failing = true
    await clock.tickAsync(24 * HOUR)
    expect(announced.length).to.be.greaterThan(1)
    failing = false
    await clock.tickAsync(HOUR)
    const tries = announced.length
    await clock.tickAsync(20 * HOUR)
    expect(announced).to.have.length(tries)
  })

  it('announces each of many keys, a few at a time', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    await Promise.all(keys.map(provide))
    await clock.tickAsync(23 * HOUR)
    expect(announced.toSorted()).to.deep.equal(keys)
    expect(reprovider.pending).to.equal(0)
  })

  it('announces what never was as soon as it is told that somebody is there', async () => {
    await store.add(bytes('a'), { contact: SELF, announcedAt: 0 })
    await reprovider.run()
    expect(announced).to.deep.equal(['a'])
  })

  it('announces no more what was cancelled, nor what others provide', async () => {
    await provide('a')
    await store.add(bytes('b'), { contact: contact(2), announcedAt: Date.now() })
    await store.remove(bytes('a'), SELF)
    await clock.tickAsync(47 * HOUR)
    expect(announced).to.deep.equal([])
  })

  it('stops', async () => {
    await provide('a')
    reprovider.stop()
    await clock.tickAsync(48 * HOUR)
    expect(announced).to.deep.equal([])
    expect(clock.countTimers()).to.equal(0)
    await reprovider.run()
    expect(announced).to.deep.equal([])
  })
})
