import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { commonPrefixLength, keyOf } from '../../src/kademlia/key.ts'
import { AddressBook } from '../../src/peers/address-book.ts'
import { LiveTable } from '../../src/peers/live-table.ts'
import { Maintenance } from '../../src/peers/maintenance.ts'
import { Seeds } from '../../src/peers/seeds.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { contactsAround, contactsIn } from '../helpers/buckets.ts'
import { contact } from '../helpers/contacts.ts'
import { falseTime, HOUR, MINUTE, SECOND, START } from '../helpers/false-time.ts'
import { ids } from '../helpers/peer-keys.ts'
import { randomBytes, randomNumbers } from '../helpers/random.ts'
import { endless, failing, RecordedQueries } from '../helpers/recorded-queries.ts'
import type { MaintenanceOptions } from '../../src/peers/maintenance.ts'
import type { Prober } from '../../src/peers/prober.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { RecordedLookup } from '../helpers/recorded-queries.ts'

const SELF = contact(0)
const K = 20
const OPTIONS: MaintenanceOptions = {
  initialSelfInterval: SECOND,
  selfInterval: 5 * MINUTE,
  refreshInterval: 10 * MINUTE,
  probeInterval: 30 * SECOND,
  patience: { least: 10 * MINUTE, most: HOUR, connected: HOUR },
  maxProbes: 20
}

/** So many ms a lookup takes. */
const LOOKUP = 100

describe('upkeep of the table', () => {
  let clock: Clock
  let table: LiveTable
  let seeds: Seeds
  let queries: RecordedQueries
  let probed: string[]
  let selfLookups: string[]
  let settled: number
  let lonely: number
  let maintenance: Maintenance

  beforeEach(() => {
    clock = falseTime()
    create()
  })

  afterEach(() => {
    maintenance.stop()
    clock.restore()
  })

  /** `byte`: what the jitter is made of; 127 is hardly any. */
  function create (options: Partial<MaintenanceOptions> = {}, configured: Contact[] = [], byte = 127): void {
    const random = randomNumbers(1)
    const book: AddressBook = new AddressBook(passthroughMapper, 10, id => table.table.get(id)?.peer)
    probed = []
    selfLookups = []
    settled = 0
    lonely = 0
    seeds = new Seeds(configured)
    queries = new RecordedQueries(async ({ key, signal }) => {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, LOOKUP)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(signal.reason)
        })
      })
      table.table.onLookup(keyOf(key), [], Date.now())

      return { closest: [], found: [], unreached: [], hops: 0, messages: 0, complete: true }
    }, K)
    // as the service wires them
    table = new LiveTable({ self: SELF, k: K, perGroup: { perBucket: 2, perTable: 3 } }, book, {
      onAdded: () => {
        if (table.size === 1) {
          maintenance.onFirstPeer()
        }
      },
      onRemoved: () => { maintenance.onRemoved() }
    })
    maintenance = new Maintenance({ ...OPTIONS, ...options }, {
      self: SELF,
      queries: queries.manager,
      table,
      seeds,
      prober: {
        probe: async ({ id }: Contact) => {
          probed.push(id)

          return true
        }
      } as unknown as Prober,
      randomBytes: length => length === 1 ? Uint8Array.of(byte) : randomBytes(random, length),
      onSelfLookup: () => failed => { selfLookups.push(failed ? 'failed' : 'done') },
      onSettled: () => { settled++ },
      onAlone: () => { lonely++ },
      log: defaultLogger().forComponent('test')
    })
  }

  function add (peers: Contact[]): void {
    peers.forEach(peer => { table.onAlive(peer) })
  }

  function drop (peers: Contact[]): void {
    peers.forEach(({ id }) => { table.remove(id) })
  }

  /** Into which bucket each lookup went, since the first `from` of them; itself is `self`. */
  function targets (from = 0): Array<number | 'self'> {
    return queries.lookups.slice(from).map(({ key }) => {
      const cpl = commonPrefixLength(SELF.key, keyOf(key))

      return cpl === 256 ? 'self' : cpl
    })
  }

  function secondsOf (lookups: RecordedLookup[]): number[] {
    return lookups.map(({ at }) => (at - START) / SECOND)
  }

  /** Started, joined through the first of them, and met the others meanwhile. */
  async function join (peers: Contact[]): Promise<void> {
    maintenance.start()
    add(peers)
    await clock.tickAsync(20 * LOOKUP)
  }

  /** What happens in the time, without the self lookups that come in it. */
  async function bucketsIn (ms: number): Promise<Array<number | 'self'>> {
    const { length } = queries.lookups
    await clock.tickAsync(ms)

    return targets(length).filter(target => target !== 'self')
  }

  describe('joining', () => {
    it('waits for somebody', async () => {
      maintenance.start()
      await clock.tickAsync(20 * SECOND)

      expect(queries.lookups).to.have.lengthOf(0)
    })

    it('looks for the own neighbourhood, and then into each bucket down to the deepest with a peer', async () => {
      maintenance.start()
      add([...contactsIn(SELF, 0, 1), ...contactsIn(SELF, 2, 1), ...contactsIn(SELF, 5, 1)])
      // before the first of the regular ones
      await clock.tickAsync(7 * LOOKUP + SECOND / 2)

      expect(targets()).to.deep.equal(['self', 0, 1, 2, 3, 4, 5])
      expect(queries.lookups[0].key).to.equal(SELF.multihash)
      expect(selfLookups).to.deep.equal(['done'])
      expect(settled).to.equal(1)
    })

    it('looks into no bucket deeper than sixteen, for which a key would take long to find', async () => {
      const deep = { ...contact(1), key: SELF.key.map((word, i) => i === 1 ? ~word : word) }
      maintenance.start()
      add([deep, ...contactsIn(SELF, 0, 1)])
      expect(commonPrefixLength(deep.key, SELF.key)).to.equal(32)
      await clock.tickAsync(20 * LOOKUP)

      expect(targets().filter(target => target !== 'self')).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    }).timeout(60_000)

    it('begins anew when the table was empty meanwhile, and has the regular intervals once', async () => {
      const [first, second] = contactsIn(SELF, 0, 2)
      await join([first])
      drop([first])
      await clock.tickAsync(SECOND)
      const { length } = queries.lookups
      add([second])
      await clock.tickAsync(2 * LOOKUP)
      expect(targets(length)[0]).to.equal('self')

      const timers = clock.countTimers()
      drop([second])
      add([second])
      await clock.tickAsync(10 * LOOKUP)
      expect(clock.countTimers()).to.equal(timers)
    })
  })

  describe('the own neighbourhood', () => {
    it('is looked for soon after the node has joined, and then ever less often', async () => {
      await join(contactsAround(SELF, 1, 3))
      await clock.tickAsync(20 * MINUTE)
      const own = queries.lookups.filter((_, i) => targets()[i] === 'self')
      const seconds = secondsOf(own)
      const gaps = seconds.slice(1).map((at, i) => Math.round(at - seconds[i]))

      // 1, 4, 16, 64 and 256 s after the one before, then 5 min; the table's refresh brings another one after 10 min
      expect(gaps.slice(1, 5)).to.deep.equal([4, 16, 64, 256])
      expect(gaps.slice(5).every(gap => gap <= 301)).to.equal(true)
      expect(own.length).to.be.within(8, 11)
    })

    it('is looked for up to a fifth earlier or later', async () => {
      for (const [byte, seconds] of [[0, 80], [255, 120]]) {
        create({ initialSelfInterval: 100 * SECOND, selfInterval: 100 * SECOND }, [], byte)
        await join(contactsIn(SELF, 0, 3))
        const { length } = queries.lookups
        const since = queries.lookups[length - 1].at
        await clock.tickAsync(130 * SECOND)

        expect((queries.lookups[length].at - since) / SECOND).to.be.closeTo(seconds, 0.3)
        maintenance.stop()
      }
    })

    it('is looked for again after a failure', async () => {
      await join(contactsIn(SELF, 0, 3))
      queries.outcome = failing
      await clock.tickAsync(10 * MINUTE)
      const failures = selfLookups.filter(outcome => outcome === 'failed').length

      expect(failures).to.be.above(3)
      expect(settled).to.equal(selfLookups.length - failures)
    })

    it('is not found, and counts as no lookup, when there was nobody whom to ask', async () => {
      const [seed] = contactsIn(SELF, 0, 1)
      create({}, [seed])
      queries.outcome = failing
      await join([seed])
      expect(selfLookups).to.deep.equal(['failed'])
      // the seed was asked, and is left in peace for ten minutes
      await clock.tickAsync(5 * MINUTE)

      expect(queries.lookups).to.have.lengthOf(1)
      expect(selfLookups).to.deep.equal(['failed'])
      expect(settled).to.equal(0)
    })
  })

  describe('the buckets', () => {
    it('are looked into every ten minutes, but for those where another lookup went', async () => {
      await join(contactsAround(SELF, 3, 2))
      await clock.tickAsync(5 * MINUTE)
      table.table.onLookup(contactsIn(SELF, 1, 1)[0].key, [], Date.now())

      expect(await bucketsIn(6 * MINUTE)).to.deep.equal([0, 2, 3])
      expect(await bucketsIn(10 * MINUTE)).to.deep.equal([0, 1, 2, 3])
    })

    it('that are full of peers that have not failed are looked into less often', async () => {
      await join([...contactsIn(SELF, 0, K), ...contactsIn(SELF, 1, 3)])
      const looked: Array<number | 'self'> = []

      for (let i = 0; i < 60; i++) {
        looked.push(...await bucketsIn(MINUTE))
      }

      expect(looked.filter(cpl => cpl === 1).length).to.be.within(5, 6)
      expect(looked.filter(cpl => cpl === 0).length).to.be.at.most(1)
    })

    it('are looked into after a refresh that failed', async () => {
      await join(contactsAround(SELF, 1, 2))
      const { outcome } = queries
      queries.outcome = failing
      await clock.tickAsync(12 * MINUTE)
      queries.outcome = outcome

      expect(await bucketsIn(10 * MINUTE)).to.include.members([0, 1])
    })
  })

  describe('a table that runs low', () => {
    it('is refreshed when it has lost half of its peers, not before', async () => {
      const peers = contactsIn(SELF, 0, 10)
      await join(peers)
      await clock.tickAsync(MINUTE)
      drop(peers.slice(0, 5))
      expect(await bucketsIn(SECOND)).to.deep.equal([])
      drop(peers.slice(5, 6))

      expect(await bucketsIn(SECOND)).to.deep.equal([0])
    })

    it('is refreshed at most once in half a minute, however many go', async () => {
      const peers = contactsIn(SELF, 0, 20)
      await join(peers)
      const refreshes: number[] = []
      await clock.tickAsync(MINUTE)

      for (const peer of peers.slice(0, 19)) {
        drop([peer])
        refreshes.push(...(await bucketsIn(10 * SECOND)).map(() => Date.now()))
      }

      expect(refreshes.length).to.be.within(1, 4)
      expect(refreshes.slice(1).every((at, i) => at - refreshes[i] >= 30 * SECOND)).to.equal(true)
    })
  })

  describe('addresses that change', () => {
    it('have the table refreshed at once', async () => {
      await join(contactsAround(SELF, 1, 2))
      await clock.tickAsync(MINUTE)
      maintenance.refreshSoon()

      expect(await bucketsIn(SECOND)).to.deep.equal([0, 1])
    })

    it('have it refreshed at most once in half a minute, and the last change is not forgotten', async () => {
      await join(contactsIn(SELF, 0, 2))
      await clock.tickAsync(MINUTE)
      let refreshes = 0

      for (let i = 0; i < 100; i++) {
        maintenance.refreshSoon()
        refreshes += (await bucketsIn(SECOND)).length
      }

      expect(refreshes).to.be.within(3, 4)
      expect(await bucketsIn(30 * SECOND)).to.deep.equal([0])
      expect(await bucketsIn(MINUTE)).to.deep.equal([])
    })

    it('have nothing refreshed while there is nobody to ask', async () => {
      maintenance.start()
      maintenance.refreshSoon()
      const timers = clock.countTimers()
      await clock.tickAsync(SECOND)

      expect(queries.lookups).to.have.lengthOf(0)
      expect(timers).to.equal(1)
    })
  })

  describe('seeds', () => {
    const [seed, first, second] = contactsIn(SELF, 0, 3)

    it('are asked when nobody else is known, and not again for ten minutes', async () => {
      create({}, [seed])
      await join([seed])
      await clock.tickAsync(9 * MINUTE)
      expect(targets()).to.deep.equal(['self'])
      expect(queries.lookups[0].avoid?.(seed)).to.not.equal(true)
      await clock.tickAsync(5 * MINUTE)

      expect(queries.lookups.length).to.be.within(2, 3)
    })

    it('are left out of every lookup of the first ten minutes as long as others are known', async () => {
      create({}, [seed])
      await join([seed])
      add([first, second])
      const { length } = queries.lookups
      await clock.tickAsync(9 * MINUTE)

      expect(queries.lookups.length).to.be.above(length + 3)
      expect(queries.lookups.slice(length).every(({ avoid }) => avoid?.(seed) === true && !avoid(first) && !avoid(second))).to.equal(true)
    })

    it('that the options do not name are those whom the node has joined through, for ten minutes', async () => {
      await join([first])
      add([second])
      await clock.tickAsync(8 * MINUTE)
      expect(queries.lookups.slice(1).every(({ avoid }) => avoid?.(first) === true)).to.equal(true)
      await clock.tickAsync(20 * MINUTE)
      const later = queries.lookups.filter(({ at }) => at > START + 10 * MINUTE + SECOND)

      expect(later.length).to.be.above(3)
      expect(later.some(({ avoid }) => avoid?.(first) === true)).to.equal(false)
    })

    it('are asked when somebody wants the table refreshed and nobody else is known', async () => {
      create({}, [seed])
      await join([seed])
      const { length } = queries.lookups
      const refreshed = maintenance.refreshNow()
      await clock.tickAsync(SECOND)
      await refreshed

      expect(targets(length)[0]).to.equal('self')
    })
  })

  describe('probes', () => {
    it('go to those who were not heard of for too long, and to nobody else', async () => {
      const [connected, quietOne, heard] = contactsIn(SELF, 0, 3)
      await join([connected, quietOne, heard])
      ;[quietOne, heard].forEach(({ id }) => { table.onConnection(id, false) })
      await clock.tickAsync(9 * MINUTE)
      expect(probed).to.deep.equal([])
      table.onHeard(heard.id)
      await clock.tickAsync(2 * MINUTE)

      expect(new Set(probed)).to.deep.equal(new Set([quietOne.id]))
    })

    it('are no more at a time than they may be, most urgent first', async () => {
      create({ maxProbes: 5 })
      const peers = contactsIn(SELF, 0, 12)
      maintenance.start()
      add(peers)
      peers.forEach(peer => { table.onConnection(peer.id, false) })
      await clock.tickAsync(29 * SECOND)
      peers.slice(4).forEach(peer => { table.onFailure(peer) })
      await clock.tickAsync(SECOND)
      expect(probed).to.deep.equal([])
      await clock.tickAsync(30 * SECOND)

      expect(probed).to.deep.equal(ids(peers.slice(4, 9)))
    })

    it('go to nobody in an empty table, which is told of', async () => {
      maintenance.start()
      await clock.tickAsync(MINUTE + SECOND)

      expect(lonely).to.equal(2)
      expect(probed).to.deep.equal([])
    })
  })

  describe('a refresh that somebody wants', () => {
    it('is done when it resolves: all buckets, whoever went there lately', async () => {
      await join(contactsAround(SELF, 2, 2))
      const { length } = queries.lookups
      let done = false
      void maintenance.refreshNow().then(() => { done = true })
      await clock.tickAsync(4 * LOOKUP - 1)
      expect(done).to.equal(false)
      await clock.tickAsync(1)

      expect(done).to.equal(true)
      expect(targets(length).slice(0, 4)).to.deep.equal(['self', 0, 1, 2])
    })

    it('is one for all who want it at once, and ends for none of them because another one gives up', async () => {
      await join(contactsAround(SELF, 2, 2))
      const { length } = queries.lookups
      const controller = new AbortController()
      const given = maintenance.refreshNow({ signal: controller.signal })
      const waiting = maintenance.refreshNow()
      await clock.tickAsync(LOOKUP)
      controller.abort(new Error('no time'))
      await expect(given).to.eventually.be.rejectedWith('no time')
      await clock.tickAsync(3 * LOOKUP)
      await waiting

      expect(targets(length).filter(target => target !== 'self')).to.deep.equal([0, 1, 2])
    })

    it('looks into all buckets also while the regular one, which leaves some out, is under way', async () => {
      await join(contactsAround(SELF, 2, 2))
      const { length } = queries.lookups

      while (!targets(length).includes(0)) {
        // others go there all the time
        table.table.onLookup(contactsIn(SELF, 1, 1)[0].key, [], Date.now())
        await clock.tickAsync(LOOKUP / 2)
      }

      const before = queries.lookups.length - 1
      const refreshed = maintenance.refreshNow()
      await clock.tickAsync(10 * LOOKUP)
      await refreshed

      expect(targets(before)).to.include.members([0, 1, 2])
    })

    it('says why it came to nothing', async () => {
      await join(contactsIn(SELF, 0, 2))
      queries.outcome = failing

      await expect(maintenance.refreshNow()).to.eventually.be.rejectedWith('nobody has answered')
    })
  })

  describe('that is stopped', () => {
    const peers = contactsAround(SELF, 2, 2)

    function leavesNothing (name: string, ms: number): void {
      it(`leaves no timer and makes no lookup any more, ${name}`, async () => {
        maintenance.start()
        add(peers)
        await clock.tickAsync(ms)
        maintenance.refreshSoon()
        maintenance.stop()
        maintenance.stop()
        const { length } = queries.lookups
        maintenance.refreshSoon()
        maintenance.onFirstPeer()
        maintenance.onRemoved()
        await clock.tickAsync(0)
        expect(clock.countTimers()).to.equal(0)
        await clock.tickAsync(HOUR)

        expect(queries.lookups).to.have.lengthOf(length)
        expect(probed).to.deep.equal([])
      })
    }

    leavesNothing('while it joins', LOOKUP / 2)
    leavesNothing('between two lookups', 2 * LOOKUP)
    leavesNothing('at rest', 2 * MINUTE)

    it('ends a refresh that somebody waits for', async () => {
      await join(peers)
      queries.outcome = endless
      const refreshed = maintenance.refreshNow()
      await clock.tickAsync(LOOKUP)
      maintenance.stop()

      await expect(refreshed).to.eventually.be.rejected()
    })

    it('has each timer once, however often it was started', async () => {
      await join(peers)
      const timers = clock.countTimers()
      maintenance.start()
      maintenance.start()
      await clock.tickAsync(20 * LOOKUP)

      expect(clock.countTimers()).to.equal(timers)
    })

    it('looks for its neighbourhood anew when it is started at once again, in the middle of a refresh', async () => {
      maintenance.start()
      add(peers)
      await clock.tickAsync(LOOKUP / 2)
      maintenance.stop()
      const { length } = queries.lookups
      maintenance.start()
      await clock.tickAsync(5 * LOOKUP)

      expect(targets(length).slice(0, 4)).to.deep.equal(['self', 0, 1, 2])
    })

    it('takes the table that it finds for no seeds when it is started again', async () => {
      await join(peers)
      maintenance.stop()
      await clock.tickAsync(MINUTE)
      const { length } = queries.lookups
      maintenance.start()
      await clock.tickAsync(5 * LOOKUP)

      expect(targets(length).slice(0, 4)).to.deep.equal(['self', 0, 1, 2])
      await clock.tickAsync(5 * MINUTE)
      expect(queries.lookups.slice(length).some(({ avoid }) => peers.every(peer => avoid?.(peer)))).to.equal(false)
    })
  })
})
