import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { afterEach, describe, it } from 'node:test'
import { json, kad, Nodes, temporaryFolder } from './kad.ts'

const DEAD = { id: '12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE', addresses: ['/ip4/127.0.0.1/tcp/1'] }

describe('--network <file>', () => {
  const nodes = new Nodes()

  afterEach(async () => nodes.kill())

  it('gives nodes and clients the protocol, k and the peers to join through', async () => {
    await using folder = await temporaryFolder()
    const file = folder.file('network.json')
    const network = { name: 'a network of tests', protocol: '/tests/kad/1.0.0', k: 1 }

    await writeFile(file, JSON.stringify(network))
    const first = await nodes.start('--network', file)
    assert.equal(first.started.network, 'a network of tests')

    await writeFile(file, JSON.stringify({ ...network, seeds: [DEAD, { id: first.id, addresses: [first.address] }] }))
    const second = await nodes.start('--network', file, '--data', folder.file('two'))
    await Promise.all([first.knows(second), second.knows(first)])
    assert.equal(json(await kad('put', '--any-address', '--network', file, '--json', '/kad/visit', 'was here')).stored.length, 1)
    assert.equal(json(await kad('get', '--any-address', '--network', file, '--json', '/kad/visit')).value, 'was here')

    // the other protocol
    const stranger = await kad('get', '--any-address', '--bootstrap', first.address, '--timeout', '1s', '/kad/visit')
    assert.equal(stranger.code, 1)
  })

  it('takes more peers to join through from --bootstrap', async () => {
    await using folder = await temporaryFolder()
    const file = folder.file('network.json')
    await writeFile(file, JSON.stringify({ name: 'all gone', protocol: '/tests/kad/1.0.0', seeds: [DEAD] }))
    const first = await nodes.start('--network', file)
    const more = ['--network', file, '--bootstrap', first.address]

    const second = await nodes.start(...more)
    await second.knows(first)
    assert.equal(json(await kad('closest', '--any-address', ...more, '--json', 'anything')).peers.length, 2)
  })

  it('warns of private addresses in the file, and is not for a file without peers alone, or with --protocol', async () => {
    await using folder = await temporaryFolder()
    const file = folder.file('network.json')
    const network = { name: 'private', protocol: '/tests/kad/1.0.0', seeds: [DEAD] }

    await writeFile(file, JSON.stringify(network))
    const { code, stderr } = await kad('get', '--network', file, '/kad/x')
    assert.equal(code, 1)
    assert.match(stderr, /warning: \/ip4\/127\.0\.0\.1\/tcp\/1\/p2p\/\w+ is a private address/)

    const twice = await kad('start', '--network', file, '--protocol', '/tests/kad/2.0.0')
    assert.equal(twice.code, 2)
    assert.match(twice.stderr, /'--protocol <id>' cannot be used with option '--network <file>'/)

    await writeFile(file, JSON.stringify({ ...network, seeds: [] }))
    const nobody = await kad('get', '--network', file, '/kad/x')
    assert.equal(nobody.code, 2)
    assert.match(nobody.stderr, /no node to act through: .*--data.*--bootstrap.*--network/)
  })
})
