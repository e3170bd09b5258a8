import { expect } from 'aegir/chai'
import { keyOf } from '../../src/kademlia/key.ts'
import { searchRegion } from '../../src/query/region.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import { sortedTruth } from '../helpers/peer-keys.ts'
import { RecordedQueries } from '../helpers/recorded-queries.ts'
import type { RegionMode } from '../../src/kademlia/region.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { QueryManager, QueryResult } from '../../src/query/manager.ts'
import type { Region } from '../../src/query/region.ts'

const KEY = bytes('crowded')
const TARGET = keyOf(KEY)
const K = 20
const HONEST = Array.from({ length: 1_000 }, (_, i) => contact(i + 1, '/ip4/10.0.0.1/tcp/4001'))

/** So many ids that begin with the same 32 bits as the key. */
function crowdOf (count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => ({ ...contact(10_000 + i, '/ip4/66.6.6.6/tcp/4001'), key: [TARGET[0], TARGET[1] ^ (i + 1), ...TARGET.slice(2)] }))
}

describe('the region of a key', () => {
  let queries: RecordedQueries
  let peers: Contact[]

  beforeEach(() => {
    peers = [...HONEST, ...crowdOf(K)]
    queries = new RecordedQueries(async ({ key }) => lookUp(keyOf(key)), K)
  })

  function lookUp (target: Contact['key']): QueryResult {
    const found = sortedTruth(peers, target).slice(0, 30)

    return { closest: found.slice(0, K), found, unreached: [], hops: 1, messages: 30, complete: true }
  }

  async function search (mode: RegionMode, networkSize: QueryManager['networkSize'] = { peers: HONEST.length, error: 0.05 }, signal = new AbortController().signal): Promise<Region> {
    const manager = { k: K, networkSize, run: queries.run.bind(queries) } as unknown as QueryManager

    return searchRegion(manager, KEY, lookUp(TARGET), { mode, signal })
  }

  it('has the honest ones that a crowd hides, nearest first, and nobody that the lookup has found already', async () => {
    const { others, lookups, messages } = await search('auto')
    const honest = sortedTruth(HONEST, TARGET).map(({ id }) => id)
    expect(others.map(({ id }) => honest.indexOf(id))).to.deep.equal(others.map((_, i) => i))
    expect(others.length).to.be.within(10, 30)
    expect(messages).to.equal(30 * lookups)
    expect(lookups).to.equal(queries.lookups.length)
    expect(lookups).to.be.within(1, 16)
  })

  it('is searched at no cost where nobody crowds the key, unless it always is', async () => {
    peers = HONEST
    expect(await search('auto')).to.deep.equal({ others: [], lookups: 0, messages: 0 })
    expect((await search('on')).lookups).to.be.at.most(16)
  })

  it('is not searched where it is not to be, or the size of the network is not known', async () => {
    const { signal } = new AbortController()

    for (const [mode, networkSize] of [['off', { peers: 1_000, error: 0.05 }], ['on', undefined], ['auto', undefined]] as const) {
      const manager = { k: K, networkSize, run: queries.run.bind(queries) } as unknown as QueryManager
      expect(await searchRegion(manager, KEY, lookUp(TARGET), { mode, signal })).to.deep.equal({ others: [], lookups: 0, messages: 0 })
    }

    expect(queries.lookups).to.deep.equal([])
  })

  it('is what the others tell when lookups fail', async () => {
    const { outcome } = queries
    let count = 0
    queries.outcome = async query => {
      if (count++ % 2 === 0) {
        throw new Error('nobody has answered')
      }

      return outcome(query)
    }
    const { others, lookups } = await search('auto')
    expect(others.length).to.be.at.least(5)
    expect(lookups).to.be.at.most(16)
  })

  it('is nobody when all lookups fail, and they come to an end', async () => {
    queries.outcome = async () => { throw new Error('nobody has answered') }
    const { lookups, messages } = await search('auto')
    expect(lookups).to.be.at.most(16)
    expect(messages).to.equal(0)
  })

  it('is searched no more when the caller has enough', async () => {
    const controller = new AbortController()
    const { outcome } = queries
    queries.outcome = async query => {
      controller.abort(new Error('enough'))
      query.signal.throwIfAborted()

      return outcome(query)
    }
    await expect(search('auto', { peers: 1_000, error: 0.05 }, controller.signal)).to.eventually.be.rejectedWith('enough')
    expect(queries.lookups).to.have.lengthOf(1)
  })
})
