import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Sequences } from '../../src/values/sequences.ts'
import { bytes } from '../helpers/content.ts'
import { checkAsync } from '../helpers/random.ts'
import { WatchedDatastore } from '../helpers/stored-records.ts'

const KEY = bytes('/sig/key')

describe('sequence numbers', () => {
  it('grow by one, and beyond what others have', async () => {
    const sequences = new Sequences(new WatchedDatastore(), '/dht/sequence')

    expect(await sequences.next(KEY, 0n)).to.equal(1n)
    expect(await sequences.next(KEY, 0n)).to.equal(2n)
    expect(await sequences.next(KEY, 41n)).to.equal(42n)
    expect(await sequences.next(KEY, 7n)).to.equal(43n)
    expect(await sequences.next(bytes('/sig/other'), 0n)).to.equal(1n)
    expect(await sequences.next(KEY, 2n ** 63n)).to.equal(2n ** 63n + 1n)
  })

  it('go on after a restart', async () => {
    const datastore = new WatchedDatastore()
    expect(await new Sequences(datastore, '/dht/sequence').next(KEY, 10n)).to.equal(11n)
    expect(await new Sequences(datastore, '/dht/sequence').next(KEY, 0n)).to.equal(12n)
  })

  it('are kept before they are given', async () => {
    const datastore = new WatchedDatastore()
    const { promise, resolve } = Promise.withResolvers<void>()
    let isGiven = false
    datastore.before = async operation => operation === 'put' ? promise : undefined
    const next = new Sequences(datastore, '/dht/sequence').next(KEY, 0n).then(() => { isGiven = true })
    await Promise.resolve()
    expect(isGiven).to.equal(false)
    resolve()
    await next
  })

  it('are not given when they can not be kept, nor when the last one can not be read', async () => {
    const datastore = new WatchedDatastore()
    const sequences = new Sequences(datastore, '/dht/sequence')
    await sequences.next(KEY, 5n)

    for (const broken of ['put', 'get']) {
      datastore.before = operation => {
        if (operation === broken) {
          throw new Error('the disk is gone')
        }
      }
      await expect(sequences.next(KEY, 0n)).to.eventually.be.rejectedWith('the disk is gone')
    }

    datastore.before = () => {}
    expect(await sequences.next(KEY, 0n)).to.equal(7n)
  })

  it('are never the same twice, whoever asks at once, whatever fails, and however often the node starts anew', async () => {
    await checkAsync(fc.asyncProperty(fc.array(fc.record({ above: fc.nat(20), fails: fc.constantFrom('', '', '', 'get', 'put'), restart: fc.boolean(), wait: fc.boolean() }), { maxLength: 30 }), async calls => {
      const datastore = new WatchedDatastore()
      let sequences = new Sequences(datastore, '/dht/sequence')
      const given: bigint[] = []
      let under: Array<Promise<void>> = []

      for (const { above, fails, restart, wait } of calls) {
        datastore.before = operation => {
          if (operation === fails) {
            throw new Error('the disk is gone')
          }
        }
        under.push(sequences.next(KEY, BigInt(above)).then(number => {
          expect(number > BigInt(above)).to.equal(true)
          given.push(number)
        }, () => {}))

        // a process that ends has no calls under way
        if (wait || restart) {
          await Promise.all(under)
          under = []
        }

        if (restart) {
          sequences = new Sequences(datastore, '/dht/sequence')
        }
      }

      await Promise.all(under)
      expect(new Set(given).size).to.equal(given.length)
    }), 200)
  })
})
