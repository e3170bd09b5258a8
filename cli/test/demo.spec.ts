import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { kad, temporaryFolder } from './kad.ts'

const OPERATIONS = [
  'put', 'get', 'provide', 'find providers', 'fetch', 'find peer',
  'get after the deaths', 'find providers after the deaths', 'fetch after the deaths'
]

describe('kad demo', () => {
  it('finds everything, also after a third of the nodes have died, and prints one JSON document', async () => {
    await using folder = await temporaryFolder()
    const bytes = Buffer.alloc(3_000_000, 'a file of several chunks ')
    await writeFile(folder.file('file'), bytes)
    const { code, stdout, stderr } = await kad('demo', folder.file('file'), '--nodes', '6', '--json')

    assert.equal(code, 0, stderr)
    const result = JSON.parse(stdout)
    assert.equal(result.ok, true)
    assert.equal(result.nodes, 6)
    assert.equal(result.killed.length, 2)
    assert.equal(result.file.size, bytes.byteLength)
    assert.deepEqual(Buffer.from(CID.parse(result.file.cid).multihash.digest), createHash('sha256').update(bytes).digest())
    assert.deepEqual(result.operations.map(({ name }: any) => name), OPERATIONS)

    for (const { name, ok, hops, messages, ms } of result.operations) {
      assert.equal(ok, true, name)
      assert.ok(messages >= 1 && hops >= 0 && ms > 0, name)
    }

    assert.match(stderr, /GET_VALUE/)
  })

  it('prints a table, and leaves nothing behind', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('file'), 'a small file')
    // where the demo makes its folder
    process.env.TMPDIR = folder.path
    const { code, stdout } = await kad(folder.file('file'), '--nodes', '4')

    assert.equal(code, 0, stdout)
    OPERATIONS.forEach(name => { assert.match(stdout, new RegExp(`${name} +│ yes`)) })
    assert.deepEqual(await readdir(folder.path), ['file'])
  })
})
