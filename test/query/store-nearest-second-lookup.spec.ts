import { expect } from 'aegir/chai'
import { TooManyQueriesError } from '../../src/query/errors.ts'
import { sleep } from '../../src/query/sleep.ts'
import { storeNearest } from '../../src/query/store-nearest.ts'
import { encodeRequest, MessageType } from '../../src/wire/message.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { ValueWorld } from '../helpers/value-world.ts'
import type { QueryManager } from '../../src/query/manager.ts'
import type { Write } from '../../src/query/store-nearest.ts'
import type { Clock } from '../helpers/false-time.ts'

const KEY = bytes('/test/key')
const K = 20
const PEERS = 400

describe('storing at the nearest when a second lookup is needed and may not begin', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  interface Done {
    stored?: number
    error?: Error
    lookups: number
  }

  async function store (minSuccesses: number): Promise<Done> {
    const world = new ValueWorld({ peers: PEERS, validators: {}, selectors: {}, k: K, delay: 10 })
    const refusing = new Set(world.nearest(KEY, 2 * K).filter((_, i) => i % 2 === 0).map(({ contact }) => contact.id))
    let lookups = 0
    const run: QueryManager['run'] = async query => {
      if (++lookups > 1) {
        throw new TooManyQueriesError('one lookup is under way, which is the limit')
      }

      return world.queries.run(query)
    }
    const queries = { k: K, networkSize: { peers: PEERS, error: 0.05 }, run } as unknown as QueryManager
    const write: Write = {
      key: KEY,
      request: encodeRequest({ type: MessageType.PUT_VALUE, key: KEY }),
      send: async ({ id }, { signal }) => {
        if (refusing.has(id)) {
          await sleep(500, signal)
          throw new Error('refused')
        }

        return undefined
      }
    }
    const done = storeNearest(queries, write, { signal: new AbortController().signal, optimistic: true, minSuccesses })
      .then(({ stored }) => ({ stored: stored.length }), error => ({ error }))
    await clock.tickAsync(30 * SECOND)

    return { ...await done, lookups }
  }

  it('is content with those that took it', async () => {
    const { stored, lookups } = await store(1)

    expect(lookups).to.equal(2)
    expect(stored).to.be.at.least(K / 4)
  })

  it('is an error where fewer took it than should have', async () => {
    const { error, lookups } = await store(K + 1)

    expect(lookups).to.equal(2)
    expect(error).to.have.property('name', 'TooManyQueriesError')
  })
})
