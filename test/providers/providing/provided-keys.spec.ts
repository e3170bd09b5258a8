import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { keyOf } from '../../../src/kademlia/key.ts'
import { cellOf, CELLS } from '../../../src/providers/providing/cells.ts'
import { ProvidedKeys } from '../../../src/providers/providing/provided-keys.ts'
import { cidsOf } from '../../helpers/content.ts'
import { multihashesOf } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'
import type { ProvidedKey } from '../../../src/providers/providing/provided-keys.ts'
import type { Pair, Query } from 'interface-datastore'

/** Reading from it begins when it may. */
class SlowDatastore extends MemoryDatastore {
  /** resolves when what begins so may be read */
  mayRead: (prefix: string) => Promise<void> = async () => {}

  override async * query (query: Query): AsyncGenerator<Pair> {
    await this.mayRead(query.prefix ?? '')
    yield * super.query(query)
  }
}

const ALL = { digits: '', from: 0, to: CELLS }

function provided (multihash: Uint8Array): ProvidedKey {
  return { multihash, key: keyOf(multihash), announcedAt: 0 }
}

async function * none (): AsyncGenerator<never> {}

describe('the keys that a node provides', () => {
  const multihashes = multihashesOf(cidsOf(600, randomNumbers(SEED)))
  let datastore: SlowDatastore

  beforeEach(() => { datastore = new SlowDatastore() })

  async function load (): Promise<ProvidedKeys> {
    const keys = new ProvidedKeys(datastore, '/dht/providing')
    await keys.load(none())

    return keys
  }

  function counts ({ cells }: ProvidedKeys): Array<[number, number]> {
    return Array.from({ length: CELLS }, (_, cell) => [cells.count(cell), cells.oldest(cell)])
  }

  it('are known to be announced without being read again, though many share a cell', async () => {
    const keys = await load()
    const crowd = crowded(multihashes)
    await keys.add(crowd)
    const read = await keys.read(ALL)
    await keys.announced(read, 1_000)
    await keys.announced(read, 2_000)
    expect([...new Set(crowd.map(multihash => keys.cells.oldest(cellOf(keyOf(multihash)))))]).to.deep.equal([2_000])
  })

  it('are counted right when some are added, removed and announced meanwhile', async () => {
    const before = await load()
    await before.add(multihashes.slice(0, 500))
    const keys = new ProvidedKeys(datastore, '/dht/providing')
    const changes: Array<Promise<unknown>> = []

    // it has its turn when that sixteenth is read
    datastore.mayRead = async () => {
      const i = changes.length
      changes.push(keys.add(multihashes.slice(500 + i, 502 + i)), keys.remove(multihashes.slice(5 * i, 5 * i + 5)), keys.announced(multihashes.slice(250 + 5 * i, 255 + 5 * i).map(provided), 1_000))
    }

    await keys.load(none())
    await Promise.all(changes)
    datastore.mayRead = async () => {}
    const again = await load()

    expect(changes).to.have.lengthOf(3 * 16)
    expect(keys.cells.size).to.equal(again.cells.size).and.to.be.above(250)
    expect(keys.cells.neverAnnounced).to.equal(again.cells.neverAnnounced).and.to.be.below(keys.cells.size)
    expect(counts(keys)).to.deep.equal(counts(again))
  })

  it('are changed before all of them are counted', async () => {
    const before = await load()
    await before.add(multihashes)
    const rest = Promise.withResolvers<void>()
    datastore.mayRead = async prefix => prefix.endsWith('/f') || prefix.endsWith('/') ? rest.promise : undefined
    const keys = new ProvidedKeys(datastore, '/dht/providing')
    const loading = keys.load(none())
    await keys.remove(multihashes.slice(0, 300))
    expect(await keys.has(multihashes[0])).to.equal(false)
    rest.resolve()
    await loading
    expect(keys.cells.size).to.equal(300)
  })

  it('are all counted anew when counting them has failed', async () => {
    const before = await load()
    await before.add(multihashes)
    let failures = 1
    datastore.mayRead = async prefix => {
      if (prefix.endsWith('/9') && failures-- > 0) {
        throw new Error('the disk is away')
      }
    }
    const keys = new ProvidedKeys(datastore, '/dht/providing')
    await expect(keys.load(none())).to.eventually.be.rejectedWith('the disk is away')
    expect(keys.cells.size).to.equal(0)
    await keys.load(none())
    expect(keys.cells.size).to.equal(600)
    expect(await datastore.has(new Key('/dht/providing/complete'))).to.equal(true)
  })
})

/** Those that are in a cell with another. */
function crowded (multihashes: Uint8Array[]): Uint8Array[] {
  const cells = multihashes.map(multihash => cellOf(keyOf(multihash)))

  return multihashes.filter((_, i) => cells.filter(cell => cell === cells[i]).length > 1)
}
