import assert from 'node:assert/strict'
import { stat, writeFile } from 'node:fs/promises'
import { afterEach, describe, it } from 'node:test'
import { json, kad, LOOPBACK, Nodes, temporaryFolder } from './kad.ts'

describe('kad start, and what acts through it', () => {
  const nodes = new Nodes()

  afterEach(async () => nodes.kill())

  it('puts on one node and gets on the other, as text and as JSON', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [, second] = await nodes.pair(one, two)

    const put = json(await kad('put', '--data', one, '--json', '/kad/greeting', 'grüß dich'))
    assert.equal(put.ok, true)
    assert.deepEqual(put.stored, [second.id])
    assert.equal(put.messages, 2)

    const got = json(await kad('get', '--data', two, '--json', '/kad/greeting'))
    assert.equal(got.value, 'grüß dich')
    assert.equal(got.encoding, 'utf8')

    const { code, stdout } = await kad('get', '--data', two, '/kad/greeting')
    assert.equal(code, 0)
    assert.equal(stdout, 'grüß dich\n')
  })

  it('keeps the greatest of several values', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    await nodes.pair(one, two)

    assert.equal((await kad('put', '--data', one, '/kad/version', '2')).code, 0)
    const refused = await kad('put', '--data', two, '/kad/version', '1')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^kad: .+/)
    assert.equal(json(await kad('get', '--data', two, '--json', '/kad/version')).value, '2')
  })

  it('publishes a record that another resolves by its owner and name, a newer one in its place, and removes it', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first, second] = await nodes.pair(one, two)

    const published = json(await kad('publish', '--data', one, '--json', 'profile', 'Älice'))
    assert.deepEqual(published.stored, [second.id])
    assert.equal(published.seq, '1')
    assert.equal((await kad('publish', '--data', one, 'profile', 'Bob')).code, 0)

    const { code, stdout } = await kad('resolve', '--data', two, first.id, 'profile')
    assert.equal(code, 0)
    assert.equal(stdout, 'Bob\n')
    assert.equal(json(await kad('resolve', '--data', two, '--json', first.id, 'profile')).seq, '2')

    assert.equal((await kad('remove', '--data', one, 'profile')).code, 0)
    const gone = await kad('resolve', '--data', two, first.id, 'profile')
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /^kad: The record was removed by its owner/)
    assert.equal((await kad('resolve', '--data', two, 'nobody', 'profile')).code, 2)
  })

  it('provides a file, finds its provider, finds the peer and the nearest ones', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first, second] = await nodes.pair(one, two)
    await writeFile(folder.file('file'), 'content')

    const { cid, stored } = json(await kad('provide', '--data', one, '--json', folder.file('file')))
    assert.equal(cid, 'bafkreihnoabliopjvscf6irvpwbcxlauirzq7pnwafwt5skdekl3t3e7om')
    assert.deepEqual(stored, [second.id])

    const { providers } = json(await kad('find-providers', '--data', two, '--json', cid))
    assert.deepEqual(providers.map(({ id }: any) => id), [first.id])
    assert.ok(providers[0].addresses.length > 0)

    const { peers } = json(await kad('find-peer', '--data', two, '--json', first.id))
    assert.equal(peers[0].id, first.id)
    assert.ok(first.address.startsWith(peers[0].addresses[0]))

    assert.deepEqual(json(await kad('closest', '--data', one, '--json', 'anything')).peers.map(({ id }: any) => id), [second.id])
    assert.deepEqual(json(await kad('closest', '--data', one, '--json', second.id)).peers.map(({ id }: any) => id), [second.id])

    const { value, encoding } = json(await kad('get', '--data', one, '--json', `/pk/${second.id}`))
    assert.equal(encoding, 'base64')
    assert.equal(Buffer.from(value, 'base64').byteLength, 36)
  })

  it('does the same for a client that comes and goes', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first, second] = await nodes.pair(one, two)
    const network = ['--any-address', '--bootstrap', first.address, '--json']

    assert.deepEqual(json(await kad('put', ...network, '/kad/visit', 'was here')).stored.sort(), [first.id, second.id].sort())
    assert.equal(json(await kad('get', ...network, '/kad/visit')).value, 'was here')
    assert.equal(json(await kad('find-peer', ...network, second.id)).peers[0].id, second.id)
    assert.equal(json(await kad('closest', ...network, 'anything')).peers.length, 2)

    const provided = await kad('provide', ...network, 'bafkreihnoabliopjvscf6irvpwbcxlauirzq7pnwafwt5skdekl3t3e7om')
    assert.equal(json(provided).stored.length, 2)
    assert.match(provided.stderr, /warning: .*--data/)
    assert.equal(json(await kad('find-providers', ...network, json(provided).cid)).providers.length, 1)
  })

  it('shows the routing table, as text and as JSON', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const begun = Date.now()
    const [first, second] = await nodes.pair(one, two)

    const table = json(await kad('table', '--data', one, '--json'))
    assert.equal(table.id, first.id)
    assert.equal(table.size, 1)
    assert.equal(table.buckets.length, 1)
    assert.ok(table.buckets[0].commonPrefixLength >= 0)
    assert.deepEqual(table.buckets[0].candidates, [])

    const { id, since, lastHeard, connected, failures } = table.buckets[0].peers[0]
    assert.deepEqual({ id, connected, failures }, { id: second.id, connected: true, failures: 0 })
    assert.ok(Date.parse(since) >= begun && Date.parse(lastHeard) >= Date.parse(since), `${since} ${lastHeard}`)

    const { code, stdout, stderr } = await kad('table', '--data', one)
    assert.equal(code, 0)
    assert.match(stdout, /bucket \d+: 1 peer, 0 candidates/)
    assert.match(stdout, new RegExp(`${second.id} .* ago .* ago .* yes +│ 0 `))
    assert.equal(stderr, '1 peer in 1 bucket\n')

    assert.equal(await first.end('SIGINT'), 0)
    const nobody = await kad('table', '--data', one)
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /^kad: No node runs on .*kad start --data/)
  })

  it('ends with 1 and the reason when nothing is found, nobody answers or time is up', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    await nodes.pair(one, two)
    const unknown = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

    for (const args of [['get', '/kad/nothing'], ['find-providers', unknown], ['find-peer', '12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE']]) {
      const { code, stdout, stderr } = await kad(...args, '--data', one)
      assert.equal(code, 1, args.join(' '))
      assert.match(stderr, /^kad: \w+.*\n$/)
      assert.equal(stdout, '')

      const failed = await kad(...args, '--data', one, '--json')
      assert.equal(failed.code, 1)
      assert.equal(JSON.parse(failed.stdout).ok, false)
      assert.notEqual(JSON.parse(failed.stdout).error.message, '')
    }

    const nobody = await kad('get', '--any-address', '--bootstrap', '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE', '/kad/x')
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /None of the peers to join through can be reached: .*ECONNREFUSED/)

    const alone = await nodes.start('--data', folder.file('alone'))
    const late = await kad('get', '--data', folder.file('alone'), '--timeout', '200ms', '/kad/x')
    assert.equal(late.code, 1)
    assert.match(late.stderr, /Not done after 0\.2 s/)
    assert.equal(await alone.end('SIGINT'), 0)
  })

  it('is the same peer after a restart, finds its peers without a bootstrap peer, and still has its values', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [folder.file('one'), folder.file('two')]
    const [first, second] = await nodes.pair(one, two)
    assert.equal((await kad('put', '--data', one, '/kad/kept', 'still here')).code, 0)

    assert.equal(await second.end('SIGINT'), 0)
    const again = await nodes.start('--data', two)
    assert.equal(again.id, second.id)
    await again.knows(first)

    assert.equal(await first.end('SIGTERM'), 0)
    assert.equal(json(await kad('get', '--data', two, '--json', '/kad/kept')).value, 'still here')
  })

  it('replaces the socket of a killed node, and says that nobody is there meanwhile', async () => {
    await using folder = await temporaryFolder()
    const data = folder.file('data')
    const killed = await nodes.start('--data', data)
    assert.equal(await killed.end('SIGKILL'), null)
    assert.ok((await stat(`${data}/control.sock`)).isSocket())

    const { code, stderr } = await kad('get', '--data', data, '/kad/x')
    assert.equal(code, 1)
    assert.match(stderr, /No node runs on .*kad start --data/)

    const again = await nodes.start('--data', data)
    assert.equal(again.id, killed.id)
    // answered by the node: that there is nobody to ask
    assert.match((await kad('get', '--data', data, '--timeout', '100ms', '/kad/x')).stderr, /Not done after 0\.1 s/)
  })

  it('keeps key and socket to its owner, and its folder to one node', async () => {
    await using folder = await temporaryFolder()
    const data = folder.file('data')
    await nodes.start('--data', data)

    assert.equal((await stat(`${data}/private.key`)).mode & 0o777, 0o600)
    assert.equal((await stat(`${data}/control.sock`)).mode & 0o777, 0o600)

    const { code, stderr } = await kad('start', ...LOOPBACK, '--data', data)
    assert.equal(code, 1)
    assert.match(stderr, /Another process runs a node on/)
  })

  it('says why a folder can not be used', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('data'), '')
    const { code, stderr } = await kad('start', ...LOOPBACK, '--data', folder.file('data'))

    assert.equal(code, 1)
    assert.match(stderr, /^kad: The folder .* can't be used \(.*EEXIST.*\): make room for it, see that it may be written, or name another\n$/)
  })

  it('ends with 0 at once on Ctrl-C, also in the middle of an operation', async () => {
    await using folder = await temporaryFolder()
    const node = await nodes.start('--data', folder.file('data'), '--bootstrap', '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE')
    // says that it could not join, and goes on
    const { message } = await node.until(({ event }) => event === 'warning')
    assert.match(message, /^nobody answers: is \/ip4\/127\.0\.0\.1\/tcp\/1\/p2p\/\w+ running, and reachable from here\?$/)
    const waiting = kad('get', '--data', folder.file('data'), '/kad/x')
    await node.until(({ event }) => event === 'asked')
    const begun = performance.now()

    assert.equal(await node.end('SIGINT'), 0)
    assert.ok(performance.now() - begun < 5_000)
    assert.equal((await waiting).code, 1)
  })
})
