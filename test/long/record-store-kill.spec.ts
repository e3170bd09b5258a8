// A process that stores values is killed fifty times, in the middle of its writes, and each time the next one takes over its disk.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { LevelDatastore } from 'datastore-level'
import { RecordStore } from '../../src/values/store/record-store.ts'
import { bytes } from '../helpers/content.ts'
import { pick, randomNumbers, SEED } from '../helpers/random.ts'
import { PREFIX, readStored, RECEIVED_PREFIX, SELF } from '../helpers/stored-records.ts'

/** The sources as they are, or compiled. */
const WRITER = new URL(`./record-writer${extname(fileURLToPath(import.meta.url))}`, import.meta.url)

/** Of each of the two stores. */
const KILLS = 25

/** The most values that it has stored when it is killed. */
const MOST = 100

/** Its numbers go on from there. */
const AHEAD = 1_000

/** Runs until so many values are stored, and then a moment no longer. Tells of each that it did store, the last number last. */
async function writeAndDie (path: string, first: number, maxRecords: number, count: number): Promise<Map<string, number>> {
  const child = fork(fileURLToPath(WRITER), [path, `${first}`, `${maxRecords}`], {
    execArgv: [...process.execArgv, '--no-warnings'],
    stdio: ['ignore', 'pipe', 2, 'ipc']
  })
  const end = once(child, 'exit')
  const stored = new Map<string, number>()
  let lines = 0

  for await (const line of createInterface({ input: child.stdout! })) {
    const [name, number] = line.split(' ')
    stored.set(name, Math.max(Number(number), stored.get(name) ?? 0))

    if (++lines === count) {
      child.kill('SIGKILL')
    }
  }

  expect(await end).to.deep.equal([null, 'SIGKILL'])

  return stored
}

describe('the store of values of a process that is killed', function () {
  this.timeout(120_000)

  let path: string

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'record-store-'))
  })

  afterEach(async () => {
    await rm(path, { recursive: true, force: true })
  })

  /** Calls back with what is on the disk after each kill, and with what must be there. */
  async function killAgainAndAgain (maxRecords: number, check: (store: RecordStore, datastore: LevelDatastore, stored: Map<string, number>) => Promise<void>): Promise<void> {
    const random = randomNumbers(SEED + maxRecords)
    const stored = new Map<string, number>()

    for (let i = 0; i < KILLS; i++) {
      const more = await writeAndDie(path, i * AHEAD, maxRecords, 1 + pick(random, MOST))
      more.forEach((number, name) => { stored.set(name, number) })

      const datastore = new LevelDatastore(path)
      await datastore.open()
      const store = new RecordStore(datastore, { prefix: PREFIX, receivedPrefix: RECEIVED_PREFIX, self: SELF, maxAge: 48 * 3_600_000, maxRecords })
      await store.load()
      const { own, received, empty, bytes } = await readStored(datastore)
      expect(empty).to.deep.equal([])
      expect(store).to.include({ size: received.size, bytes })
      expect([...own.values()].filter(({ key }) => !new TextDecoder().decode(key).startsWith('/test/own'))).to.deep.equal([])
      await check(store, datastore, stored)
      await datastore.close()
    }
  }

  async function numberOf (store: RecordStore, name: string): Promise<number> {
    const value = (await store.get(bytes(name)))?.value

    return Number.parseInt(new TextDecoder().decode(value))
  }

  it('has each value that was acknowledged, or a later one, after each of 25 kills', async () => {
    await killAgainAndAgain(1_000, async (store, _, stored) => {
      for (const [name, number] of stored) {
        expect(await numberOf(store, name)).to.be.at.least(number)
      }
    })
  })

  it('has each of its own, takes none of others for its own, and is within its limit again, where values had to go all the time, after each of 25', async () => {
    await killAgainAndAgain(8, async (store, datastore, stored) => {
      for (const [name, number] of [...stored].filter(([name]) => name.includes('own'))) {
        expect(await numberOf(store, name)).to.be.at.least(number)
      }

      await store.collect()
      const { received, own } = await readStored(datastore)
      expect(store.size).to.be.at.most(8)
      expect(received.size).to.equal(store.size)
      expect(own.size).to.be.at.least([...stored.keys()].filter(name => name.includes('own')).length)
    })
  })
})
