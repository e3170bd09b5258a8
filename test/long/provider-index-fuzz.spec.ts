// The store beside what is on its disk, with all kinds of calls at the same time, on disks that work, that lose their power, and that fail now and then.

import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import Sinon from 'sinon'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import { checkAsync, pick, randomNumbers } from '../helpers/random.ts'
import { announce, BIN, createStore, HOUR, providerKey, providersOf, readProviders, SELF, VALIDITY } from '../helpers/stored-providers.ts'
import { WatchedDatastore } from '../helpers/stored-records.ts'
import type { ProviderStore } from '../../src/providers/store/provider-store.ts'
import type { Pair, Query } from 'interface-datastore'

const START = 1_700_000_000_000
const CONTENTS = ['a', 'b', 'c'].map(bytes)
const PROVIDERS = [0, 1, 2, 3, 4]

const RUNS = 250

/** A disk that fails works again after so many failures, so that what tries for ever ends, too, and is seen to have tried so often. */
const PATIENCE = 500

type Faults = 'none' | 'power' | 'failures'

type Step = { kind: 'announce', content: number, provider: number } | { kind: 'get' | 'provide' | 'cancel', content: number } |
  { kind: 'collect' } | { kind: 'wait', ms: number } | { kind: 'turns', count: number }

const CONTENT = fc.nat(CONTENTS.length - 1)

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('announce' as const), content: CONTENT, provider: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('get' as const), content: CONTENT }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('provide' as const, 'cancel' as const), content: CONTENT }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'collect' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(29).map(hours => hours * HOUR) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(BIN) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.nat(7) }) }
)

interface Scenario {
  steps: Step[]
  options: { cacheSize: number, maxProvidersPerKey: number, maxRecords: number }
  /** a batch is written as one, as by LevelDB */
  atomic: boolean
  /** keys come in their order, as of LevelDB */
  sorted: boolean
  /** what the disk is asked to do takes up to so many turns */
  slow: number
  /** all is counted before anything else is done */
  counted: boolean
  /** the node is started anew before it is looked at */
  restarted: boolean
  /** of the disk */
  seed: number
}

const SCENARIO: fc.Arbitrary<Scenario> = fc.record({
  steps: fc.array(STEP, { minLength: 20, maxLength: 40 }),
  options: fc.record({ cacheSize: fc.integer({ min: 1, max: 4 }), maxProvidersPerKey: fc.constantFrom(2, 1_000), maxRecords: fc.constantFrom(4, 1_000) }),
  atomic: fc.boolean(),
  sorted: fc.boolean(),
  slow: fc.nat(3),
  counted: fc.boolean(),
  restarted: fc.boolean(),
  seed: fc.nat()
})

class SortedDatastore extends MemoryDatastore {
  override * _all (query: Query): Generator<Pair> {
    yield * [...super._all(query) as Generator<Pair>].sort((a, b) => a.key.toString() < b.key.toString() ? -1 : 1)
  }
}

function tailOf (multihash: Uint8Array, provider: number): string {
  return providerKey(multihash, contact(provider)).toString().split('/').slice(-2).join('/')
}

function isOwn (tail: string): boolean {
  return tail.split('/').at(-1) === tailOf(CONTENTS[0], 0).split('/').at(-1)
}

async function turns (count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>(resolve => { setImmediate(resolve) })
  }
}

describe('the store of providers, whatever is done at the same time', () => {
  let clock: Sinon.SinonFakeTimers

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: START, toFake: ['Date'] })
  })

  afterEach(() => {
    clock.restore()
  })

  async function run (store: ProviderStore, step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'announce': return announce(store, step.provider, CONTENTS[step.content])
      case 'get': return store.get(CONTENTS[step.content])
      case 'provide': return store.add(CONTENTS[step.content], { contact: SELF, announcedAt: Date.now() })
      case 'cancel': return store.remove(CONTENTS[step.content], SELF)
      case 'collect': return store.collect()
      case 'turns': return turns(step.count)
      case 'wait':
      default: clock.tick(step.ms)
    }
  }

  /** Fails and dawdles by chance. Returns what mends it. */
  function spoil (disk: WatchedDatastore, faults: Faults, slow: number, random: () => number): () => void {
    let isDead = false
    let failed = 0

    disk.before = async operation => {
      await turns(pick(random, slow + 1))

      if (operation === 'put' || operation === 'delete') {
        const fails = faults !== 'none' && random() < 0.05
        isDead ||= fails && faults === 'power'

        if ((fails || isDead) && failed < PATIENCE) {
          failed++
          throw new Error('i/o error')
        }
      }
    }

    return () => {
      disk.before = () => {}
      expect(failed).to.be.below(PATIENCE)
    }
  }

  /** It tells of what is on the disk as long as that holds, and of nothing else. Where it went on after writes that failed in part it may tell of less. */
  async function expectTold (store: ProviderStore, records: Map<string, number>, isExact: boolean, when: string): Promise<void> {
    for (const [i, content] of CONTENTS.entries()) {
      const holding = PROVIDERS.filter(provider => {
        const announcedAt = records.get(tailOf(content, provider))

        return announcedAt != null && (provider === 0 || Date.now() < announcedAt + VALIDITY)
      })
      const told = await providersOf(store, content)
      isExact ? expect(told, `${i} ${when}`).to.deep.equal(holding) : expect(holding, `${i} ${when}`).to.include.members(told)
    }
  }

  async function expectSound (faults: Faults, { steps, options, atomic, sorted, slow, counted, restarted, seed }: Scenario): Promise<void> {
    clock.setSystemTime(START)
    const random = randomNumbers(seed)
    const datastore = new WatchedDatastore(undefined, sorted ? new SortedDatastore() : new MemoryDatastore())
    atomic && datastore.batchAsOne()
    let store = createStore(datastore, options)
    counted && await store.collect()
    const mend = spoil(datastore, faults, slow, random)
    const calls: Array<Promise<unknown>> = []

    for (const step of steps) {
      const call = run(store, step).catch(() => {})
      step.kind === 'turns' ? await call : calls.push(call)
    }

    await Promise.all(calls)
    await store.flush()
    await store.collect().catch(() => {})
    await store.flush()
    mend()

    const { records, entries } = await readProviders(datastore.memory)
    expect([...records.keys()].filter(tail => !entries.has(tail)), 'records without an entry').to.deep.equal([])
    const isRestarted = faults === 'power' || restarted

    if (isRestarted) {
      store = createStore(datastore, options)
      await store.collect()
    }

    // what is over the limit goes before its time
    if (entries.size <= options.maxRecords) {
      for (let hours = 0; hours <= 60; hours += 6) {
        await expectTold(store, records, isRestarted || atomic, `after ${hours} h`)
        clock.tick(6 * HOUR)
        pick(random, 2) === 0 && await store.collect()
      }
    }

    clock.tick(VALIDITY + 2 * BIN)
    await store.collect()
    await store.collect()
    const end = await readProviders(datastore.memory)
    expect([...end.records.keys(), ...end.entries.keys()].filter(tail => !isOwn(tail)), 'left for ever').to.deep.equal([])
    expect(store.counts.records).to.equal(0)
  }

  for (const [faults, disk] of [['none', 'that works'], ['power', 'whose power fails in the middle'], ['failures', 'that fails now and then']] as const) {
    it(`has each record in the index, tells of it as long as it holds, and leaves nothing for ever, on a disk ${disk}`, async () => {
      await checkAsync(fc.asyncProperty(SCENARIO, async scenario => expectSound(faults, scenario)), RUNS)
    })
  }
})
