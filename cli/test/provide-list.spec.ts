import assert from 'node:assert/strict'
import { open, writeFile } from 'node:fs/promises'
import { afterEach, describe, it } from 'node:test'
import { base16 } from 'multiformats/bases/base16'
import { CID } from 'multiformats/cid'
import { callNode } from '../src/control/client.ts'
import { manyCIDs, sample } from './cids.ts'
import { json, kad, Nodes, run, temporaryFolder } from './kad.ts'
import type { StatusResult } from '../src/providing/requests.ts'

const NOBODY = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE'

describe('kad provide --from', () => {
  const nodes = new Nodes()

  afterEach(async () => nodes.kill())

  it('announces the 500 CIDs of a file, which another node finds, and tells what that took', async () => {
    await using folder = await temporaryFolder()
    const [one, two, list] = [folder.file('one'), folder.file('two'), folder.file('cids')]
    const [first] = await nodes.pair(one, two)
    const cids = manyCIDs(500)
    await writeFile(list, `# what is here\n\n${cids.join('  # and why\r\n')}\n\n${cids[0]}`)

    const { code, stdout, stderr } = await kad('provide', '--data', one, '--from', list)
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '501 CIDs read, 500 of them new\n500 keys announced, 0 failed\n')
    assert.match(stderr, /^\d+ lookups?, [\d,]+ messages, 500 records, [\d.]+m?s\n$/)

    for (const cid of sample(cids, 50)) {
      assert.deepEqual(await providersAt(two, cid), [first.id], cid)
    }

    const listed = await kad('provided', '--data', one)
    assert.deepEqual(listed.stdout.trimEnd().split('\n').sort(), [...cids].sort())

    const again = json(await kad('provide', '--data', one, '--from', list, '--json'))
    const { ms, ...counts } = again
    assert.deepEqual(counts, { op: 'provide-many', ok: true, read: 501, added: 0, announced: 0, failed: 0, records: 0, lookups: 0, messages: 0, left: 0 })
    assert.ok(ms > 0)
  })

  it('reads the standard input', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first] = await nodes.pair(one, two)
    const [cid] = manyCIDs(1)

    const { announced, records } = json(await run(['provide', '--data', one, '--from', '-', '--json'], { input: `${cid}\n` }))
    assert.deepEqual({ announced, records }, { announced: 1, records: 1 })
    assert.deepEqual(await providersAt(two, cid), [first.id])
  })

  it('refuses a list with a mistake in it as a whole, and says where that is', async () => {
    await using folder = await temporaryFolder()
    const [one, list] = [folder.file('one'), folder.file('cids')]
    await nodes.start('--data', one)
    const wrong = `${manyCIDs(3).join('\n')}\n# next\nbafy-nonsense\n`
    await writeFile(list, wrong)

    for (const result of [await kad('provide', '--data', one, '--from', list), await run(['provide', '--data', one, '--from', '-'], { input: wrong })]) {
      assert.equal(result.code, 2)
      assert.match(result.stderr, /^kad: --from: .*, line 5: "bafy-nonsense" is not a CID: one begins with/)
      assert.equal(result.stdout, '')
    }

    await writeFile(list, `${manyCIDs(1)}\n${'x'.repeat(5_000)}`)
    assert.match((await kad('provide', '--data', one, '--from', list)).stderr, /--from: ".*" can't be read: A line is longer than 4096 characters/)

    await writeFile(list, '# nothing yet\n\n')
    const empty = await kad('provide', '--data', one, '--from', list)
    assert.equal(empty.code, 2)
    assert.match(empty.stderr, /--from: ".*" has no CID in it/)

    assert.equal((await kad('provided', '--data', one)).stdout, '')
  })

  it('keeps what it can tell nobody of, says so, and announces it when there is somebody', async () => {
    await using folder = await temporaryFolder()
    const [one, two, list] = [folder.file('one'), folder.file('two'), folder.file('cids')]
    const first = await nodes.start('--data', one)
    const cids = manyCIDs(20)
    await writeFile(list, cids.join('\n'))

    const { code, stdout } = await kad('provide', '--data', one, '--from', list, '--timeout', '1s', '--json')
    const { ok, read, added, error } = JSON.parse(stdout)
    assert.equal(code, 1)
    assert.deepEqual({ ok, read, added }, { ok: false, read: 20, added: 20 })
    assert.match(error.message, /There is no peer to tell/)
    assert.partialDeepStrictEqual(await status(one), { state: 'offline', keys: 20, neverAnnounced: 20 })

    const told = await kad('provide', '--data', one, '--from', list, '--timeout', '1s')
    assert.equal(told.code, 1)
    assert.equal(told.stdout, '20 CIDs read, 0 of them new\n')
    assert.match(told.stderr, /^kad: There is no peer to tell/)

    await nodes.start('--data', two, '--bootstrap', first.address)
    await until(async () => (await status(one)).neverAnnounced === 0)
    assert.deepEqual(await providersAt(two, cids[0]), [first.id])
  })

  it('ends with 1 and keeps them when those it knows do not answer', async () => {
    await using folder = await temporaryFolder()
    const [one, two, list] = [folder.file('one'), folder.file('two'), folder.file('cids')]
    const [, second] = await nodes.pair(one, two)
    await writeFile(list, manyCIDs(20).join('\n'))
    await second.end('SIGKILL')

    const { code, stdout } = await kad('provide', '--data', one, '--from', list, '--timeout', '20s', '--json')
    const { ok, added, announced = 0, error } = JSON.parse(stdout)
    assert.equal(code, 1)
    assert.deepEqual({ ok, added, announced }, { ok: false, added: 20, announced: 0 })
    assert.notEqual(error.message, '')
    assert.partialDeepStrictEqual(await status(one), { keys: 20, neverAnnounced: 20 })
  })

  it('is a node that comes and goes where none runs, and one that comes back with its folder', async () => {
    await using folder = await temporaryFolder()
    const [one, two, data, list] = [folder.file('one'), folder.file('two'), folder.file('data'), folder.file('cids')]
    const [seed] = await nodes.pair(one, two)
    const cids = manyCIDs(30)
    await writeFile(list, cids.join('\n'))
    const join = ['--any-address', '--bootstrap', seed.address, '--from', list, '--json']

    const once = await kad('provide', ...join)
    assert.equal(json(once).announced, 30)
    assert.match(once.stderr, /^warning: this is announced by a client that leaves then/)
    assert.equal((await providersAt(two, cids[7])).length, 1)

    const kept = await kad('provide', ...join, '--data', data)
    assert.equal(json(kept).announced, 30)
    assert.match(kept.stderr, /^No node runs on .*data, so this is done by a node that runs on it for as long as it takes\nwarning: .*kad start --data/)

    const back = await nodes.start('--data', data)
    assert.ok((await providersAt(two, cids[7])).includes(back.id))
    assert.equal((await kad('provided', '--data', data)).stdout.split('\n').length, 31)

    const nobody = await kad('provide', '--any-address', '--bootstrap', NOBODY, '--from', list)
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /kad: None of the peers to join through can be reached/)
  })

  it('keeps what it has written down on Ctrl-C, and says how many that are', async () => {
    await using folder = await temporaryFolder()
    const [one, two, list] = [folder.file('one'), folder.file('two'), folder.file('cids')]
    const [first] = await nodes.pair(one, two)
    await writeFile(list, manyCIDs(5_000).join('\n'))

    const asked = first.until(({ event }) => event === 'asked')
    const { code, stderr } = await run(['provide', '--data', one, '--from', list], { input: '', interrupt: asked })
    assert.equal(code, 1)
    const [, written] = /^kad: Interrupted: at least (\d+) of 5000 CIDs were written down and stay/.exec(stderr) ?? assert.fail(stderr)
    assert.equal((await first.until(({ event }) => event === 'operation')).ok, false)

    const { listed } = await callNode(one, { op: 'provided' })
    assert.ok(Number(listed) >= Number(written) && Number(listed) <= 5_000, `${listed} of ${written}`)
    assert.equal((await kad('provide', '--data', one, '--from', list)).code, 0)
    assert.equal((await status(one)).keys, 5_000)
  })

  it('loses nothing when its node is killed in the middle of it: it goes on after a restart', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first, second] = await nodes.pair(one, two)
    const cids = manyCIDs(4_000)

    await assert.rejects(callNode(one, { op: 'provide-many' }, {
      cids: eachOf(cids),
      onPart: part => {
        if ('progress' in part && part.progress.phase === 'announcing' && part.progress.done >= 1_000) {
          first.signal('SIGKILL')
        }
      }
    }), /did not answer/)
    await first.end('SIGKILL')
    await second.end('SIGKILL')

    const again = await nodes.start('--data', one)
    assert.equal((await callNode(one, { op: 'reprovide', timeout: 1_000 })).ok, false)
    const { keys, neverAnnounced } = await status(one)
    assert.equal(keys, 4_000)
    assert.ok(neverAnnounced > 0 && neverAnnounced <= 3_000, `${neverAnnounced} were never announced`)

    const third = await nodes.start('--data', folder.file('three'), '--bootstrap', again.address)
    await third.knows(again)
    await again.knows(third)
    const { ok, error } = await callNode(one, { op: 'reprovide' })
    assert.equal(ok, true, error?.message)
    assert.partialDeepStrictEqual(await status(one), { keys: 4_000, neverAnnounced: 0, due: 0 })

    // those that had been announced before were told to one that is gone
    const held = (await Promise.all(sample(cids, 40).map(async cid => providersAt(folder.file('three'), cid)))).flat()
    assert.ok(held.length > 0 && held.every(id => id === again.id))
  })
})

describe('what a node provides', () => {
  const nodes = new Nodes()

  afterEach(async () => nodes.kill())

  it('is announced no more once it is taken out', async () => {
    await using folder = await temporaryFolder()
    const [one, two, list] = [folder.file('one'), folder.file('two'), folder.file('cids')]
    await nodes.pair(one, two)
    const cids = manyCIDs(50)
    await writeFile(list, cids.join('\n'))
    await kad('provide', '--data', one, '--from', list)

    const inHexadecimal = CID.parse(cids[0]).toString(base16)
    const { ms, ...removed } = json(await kad('unprovide', '--data', one, '--json', cids[0], inHexadecimal, ...manyCIDs(1, 'another')))
    assert.deepEqual(removed, { op: 'unprovide', ok: true, read: 3, removed: 1 })

    const lines = (await kad('provided', '--data', one, '--json')).stdout.trimEnd().split('\n').map(line => JSON.parse(line))
    assert.deepEqual(lines.map(({ cid }) => cid).sort(), cids.slice(1).sort())
    lines.forEach(({ announced }) => assert.ok(Date.parse(announced) > 0))

    const rest = await kad('unprovide', '--data', one, '--from', list)
    assert.equal(rest.stdout, '50 CIDs read, 49 of them were provided and are announced no more\n')
    assert.equal((await status(one)).keys, 0)
  })

  it('is shown while it is announced and after, for people and as JSON', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    await nodes.pair(one, two)
    const states: StatusResult[] = []
    let asking: Promise<unknown> = Promise.resolve()

    await callNode(one, { op: 'provide-many' }, {
      cids: eachOf(manyCIDs(3_000)),
      onPart: part => {
        if ('progress' in part && part.progress.phase === 'announcing') {
          asking = asking.then(async () => { states.push(await status(one)) })
        }
      }
    })
    await asking
    assert.equal(states[0].keys, 3_000)
    assert.ok(states[0].announced > 0)

    const shown = json(await kad('reprovide', '--data', one, '--status', '--json'))
    const { progress, next, lookups, messages, ...counts } = shown.status
    assert.deepEqual(counts, { state: 'waiting', keys: 3_000, neverAnnounced: 0, due: 0, lag: 0, announced: 3_000, failed: 0, records: 3_000 })
    assert.ok(progress >= 0 && progress <= 1 && lookups >= 1 && messages >= 3_000)
    assert.ok(Date.parse(next) > 0)

    const table = await kad('reprovide', '--data', one, '--status')
    assert.match(table.stdout, /│ keys +│ 3,000 +│\n│ never announced +│ 0 +│\n│ due +│ none /)
    assert.equal(table.stderr, '')

    const nothing = await kad('reprovide', '--data', one)
    assert.equal(nothing.code, 0)
    assert.equal(nothing.stdout, 'Nothing was due\n')
  })

  it('is no list that is cut short in silence: a full disk is a failure', async () => {
    await using folder = await temporaryFolder()
    const one = folder.file('one')
    await nodes.start('--data', one)
    await callNode(one, { op: 'provide-many', timeout: 500 }, { cids: eachOf(manyCIDs(3)) })
    await using full = await open('/dev/full', 'w')

    for (const args of [['provided'], ['provided', '--json'], ['reprovide', '--status']]) {
      const { code, stderr } = await run([...args, '--data', one], { input: '', output: full.fd })
      assert.equal(code, 1)
      assert.match(stderr, /^kad: The result can't be written: .*ENOSPC.*\n$/)
    }
  })

  it('is asked of a node that runs, and of no other', async () => {
    await using folder = await temporaryFolder()

    for (const args of [['provided'], ['reprovide'], ['reprovide', '--status'], ['unprovide', ...manyCIDs(1)]]) {
      const { code, stdout, stderr } = await kad(...args, '--data', folder.file('nobody'))
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, /^kad: No node runs on .*kad start --data/)
    }

    const failed = await kad('reprovide', '--data', folder.file('nobody'), '--json')
    assert.equal(failed.code, 1)
    assert.equal(JSON.parse(failed.stdout).error.name, 'NotRunningError')
  })

  it('can be found as the caller likes it: fast, a few, the nearest', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first, second] = await nodes.pair(one, two)
    const [cid] = manyCIDs(1)

    assert.deepEqual(json(await kad('provide', '--data', one, '--json', '--optimistic', cid)).stored, [second.id])
    assert.deepEqual(json(await kad('provide', '--data', two, '--json', cid)).stored, [first.id])

    const ids = async (...args: string[]): Promise<string[]> => {
      const { providers } = json(await kad('find-providers', '--data', two, '--json', ...args, cid))

      return providers.map(({ id }: { id: string }) => id)
    }

    assert.deepEqual((await ids()).sort(), [first.id, second.id].sort())
    assert.equal((await ids('--count', '1')).length, 1)
    assert.equal((await ids('--fast')).length, 1)
    // itself first
    assert.deepEqual(await ids('--nearest'), [second.id, first.id])
    assert.deepEqual(await ids('--nearest', '--count', '1'), [second.id])
  })
})

async function providersAt (data: string, cid: string): Promise<string[]> {
  const { providers = [] } = await callNode(data, { op: 'find-providers', subject: cid, timeout: 30_000 })

  return providers.map(({ id }) => id)
}

async function status (data: string): Promise<StatusResult> {
  const reply = await callNode(data, { op: 'reprovide-status' })

  return reply.status ?? assert.fail(reply.error?.message)
}

/** Asks again and again. */
async function until (holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) {
    // each takes its time
  }
}

async function * eachOf (cids: string[]): AsyncGenerator<string> {
  yield * cids
}
