import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { Publications } from '../../src/values/publications.ts'
import { createPublisher } from '../../src/values/publisher.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, HOUR, MINUTE, START } from '../helpers/false-time.ts'
import { quiet } from '../helpers/turns.ts'
import type { Publication } from '../../src/values/publications.ts'
import type { Publisher } from '../../src/values/publisher.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { Datastore } from 'interface-datastore'

const KEY = bytes('/test/key')
const INTERVAL = 20 * HOUR

function text (key: Uint8Array): string {
  return new TextDecoder().decode(key)
}

describe('what is published', () => {
  let clock: Clock
  let datastore: Datastore
  let publications: Publications

  beforeEach(() => {
    clock = falseTime()
    datastore = new MemoryDatastore()
    publications = createPublications()
  })
  afterEach(() => { clock.restore() })

  function createPublications (random = (): number => 0): Publications {
    return new Publications(datastore, { prefix: '/dht/published', interval: INTERVAL, random, log: defaultLogger().forComponent('test') })
  }

  async function all (from = publications): Promise<Publication[]> {
    const found: Publication[] = []

    for await (const publication of from.all()) {
      found.push(publication)
    }

    return found
  }

  it('is due at once, and again an interval after it has succeeded', async () => {
    await publications.begin(KEY)
    expect(await all()).to.deep.equal([{ key: KEY, publishedAt: 0, due: 0, failures: 0, until: undefined, error: undefined }])
    await publications.succeeded(KEY)
    expect((await all())[0]).to.include({ publishedAt: START, due: START + INTERVAL })
  })

  it('is due up to a tenth earlier by chance', async () => {
    publications = createPublications(() => 0.999)
    await publications.begin(KEY)
    await publications.succeeded(KEY)
    expect((await all())[0].due).to.be.within(START + 0.9 * INTERVAL, START + 0.91 * INTERVAL)
  })

  it('stays as it is when it is begun again, but for when it ends', async () => {
    await publications.begin(KEY, { until: START + HOUR })
    await publications.succeeded(KEY)
    expect((await all())[0]).to.include({ until: START + HOUR, publishedAt: START })
    await publications.begin(KEY)
    expect((await all())[0]).to.include({ until: undefined, publishedAt: START })
  })

  it('counts failures in a row, and what the last one failed for', async () => {
    await publications.begin(KEY)
    await publications.failed(KEY, new Error('one'))
    await publications.failed(KEY, new Error('two'))
    expect((await all())[0]).to.include({ failures: 2, error: 'two', due: 0 })
    await publications.succeeded(KEY)
    expect((await all())[0]).to.include({ failures: 0, error: undefined })
  })

  it('outlives a restart', async () => {
    await publications.begin(KEY, { until: START + HOUR })
    await publications.failed(KEY, new Error('one'))
    expect(await all(createPublications())).to.deep.equal(await all())
  })

  it('ends never when it was told so by the greatest time there is', async () => {
    await publications.begin(KEY, { until: Infinity })
    expect((await all())[0].until).to.equal(undefined)
  })

  it('does not come back after it was cancelled, whatever comes of an attempt under way', async () => {
    await publications.begin(KEY)
    await Promise.all([publications.succeeded(KEY), publications.cancel(KEY), publications.succeeded(KEY), publications.failed(KEY, new Error('late'))])
    await publications.succeeded(KEY)
    expect(await all()).to.deep.equal([])
    expect(await publications.has(KEY)).to.equal(false)
    await publications.cancel(KEY)
  })

  it('is not mixed up with what others have written beside it', async () => {
    await publications.begin(KEY)
    const name = (await all())[0].key
    expect(name).to.equalBytes(KEY)

    for (const [key, value] of [['/dht/published/!!!', '{}'], ['/dht/published/mfra', 'no json'], ['/dht/published/mfrgg', '{"due":"soon"}'], ['/dht/publishedtoo/mfrgg', '{"due":0,"publishedAt":0,"failures":0}']]) {
      await datastore.put(new Key(key), bytes(value))
    }

    expect(await all()).to.have.lengthOf(1)
  })

  describe('by the publisher', () => {
    let renewed: string[]
    let failed: string[]
    let renew: (publication: Publication, signal: AbortSignal) => Promise<void>
    let publisher: Publisher

    beforeEach(() => {
      renewed = []
      failed = []
      renew = async ({ key }) => { await publications.succeeded(key) }
      publisher = createPublisher({ concurrency: 1, maxQueueSize: 10, interval: HOUR }, {
        publications,
        renew: async (publication, signal) => {
          renewed.push(text(publication.key))
          await renew(publication, signal)
        },
        onFailure: (publication, error) => { failed.push(error.message) },
        log: defaultLogger().forComponent('test')
      })
      publisher.start()
    })
    afterEach(() => { publisher.stop() })

    it('is published when it is due, and not before', async () => {
      await publications.begin(KEY)
      await publisher.run()
      expect(renewed).to.have.lengthOf(1)
      await clock.tickAsync(19 * HOUR)
      expect(renewed).to.have.lengthOf(1)
      await clock.tickAsync(2 * HOUR)
      expect(renewed).to.have.lengthOf(2)
    })

    it('is tried again at the next walk when that fails, which is noted and told', async () => {
      await publications.begin(KEY)
      renew = async () => { throw new Error('nobody there') }
      await publisher.run()
      expect(failed).to.deep.equal(['nobody there'])
      expect((await all())[0]).to.include({ failures: 1, error: 'nobody there' })
      await clock.tickAsync(HOUR)
      expect(renewed).to.have.lengthOf(2)
    })

    it('ends by itself when its time has come, without another attempt', async () => {
      await publications.begin(KEY, { until: START + MINUTE })
      await clock.tickAsync(HOUR)
      expect(renewed).to.deep.equal([])
      expect(await all()).to.deep.equal([])
    })

    it('is not published when it was cancelled while it waited for its turn', async () => {
      await publications.begin(bytes('/test/a'))
      await publications.begin(bytes('/test/b'))
      const { promise, resolve } = Promise.withResolvers<void>()
      renew = async () => promise
      const walk = publisher.run()
      await quiet()
      expect(renewed).to.have.lengthOf(1)
      await publications.cancel(bytes('/test/a'))
      await publications.cancel(bytes('/test/b'))
      resolve()
      await walk

      expect(renewed).to.have.lengthOf(1)
      expect(await all()).to.deep.equal([])
    })

    it('has not failed when the node stops', async () => {
      await publications.begin(KEY)
      renew = async (publication, signal) => new Promise((resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason) }) })
      const walk = publisher.run()
      await quiet()
      publisher.stop()
      await walk

      expect(failed).to.deep.equal([])
      expect((await all())[0]).to.include({ failures: 0 })
      expect(clock.countTimers()).to.equal(0)
    })
  })
})
