import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { MemoryDatastore } from 'datastore-core'
import { bytes } from '../helpers/content.ts'
import { concat, text } from './helpers/bytes.ts'
import { decodeReplies, idsIn, KEYED_TYPES, message, MessageType, peer, placesIn, putValue, record } from './helpers/messages.ts'
import { addressesOf, idOf, idsOf, Nodes, peerIdOf, START_TIMEOUT, untilInJsTable } from './helpers/nodes.ts'
import type { Reply } from './helpers/messages.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

/** A server that waits for more, as it may for ten seconds, has not refused what it got. */
const AT_ONCE = 5_000

const MiB = 1024 * 1024
const KEY = bytes('/test/key')
const PROVIDER_TYPES: MessageType[] = [MessageType.ADD_PROVIDER, MessageType.GET_PROVIDERS]

// The titles name the rows of the wire protocol's conformance list that they prove, before the colon.

describe('requests that a js server refuses', () => {
  const nodes = new Nodes()
  const datastore = new MemoryDatastore()
  let js: TestNode
  let go: GoNode
  let bystander: GoNode

  before(async function () {
    this.timeout(START_TIMEOUT);
    [go, bystander] = await Promise.all([nodes.startGo(), nodes.startGo()])
    js = await nodes.startJs({ datastore })
    await Promise.all([go, bystander].map(async node => node.connect(js.getMultiaddrs())))
    await untilInJsTable(js, [go, bystander])
  })

  after(async () => { await nodes.stop() })

  afterEach('the server has stored nothing, and goes on answering the same peer', async () => {
    assert.deepEqual(await storedBy(datastore), [])

    const [reply] = await answers(go, js, message({ type: MessageType.FIND_NODE, key: KEY }))
    assert.deepEqual(idsIn(reply.closer), [bystander.peerId])
  })

  async function assertReset (request: Uint8Array, closeWrite = false): Promise<void> {
    const { data, end } = await go.raw(idOf(js), request, { closeWrite, timeoutMs: AT_ONCE })

    assert.deepEqual({ length: data.byteLength, end }, { length: 0, end: 'reset' })
  }

  describe('framing', () => {
    it('malformed: bytes that are no message', async () => {
      await assertReset(framed(bytes('this is no protobuf')))
    })

    it('malformed: an empty message, which is a PUT_VALUE without anything', async () => {
      await assertReset(framed(new Uint8Array(0)))
    })

    it('malformed: a length that never ends', async () => {
      await assertReset(new Uint8Array(10).fill(0xff))
    })

    it('a length over 4 MiB: reset at the prefix, before any of the body came', async () => {
      await assertReset(varint(5 * MiB))
      await assertReset(varint(4 * MiB + 1))
      await assertReset(varint(1024 * MiB))
    })

    it('malformed: a message that is cut off by the end of the stream', async () => {
      const whole = message({ type: MessageType.FIND_NODE, key: KEY })

      await assertReset(whole.subarray(0, whole.byteLength - 1), true)
      await assertReset(whole.subarray(0, 1), true)
    })

    it('unknown type', async () => {
      // { type: 6, key } and { type: 1000, key }
      await assertReset(framed(concat(new Uint8Array([0x08, 6]), keyField(KEY))))
      await assertReset(framed(concat(new Uint8Array([0x08, 0xe8, 0x07]), keyField(KEY))))
    })

    it('malformed: what follows it on the stream is not answered either', async () => {
      const ping = message({ type: MessageType.PING })

      await assertReset(concat(framed(bytes('garbage')), ping, ping))
    })
  })

  describe('key', () => {
    KEYED_TYPES.forEach(type => {
      it(`${type}: an empty key`, async () => {
        await assertReset(message({ type, record: record({ value: bytes('ok:1') }), providers: [peer(go, addressesOf(go))] }))
      })

      const most = PROVIDER_TYPES.includes(type) ? 80 : 1024

      it(`${type}: a key of more than ${most} bytes`, async () => {
        const key = concat(KEY, bytes('/'), Buffer.alloc(most - KEY.byteLength, 'x'))
        assert.equal(key.byteLength, most + 1)

        await assertReset(message({ type, key, record: record({ key, value: bytes('ok:1') }), providers: [peer(go, addressesOf(go))] }))
      })
    })
  })

  describe('PUT_VALUE', () => {
    it('without a record', async () => {
      await assertReset(message({ type: MessageType.PUT_VALUE, key: KEY }))
    })

    it('record that is none', async () => {
      await assertReset(message({ type: MessageType.PUT_VALUE, key: KEY, record: bytes('garbage') }))
    })

    it('keys that are not equal', async () => {
      await assertReset(message({ type: MessageType.PUT_VALUE, key: KEY, record: record({ key: bytes('/test/other'), value: bytes('ok:1') }) }))
      await assertReset(message({ type: MessageType.PUT_VALUE, key: KEY, record: record({ value: bytes('ok:1') }) }))
    })

    it('value that the validator does not pass', async () => {
      await assertReset(putValue(KEY, bytes('not ok')))
      await assertReset(putValue(KEY, new Uint8Array(0)))
    })

    it('public key under the id of another peer', async () => {
      await assertReset(putValue(concat(bytes('/pk/'), peerIdOf(bystander).toMultihash().bytes), go.publicKey))
    })

    it('namespace without a validator', async () => {
      for (const key of ['/unheard-of/key', '/constructor/key', '/__proto__/key', '/toString/key', '//key', '/test', 'test/key', '/', 'key']) {
        await assertReset(putValue(bytes(key), bytes('ok:1')))
      }
    })

    it('value of more than 10 KiB', async () => {
      await assertReset(putValue(KEY, valueOf(10 * 1024 + 1)))
      await assertReset(putValue(KEY, valueOf(3 * MiB)))
    })
  })

  describe('ADD_PROVIDER', () => {
    const addProvider = (providers: Uint8Array[]): Uint8Array => message({ type: MessageType.ADD_PROVIDER, key: KEY, providers })

    it('only the sender may be named: another peer', async () => {
      await assertReset(addProvider([peer(bystander, addressesOf(bystander))]))
    })

    it('no valid entry: the sender without an address', async () => {
      await assertReset(addProvider([peer(go, [])]))
    })

    it('no valid entry: the sender with nothing but addresses that are none, or that are those of another', async () => {
      await assertReset(addProvider([peer(go, [bytes('garbage'), new Uint8Array(0)])]))
      await assertReset(addProvider([peer(go, bystander.addrs)]))
    })

    it('no valid entry: nobody', async () => {
      await assertReset(addProvider([]))
      await assertReset(addProvider([bytes('garbage')]))
    })

    it('no valid entry: a million of them', async () => {
      await assertReset(addProvider(Array.from({ length: MiB }, () => new Uint8Array(0))))
    })
  })

  describe('after all of that', () => {
    it('the server keeps its place in the tables of both, and theirs in its own', async () => {
      await go.untilInTable([idOf(js)])
      assert.deepEqual((await go.closest(KEY)).sort(), idsOf([js, bystander]))
      assert.deepEqual(js.services.dht.routingTable.peers().map(String).sort(), idsOf([go, bystander]))
    })
  })
})

describe('requests that a js server answers', () => {
  const nodes = new Nodes()
  let js: TestNode
  let go: GoNode
  let server: GoNode
  let client: GoNode

  before(async function () {
    this.timeout(START_TIMEOUT);
    [go, server, client] = await Promise.all([nodes.startGo(), nodes.startGo(), nodes.startGo({ mode: 'client' })])
    js = await nodes.startJs()
    await Promise.all([go, server, client].map(async node => node.connect(js.getMultiaddrs())))
    await untilInJsTable(js, [go, server])
  })

  after(async () => { await nodes.stop() })

  async function ask (request: Uint8Array): Promise<Reply> {
    const replies = await answers(go, js, request)
    assert.equal(replies.length, 1)

    return replies[0]
  }

  describe('framing', () => {
    it('any number of requests a stream: several in one write are answered one by one, in their order', async () => {
      const keys = Array.from({ length: 100 }, (_, i) => bytes(`/test/${i}`))
      const replies = await answers(go, js, concat(...keys.map(key => message({ type: MessageType.GET_VALUE, key }))))

      assert.deepEqual(replies.map(({ key }) => text(key)), keys.map(key => text(key)))
    })

    it('a message of 4 MiB to the byte is read', async () => {
      // { type: PING } and a field that nobody knows
      const head = concat(new Uint8Array([0x08, 5, 0x7a]), varint(4 * MiB - 7))
      const { type } = await ask(framed(concat(head, new Uint8Array(4 * MiB - head.byteLength))))

      assert.equal(type, MessageType.PING)
    })

    it('a message that comes together with the beginning of the next is answered', async () => {
      const ping = message({ type: MessageType.PING })
      const find = message({ type: MessageType.FIND_NODE, key: KEY })
      const { data } = await go.raw(idOf(js), concat(ping, find.subarray(0, 3)), { frames: 1, timeoutMs: AT_ONCE })

      assert.deepEqual(Buffer.from(data), Buffer.from(ping))
    })
  })

  describe('message fields', () => {
    [0, 1, 9, 10].forEach(level => {
      it(`clusterLevelRaw: ${level} is ignored`, async () => {
        const { closer } = await ask(framed(concat(new Uint8Array([0x08, 4]), keyField(KEY), new Uint8Array([0x50, level]))))

        assert.deepEqual(idsIn(closer), [server.peerId])
      })
    })

    it('Peer.connection: 0 or 1 is sent, and any number is taken', async () => {
      const key = randomBytes(32)
      await answers(go, js, message({ type: MessageType.ADD_PROVIDER, key, providers: [peer(go, addressesOf(go), 77)] }))
      const { closer, providers } = await ask(message({ type: MessageType.GET_PROVIDERS, key }))

      assert.deepEqual(idsIn(providers), [go.peerId])
      assert.ok([...closer, ...providers].every(({ connection }) => connection === 0 || connection === 1))
    })

    it('Peer.addrs: each is parsed alone, and one that names another peer is left out', async () => {
      const key = randomBytes(32)
      const [own] = go.addrs
      const [anothers] = server.addrs
      await answers(go, js, message({ type: MessageType.ADD_PROVIDER, key, providers: [peer(go, [bytes('garbage'), anothers, own])] }))
      const { providers } = await ask(message({ type: MessageType.GET_PROVIDERS, key }))

      assert.deepEqual(placesIn(providers), [{ id: go.peerId, addrs: addressesOf(go) }])
    })

    it('key: up to 1 KiB', async () => {
      const key = concat(bytes('/test/'), Buffer.alloc(1018, 'x'))
      assert.equal(key.byteLength, 1024)

      assert.equal((await ask(message({ type: MessageType.FIND_NODE, key }))).type, MessageType.FIND_NODE)
      assert.deepEqual(Buffer.from((await ask(message({ type: MessageType.GET_VALUE, key }))).key), Buffer.from(key))
      assert.ok((await ask(putValue(key, bytes('ok:1')))).record != null)
    })

    it('Record: publisher and ttl of rust-libp2p are kept', async () => {
      const key = bytes('/test/by rust')
      const publisher = peerIdOf(server).toMultihash().bytes
      await ask(message({ type: MessageType.PUT_VALUE, key, record: record({ key, value: bytes('ok:1'), publisher, ttl: 3600 }) }))
      const reply = await ask(message({ type: MessageType.GET_VALUE, key }))

      assert.deepEqual(Buffer.from(reply.record?.publisher ?? []), Buffer.from(publisher))
      assert.ok(reply.record != null && reply.record.ttl > 3590 && reply.record.ttl <= 3600)
    })
  })

  describe('FIND_NODE', () => {
    it('the nearest of the table, with their addresses, without itself and without the requester', async () => {
      const { closer } = await ask(message({ type: MessageType.FIND_NODE, key: KEY }))

      assert.deepEqual(placesIn(closer), [{ id: server.peerId, addrs: addressesOf(server) }])
    })

    it('itself first, when it is the target, with the addresses alone', async () => {
      const { closer } = await ask(message({ type: MessageType.FIND_NODE, key: js.peerId.toMultihash().bytes }))

      assert.deepEqual(idsIn(closer), [idOf(js), server.peerId])
      assert.deepEqual(closer[0].addrs.sort(), addressesOf(js))
    })

    it('a peer of the table first, when it is the target, and once', async () => {
      const { closer } = await ask(message({ type: MessageType.FIND_NODE, key: peerIdOf(server).toMultihash().bytes }))

      assert.deepEqual(idsIn(closer), [server.peerId])
    })

    it('a client first, when it is the target', async () => {
      const { closer } = await ask(message({ type: MessageType.FIND_NODE, key: peerIdOf(client).toMultihash().bytes }))

      assert.deepEqual(idsIn(closer), [client.peerId, server.peerId])
      assert.deepEqual(closer[0].addrs.sort(), addressesOf(client))
    })

    it('never the requester, not even as the target', async () => {
      const { closer } = await ask(message({ type: MessageType.FIND_NODE, key: peerIdOf(go).toMultihash().bytes }))

      assert.deepEqual(idsIn(closer), [server.peerId])
    })
  })

  describe('GET_VALUE', () => {
    it('without a record: the key and closer peers', async () => {
      const { key, record, closer } = await ask(message({ type: MessageType.GET_VALUE, key: bytes('/test/nothing') }))

      assert.equal(text(key), '/test/nothing')
      assert.equal(record, undefined)
      assert.deepEqual(idsIn(closer), [server.peerId])
    })

    it('with a record: the key, the record and when it came, and closer peers', async () => {
      const before = Date.now()
      await ask(putValue(bytes('/test/something'), bytes('ok:1')))
      const { key, record, closer } = await ask(message({ type: MessageType.GET_VALUE, key: bytes('/test/something') }))

      assert.equal(text(key), '/test/something')
      assert.equal(text(record?.key), '/test/something')
      assert.equal(text(record?.value), 'ok:1')
      assertTime(record?.timeReceived, before)
      assert.deepEqual(idsIn(closer), [server.peerId])
    })

    it('of a namespace that the server does not know: the key and closer peers', async () => {
      const { record, closer } = await ask(message({ type: MessageType.GET_VALUE, key: bytes('/unheard-of/key') }))

      assert.equal(record, undefined)
      assert.deepEqual(idsIn(closer), [server.peerId])
    })
  })

  describe('PUT_VALUE', () => {
    it('the reply carries the record, with the time that it came', async () => {
      const key = bytes('/test/put')
      const before = Date.now()
      const reply = await ask(message({ type: MessageType.PUT_VALUE, key, record: record({ key, value: bytes('ok:1'), timeReceived: '2001-01-01T00:00:00Z' }) }))

      assert.equal(text(reply.key), '/test/put')
      assert.equal(text(reply.record?.key), '/test/put')
      assert.equal(text(reply.record?.value), 'ok:1')
      assertTime(reply.record?.timeReceived, before)
    })

    it('an older value is reset, and the newer one stays', async () => {
      const key = bytes('/test/newer')
      await ask(putValue(key, bytes('ok:2')))
      const { data, end } = await go.raw(idOf(js), putValue(key, bytes('ok:1')), { timeoutMs: AT_ONCE })

      assert.deepEqual({ length: data.byteLength, end }, { length: 0, end: 'reset' })
      assert.equal(Buffer.from((await ask(message({ type: MessageType.GET_VALUE, key }))).record?.value ?? []).toString(), 'ok:2')
    })

    it('racing puts do not leave the older one', async () => {
      const key = bytes('/test/race')
      const values = Array.from({ length: 20 }, (_, i) => bytes(`ok:${String.fromCharCode(0x61 + i)}`))
      await Promise.all(values.map(async value => go.raw(idOf(js), putValue(key, value), { frames: 1, timeoutMs: AT_ONCE })))

      assert.equal(Buffer.from((await ask(message({ type: MessageType.GET_VALUE, key }))).record?.value ?? []).toString(), 'ok:t')
    })

    it('a value of 10 KiB to the byte is held, and every reply with it stays under 16 KiB', async () => {
      const key = bytes('/test/large')
      const put = await ask(putValue(key, valueOf(10 * 1024)))
      const got = await ask(message({ type: MessageType.GET_VALUE, key }))

      for (const { record, byteLength } of [put, got]) {
        assert.equal(record?.value.byteLength, 10 * 1024)
        assert.ok(byteLength <= 16 * 1024)
      }
    })
  })

  describe('GET_PROVIDERS and ADD_PROVIDER', () => {
    it('GET_PROVIDERS: keys of 1 and of 80 bytes, whatever they are, are answered with closer peers', async () => {
      for (const key of [randomBytes(80), new Uint8Array(1), bytes('no multihash')]) {
        const reply = await ask(message({ type: MessageType.GET_PROVIDERS, key }))

        assert.deepEqual(Buffer.from(reply.key), Buffer.from(key))
        assert.deepEqual(reply.providers, [])
        assert.deepEqual(idsIn(reply.closer), [server.peerId])
      }
    })

    it('ADD_PROVIDER: has no reply, and stores keys of up to 80 bytes whatever they are', async () => {
      for (const key of [randomBytes(80), randomBytes(1)]) {
        const { data, end } = await go.raw(idOf(js), message({ type: MessageType.ADD_PROVIDER, key, providers: [peer(go, addressesOf(go))] }), { closeWrite: true, timeoutMs: AT_ONCE })
        assert.deepEqual({ length: data.byteLength, end }, { length: 0, end: 'eof' })

        const { providers } = await ask(message({ type: MessageType.GET_PROVIDERS, key }))
        assert.deepEqual(placesIn(providers), [{ id: go.peerId, addrs: addressesOf(go) }])
      }
    })

    it('ADD_PROVIDER: followed by PING on one stream has exactly one reply', async () => {
      const add = message({ type: MessageType.ADD_PROVIDER, key: randomBytes(32), providers: [peer(go, addressesOf(go))] })
      const replies = await answers(go, js, concat(add, add, message({ type: MessageType.PING })))

      assert.deepEqual(replies.map(({ type }) => type), [MessageType.PING])
    })

    it('ADD_PROVIDER: of several entries only the sender\'s is stored', async () => {
      const key = randomBytes(32)
      await answers(go, js, message({ type: MessageType.ADD_PROVIDER, key, providers: [peer(server, addressesOf(server)), peer(go, addressesOf(go))] }))
      const { providers } = await ask(message({ type: MessageType.GET_PROVIDERS, key }))

      assert.deepEqual(idsIn(providers), [go.peerId])
    })

    it('GET_PROVIDERS: providers with addresses without end are all named, in under 16 KiB', async () => {
      const key = randomBytes(32)
      const long = Array.from({ length: 32 }, (_, i) => `/dns4/${`${i}`.padStart(60, 'x')}.${'y'.repeat(60)}.${'z'.repeat(60)}.example/tcp/1`)

      for (const node of [go, server, client]) {
        await answers(node, js, message({ type: MessageType.ADD_PROVIDER, key, providers: [peer(node, long)] }))
      }

      const { providers, byteLength } = await ask(message({ type: MessageType.GET_PROVIDERS, key }))
      assert.deepEqual(idsIn(providers).sort(), idsOf([go, server, client]))
      assert.ok(providers.every(({ addrs }) => addrs.length > 0))
      assert.ok(byteLength <= 16 * 1024, `the reply has ${byteLength} bytes`)
    })
  })

  describe('PING', () => {
    it('is echoed', async () => {
      const ping = message({ type: MessageType.PING, key: bytes('key') })
      const { data, end } = await go.raw(idOf(js), ping, { closeWrite: true, timeoutMs: AT_ONCE })

      assert.deepEqual({ data: Buffer.from(data), end }, { data: Buffer.from(ping), end: 'eof' })
    })
  })
})

/** All replies to what is written on one stream, which ends as it should. */
async function answers (from: GoNode, to: TestNode, requests: Uint8Array): Promise<Reply[]> {
  const { data, end } = await from.raw(idOf(to), requests, { closeWrite: true, timeoutMs: AT_ONCE })
  assert.equal(end, 'eof')

  return decodeReplies(data)
}

async function storedBy (datastore: MemoryDatastore): Promise<string[]> {
  const keys: string[] = []

  for (const prefix of ['/dht/record', '/dht/provider']) {
    for await (const key of datastore.queryKeys({ prefix })) {
      keys.push(key.toString())
    }
  }

  return keys
}

function assertTime (text: string | undefined, earliest: number): void {
  assert.match(text ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/)
  const time = Date.parse((text ?? '').replace(/(\.\d{3})\d+/, '$1'))
  assert.ok(time >= earliest && time <= Date.now(), `${text} is not now`)
}

/** A valid one of that many bytes. */
function valueOf (length: number): Uint8Array {
  return concat(bytes('ok:'), Buffer.alloc(length - 3, 'x'))
}

function keyField (key: Uint8Array): Uint8Array {
  return concat(new Uint8Array([0x12, key.byteLength]), key)
}

/** By hand, as what is framed here is what `src/` must not accept. */
function framed (body: Uint8Array): Uint8Array {
  return concat(varint(body.byteLength), body)
}

function varint (n: number): Uint8Array {
  const out: number[] = []

  for (; n >= 0x80; n = Math.floor(n / 0x80)) {
    out.push((n % 0x80) | 0x80)
  }

  return new Uint8Array([...out, n])
}
