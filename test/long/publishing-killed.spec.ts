// A process that publishes signed records is killed fifty times, at any moment, and each time the next one takes over its disk.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { readSigned } from '../../src/values/signed/signed-record.ts'
import { MessageType } from '../../src/wire/message.ts'
import { decodeRecord } from '../../src/wire/record.ts'
import { createAcquaintedNetwork, stopAll } from '../helpers/network.ts'
import { pick, randomNumbers, SEED } from '../helpers/random.ts'
import { recordRequests } from '../helpers/requests.ts'
import { PUBLISHED, PUBLISHER_INIT, PUBLISHER_SEED } from './published-records.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Requests } from '../helpers/requests.ts'

/** The sources as they are, or compiled. */
const PUBLISHER = new URL(`./record-publisher${extname(fileURLToPath(import.meta.url))}`, import.meta.url)

const KILLS = 50
const HOLDERS = 4

/** The most lines after which it is killed, and how long after the last of them, ms. */
const MOST_LINES = 30
const LATEST = 20

describe('a node that publishes signed records and is killed', function () {
  this.timeout(180_000)

  let path: string
  let holders: TestNode[]
  let requests: Requests[]
  let contradictions = 0

  before(async () => {
    path = await mkdtemp(join(tmpdir(), 'record-publisher-'))
    holders = await createAcquaintedNetwork(HOLDERS, { dht: PUBLISHER_INIT })
    requests = holders.map(recordRequests)
    holders.forEach(({ services: { dht } }) => { dht.addEventListener('record:contradiction', () => { contradictions++ }) })
  })

  after(async () => {
    await stopAll(holders)
    await rm(path, { recursive: true, force: true })
  })

  /** Runs until it has said so many lines, and then a moment longer. Returns all that it said. */
  async function publishAndDie (run: number, count: number, ms: number): Promise<string[][]> {
    const child = fork(fileURLToPath(PUBLISHER), [path, `${run}`, ...holders.map(holder => holder.getMultiaddrs()[0].toString())], {
      execArgv: [...process.execArgv, '--no-warnings'],
      stdio: ['ignore', 'pipe', 2, 'ipc']
    })
    const end = once(child, 'exit')
    const lines: string[][] = []

    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line.split(' '))

      if (lines.length === count) {
        setTimeout(() => { child.kill('SIGKILL') }, ms)
      }
    }

    assert.deepEqual(await end, [null, 'SIGKILL'])

    return lines
  }

  it('has every record that was acknowledged, or a later one, and goes on publishing it, and gives no sequence number twice, after each of 50 kills', async () => {
    const random = randomNumbers(SEED)
    const publisher = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', PUBLISHER_SEED))
    const acknowledged = new Map<string, bigint>()
    let restarts = 0

    for (let run = 0; run < KILLS; run++) {
      const known = new Map(acknowledged)
      let missing: Array<[string, bigint]> = []
      const held = new Map<string, bigint>()
      const publishes = new Set<string>()

      for (const [what, name, seq] of await publishAndDie(run, 1 + pick(random, MOST_LINES), pick(random, LATEST))) {
        if (what === 'held') {
          held.set(name, BigInt(seq))
        } else if (what === 'publishes') {
          publishes.add(name)
        } else if (what === 'acknowledged') {
          assert.ok(BigInt(seq) > (acknowledged.get(name) ?? -1n), `${name} ${seq} came after ${acknowledged.get(name)}`)
          acknowledged.set(name, BigInt(seq))
        } else {
          // all that it had is told by now
          missing = [...known].filter(([name, seq]) => (held.get(name) ?? -1n) < seq || !publishes.has(name))
          restarts++
        }
      }

      assert.deepEqual(missing, [], `after kill ${run}`)
    }

    // the others were killed before they had told all
    assert.ok(restarts > KILLS / 2)

    assert.deepEqual([...acknowledged.keys()].sort(), PUBLISHED)

    for (const { services: { dht } } of holders) {
      for (const [name, seq] of acknowledged) {
        assert.ok((await dht.records.resolve(publisher, name)).seq >= seq)
      }
    }

    const signed = new Map<string, Set<string>>()

    for (const { type, record } of requests.flatMap(list => list.from(publisher))) {
      if (type === MessageType.PUT_VALUE && record != null) {
        const { record: { key, seq, value, expires } } = readSigned(decodeRecord(record).value)
        const name = `${Buffer.from(key).toString('hex')} ${seq}`
        signed.set(name, (signed.get(name) ?? new Set()).add(`${expires} ${new TextDecoder().decode(value)}`))
      }
    }

    assert.ok(signed.size >= 3 * KILLS, `only ${signed.size} records were seen`)
    assert.deepEqual([...signed.values()].filter(({ size }) => size > 1), [])
    assert.equal(contradictions, 0)
  })
})
