// A process that stores values on the disk for as long as it lives, and says what it holds for sure: `<key> <number>`, a line each.
// Forked by `record-store-kill.spec.ts`, which kills it.

import { LevelDatastore } from 'datastore-level'
import { RecordStore } from '../../src/values/store/record-store.ts'
import { bytes } from '../helpers/content.ts'
import { PREFIX, RECEIVED_PREFIX, SELF } from '../helpers/stored-records.ts'

const HOUR = 3_600_000

/** Writes at once. */
const AT_ONCE = 4

/** Few, so that values are replaced all the time; every fourth is the node's own. */
const KEYS = Array.from({ length: 40 }, (_, i) => `/test/${i % 4 === 0 ? 'own' : 'others'}-${i}`)

const [, , path, first, maxRecords] = process.argv
const datastore = new LevelDatastore(path)
const store = new RecordStore(datastore, { prefix: PREFIX, receivedPrefix: RECEIVED_PREFIX, self: SELF, maxAge: 48 * HOUR, maxRecords: Number(maxRecords) })
await datastore.open()
await store.load()
let next = Number(first)

async function writeOn (): Promise<void> {
  for (;;) {
    const number = next++
    const name = KEYS[number % KEYS.length]
    const key = bytes(name)
    const value = bytes(`${number} ${'x'.repeat(number * 37 % 2_000)}`)

    try {
      await store.update(key, async () => ({ key, value, timeReceived: Date.now() }), { received: !name.includes('own') })
      // a pipe takes it at once
      process.stdout.write(`${name} ${number}\n`)
    } catch (error: any) {
      if (error.name !== 'StoreFullError') {
        throw error
      }
    }
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, writeOn))
