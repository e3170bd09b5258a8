// The process of a server: one node of ours with provider records in LevelDB.

import { setTimeout as delay } from 'node:timers/promises'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { untilQuiet } from '../cpu.ts'
import { used } from '../memory/used.ts'
import { createNode } from '../node.ts'
import { answerCalls } from '../processes/answer-calls.ts'
import { profiling } from '../processes/profiling.ts'
import { RecordsOnDisk } from '../server/datastore.ts'
import { ours } from '../subjects/ours.ts'
import { Blocks } from './blocks.ts'
import { fill, isRecord } from './fill.ts'
import { Records } from './records.ts'
import type { Collected, FillRequest, Held, StartRequest, Started } from './protocol.ts'
import type { Quiet } from '../cpu.ts'
import type { Node } from '../node.ts'
import type { Batch, Key } from 'interface-datastore'

/** At rest after a start. */
const RESTING: Quiet = { window: 250, cpu: 15, times: 4, limit: 600_000 }

/** Records are collected so often, s: by default every 90 minutes, but nothing here lapses before all of it does. */
const CLEANUP_INTERVAL = 5

/** More than a record holds, ms. */
const LAPSE = 50 * 3_600_000

/** Nothing is collected any more when nothing was deleted for so long, ms. */
const COLLECTED = 6 * CLEANUP_INTERVAL * 1000

/** Counts the records that are deleted. */
class CountedRecords extends RecordsOnDisk {
  deleted = 0
  firstAt = 0
  lastAt = 0

  override delete (key: Key): void | Promise<void> {
    this.#count([key])

    return super.delete(key)
  }

  override batch (): Batch {
    const batch = super.batch()
    const keys: Key[] = []

    return {
      ...batch,
      delete: key => {
        keys.push(key)
        batch.delete(key)
      },
      commit: async options => {
        await batch.commit(options)
        this.#count(keys)
      }
    }
  }

  #count (keys: Key[]): void {
    const records = keys.filter(isRecord).length

    if (records > 0) {
      this.firstAt ||= performance.now()
      this.lastAt = performance.now()
      this.deleted += records
    }
  }
}

let node: Node | undefined
let records: CountedRecords | undefined

answerCalls({
  ...profiling,

  async fill ({ seed, records, folder }: FillRequest): Promise<void> {
    const datastore = new RecordsOnDisk(folder)
    await datastore.open()
    await fill(datastore, new Records(seed, records), Date.now())
    await datastore.close()
  },

  async start ({ key, folder, cacheSize, maxRecords }: StartRequest): Promise<Started> {
    records = new CountedRecords(folder)
    await records.open()
    const blocks = new Blocks()
    const begun = performance.now()
    let busyAt = begun

    node = await createNode({
      subject: ours({ providers: { cacheSize, cleanupInterval: CLEANUP_INTERVAL }, limits: { storedProviders: maxRecords } }),
      privateKey: privateKeyFromProtobuf(key),
      transport: 'tcp',
      datastore: records
    })

    await untilQuiet(RESTING, isQuiet => { busyAt = isQuiet ? busyAt : performance.now() })

    return { addrs: node.libp2p.getMultiaddrs().map(String), seconds: (busyAt - begun) / 1000, block: blocks.end() }
  },

  held: async (): Promise<Held> => used(),

  async collect ({ count }: { count: number }): Promise<Collected> {
    const collected = records as CountedRecords
    const real = Date.now
    const begun = performance.now()
    collected.deleted = 0
    collected.firstAt = 0
    Date.now = () => real() + LAPSE
    const blocks = new Blocks()

    while (collected.deleted < count && performance.now() - Math.max(begun, collected.lastAt) < COLLECTED) {
      await delay(10)
    }

    const block = blocks.end()
    Date.now = real

    return { records: collected.deleted, seconds: (collected.lastAt - collected.firstAt) / 1000, block }
  },

  async stop () {
    await Promise.allSettled([node?.libp2p.stop()])
    await records?.close().catch(() => {})
  }
})
