import assert from 'node:assert/strict'
import { on } from 'node:events'
import { watch } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { callNode } from '../src/control/client.ts'
import { json, kad, Nodes, temporaryFolder } from './kad.ts'
import type { Running } from './kad.ts'

const WRITERS = 8
const ENOUGH = 40

describe('a node that is killed without a warning', () => {
  const nodes = new Nodes()

  afterEach(async () => nodes.kill())

  it('finds back through the table of its data folder when its seed is dead, too', async () => {
    await using folder = await temporaryFolder()
    const [two, three] = [folder.file('two'), folder.file('three')]
    const seed = await nodes.start()
    const other = await nodes.start('--data', two, '--bootstrap', seed.address)
    await seed.knows(other)
    const killed = await nodes.start('--data', three, '--bootstrap', seed.address)
    await Promise.all([killed.knows(other), other.knows(killed), savedTable(three)])

    await killed.end('SIGKILL')
    await seed.end('SIGKILL')
    const again = await nodes.start('--data', three, '--bootstrap', seed.address)
    await again.knows(other)

    assert.equal(again.id, killed.id)
    assert.deepEqual(json(await kad('put', '--data', two, '--json', '/kad/back', 'again')).stored, [killed.id])
  })

  it('can use its data folder again, whenever that was, and has the values that it had said to have', async () => {
    await using folder = await temporaryFolder()
    const data = folder.file('data')
    const seed = await nodes.start()
    const stored: string[] = []

    const moments: Array<(node: Running) => Promise<unknown>> = [
      async () => {},
      async node => node.knows(seed),
      async node => {
        await node.knows(seed)
        await putMany(data, stored)
      },
      async node => {
        await node.knows(seed)
        node.signal('SIGINT')
        await node.until(({ event }) => event === 'stopping')
      }
    ]
    const ids = new Set<string>()

    for (const moment of moments) {
      const node = await nodes.start('--data', data, '--bootstrap', seed.address)
      ids.add(node.id)
      await moment(node)
      await node.end('SIGKILL')
    }

    // whoever else had the values is gone
    await seed.end('SIGKILL')
    const newcomer = await nodes.start()
    const again = await nodes.start('--data', data, '--bootstrap', newcomer.address)
    await again.knows(newcomer)

    assert.deepEqual([...ids], [again.id])

    for (const key of stored) {
      const { value, error } = await callNode(data, { op: 'get', subject: key, timeout: 30_000 })
      assert.equal(value, `of ${key}`, error?.message)
    }
  })
})

/** Resolves when many values are stored; more and more are being put. */
async function putMany (data: string, stored: string[]): Promise<void> {
  const { promise: enough, resolve } = Promise.withResolvers<void>()

  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    // until the node is gone
    for (let i = 0; ; i++) {
      const key = `/kad/${writer}-${i}`
      const { ok, error } = await callNode(data, { op: 'put', subject: key, value: `of ${key}`, timeout: 30_000 })
      assert.ok(ok, error?.message)

      if (stored.push(key) === ENOUGH) {
        resolve()
      }
    }
  })

  await Promise.race([enough, ...writers])
}

/** Resolves when the table has been written: LevelDB's log has the keys as they are. */
async function savedTable (data: string): Promise<void> {
  const folder = join(data, 'datastore')
  const watcher = watch(folder)
  const changes = on(watcher, 'change')

  while (!await isWritten(folder)) {
    await changes.next()
  }

  watcher.close()
}

async function isWritten (folder: string): Promise<boolean> {
  const logs = (await readdir(folder)).filter(name => name.endsWith('.log'))
  const contents = await Promise.all(logs.map(async name => readFile(join(folder, name), 'latin1')))

  return contents.some(content => content.includes('routing-table'))
}
