import assert from 'node:assert/strict'
import { encodePut } from '../../src/values/put.ts'
import { decodeReply, encodeRequest } from '../../src/wire/message.ts'
import { decodeRecord } from '../../src/wire/record.ts'
import { bytes } from '../helpers/content.ts'
import { concat, text } from './helpers/bytes.ts'
import { CIDS } from './helpers/cids.ts'
import { decodeReplies, idsIn, message, MessageType, peer, placesIn, putValue } from './helpers/messages.ts'
import { addressesOf, connect, idOf, Nodes, peerIdOf, START_TIMEOUT, untilInJsTable } from './helpers/nodes.ts'
import type { Reply } from './helpers/messages.ts'
import type { EncodedRequest, Message } from '../../src/wire/message.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

const KEY = bytes('/test/key')

describe('requests that a Go server gets of js', () => {
  const nodes = new Nodes()
  let js: TestNode
  let other: TestNode
  let go: GoNode

  before(async function () {
    this.timeout(START_TIMEOUT)
    go = await nodes.startGo()
    js = await nodes.startJs()
    other = await nodes.startJs()
    await connect(js, go)
    await connect(other, go)
    await go.untilInTable([idOf(js), idOf(other)])
    await untilInJsTable(js, [go])
  })

  after(async () => { await nodes.stop() })

  /** Sends what our client would, and reads the reply as our client would. */
  async function exchange (request: EncodedRequest): Promise<{ raw: Reply, read: Message }> {
    const bytes = await converse(js, go, request.bytes)
    const [raw, ...more] = decodeReplies(bytes)
    assert.equal(more.length, 0)

    return { raw, read: decodeReply(bytes.subarray(prefixLength(bytes)), request) }
  }

  describe('accepted as our client sends them', () => {
    it('FIND_NODE: Go\'s reply has no key, which our client takes', async () => {
      const { raw } = await exchange(encodeRequest({ type: MessageType.FIND_NODE, key: KEY }))

      assert.equal(raw.key.byteLength, 0)
      assert.deepEqual(idsIn(raw.closer), [idOf(other)])
    })

    it('FIND_NODE: for its own id Go names the requester first, and js does not take itself for a peer', async () => {
      const { raw } = await exchange(encodeRequest({ type: MessageType.FIND_NODE, key: js.peerId.toMultihash().bytes }))
      assert.deepEqual(idsIn(raw.closer), [idOf(js), idOf(other)])

      const closest = await js.services.dht.getClosestPeers(js.peerId.toMultihash().bytes)
      assert.deepEqual(closest.map(({ id }) => id.toString()).sort(), [idOf(go), idOf(other)].sort())
      assert.ok(!js.services.dht.routingTable.has(js.peerId))
    })

    it('FIND_NODE: for Go\'s own id, as a probe asks, Go names itself first', async () => {
      const { raw } = await exchange(encodeRequest({ type: MessageType.FIND_NODE, key: peerIdOf(go).toMultihash().bytes }))

      assert.equal(raw.closer[0].id, go.peerId)
    })

    it('PUT_VALUE: Go echoes the record', async () => {
      const { read } = await exchange(encodePut({ key: KEY, value: bytes('ok:1') }))

      assert.equal(text(decodeRecord(read.record ?? new Uint8Array(0)).value), 'ok:1')
    })

    it('GET_VALUE: Go has the record that js put, with the time that Go got it', async () => {
      await exchange(encodePut({ key: bytes('/test/timed'), value: bytes('ok:1') }))
      const { read } = await exchange(encodeRequest({ type: MessageType.GET_VALUE, key: bytes('/test/timed') }))
      const { key, value, timeReceived } = decodeRecord(read.record ?? new Uint8Array(0))

      assert.equal(text(key), '/test/timed')
      assert.equal(text(value), 'ok:1')
      assert.ok(timeReceived != null && Math.abs(Date.now() - timeReceived) < 60_000)
    })

    it('GET_VALUE: without a record, also of a namespace that Go does not know', async () => {
      for (const key of ['/test/nothing', '/unheard-of/key']) {
        const { raw } = await exchange(encodeRequest({ type: MessageType.GET_VALUE, key: bytes(key) }))

        assert.equal(text(raw.key), key)
        assert.equal(raw.record, undefined)
        assert.deepEqual(idsIn(raw.closer), [idOf(other)])
      }
    })

    Object.entries(CIDS).forEach(([name, cidOf]) => {
      it(`ADD_PROVIDER and GET_PROVIDERS: ${name}, both on one stream, have one reply, which names js with its addresses`, async () => {
        const { multihash } = await cidOf('by raw requests')
        const add = encodeRequest({
          type: MessageType.ADD_PROVIDER,
          key: multihash.bytes,
          providers: [peer(js, addressesOf(js))]
        })
        const get = encodeRequest({ type: MessageType.GET_PROVIDERS, key: multihash.bytes })
        const replies = decodeReplies(await converse(js, go, concat(add.bytes, get.bytes)))

        assert.equal(replies.length, 1)
        assert.equal(replies[0].type, MessageType.GET_PROVIDERS)
        assert.deepEqual(Buffer.from(replies[0].key), Buffer.from(multihash.bytes))
        assert.deepEqual(placesIn(replies[0].providers), [{ id: idOf(js), addrs: addressesOf(js) }])
      })
    })

    it('any number of requests a stream: all of them, in their order', async () => {
      const keys = Array.from({ length: 100 }, (_, i) => bytes(`/test/${i}`))
      const requests = keys.map(key => encodeRequest({ type: MessageType.GET_VALUE, key }).bytes)
      const replies = decodeReplies(await converse(js, go, concat(...requests)))

      assert.deepEqual(replies.map(({ key }) => text(key)), keys.map(key => text(key)))
    })
  })

  describe('refused by Go as by js', () => {
    const refused: Record<string, () => Uint8Array> = {
      'malformed: bytes that are no message': () => new Uint8Array([7, ...bytes('garbage')]),
      'a length over 4 MiB': () => new Uint8Array([0x80, 0x80, 0xc0, 0x02]),
      'FIND_NODE: an empty key': () => message({ type: MessageType.FIND_NODE }),
      'GET_PROVIDERS: a key of more than 80 bytes': () => message({ type: MessageType.GET_PROVIDERS, key: new Uint8Array(81) }),
      'PUT_VALUE: without a record': () => message({ type: MessageType.PUT_VALUE, key: KEY }),
      'PUT_VALUE: a value that the validator does not pass': () => putValue(KEY, bytes('not ok')),
      'ADD_PROVIDER: another peer': () => message({ type: MessageType.ADD_PROVIDER, key: KEY, providers: [peer(other, addressesOf(other))] }),
      'ADD_PROVIDER: the sender without an address': () => message({ type: MessageType.ADD_PROVIDER, key: KEY, providers: [peer(js, [])] })
    }

    Object.entries(refused).forEach(([title, request]) => {
      it(title, async () => {
        await assert.rejects(converse(js, go, request()), { name: 'StreamResetError' })
      })
    })

    it('a refusal costs the stream alone: the client\'s next request is answered', async () => {
      await assert.rejects(converse(js, go, bytes('garbage')), { name: 'StreamResetError' })

      assert.deepEqual((await js.services.dht.getClosestPeers(KEY)).map(({ id }) => id.toString()).sort(), [idOf(go), idOf(other)].sort())
      assert.ok(js.services.dht.routingTable.has(peerIdOf(go)))
    })

    it('an operation fails with the reason when the only Go server refuses it, and the server keeps its place', async () => {
      const lone = new Nodes()

      try {
        const client = await lone.startJs({ dht: { clientMode: true, validators: { 'js-only': () => {} }, selectors: { 'js-only': () => 0 } } })
        const server = await lone.startGo()
        await connect(client, server)
        await untilInJsTable(client, [server])

        await assert.rejects(async () => client.services.dht.put(bytes('/js-only/key'), bytes('value')), { name: 'QueryError', message: /^None of the 1 nearest peers took it: 12D3/ })
        assert.ok(client.services.dht.routingTable.has(peerIdOf(server)))
      } finally {
        await lone.stop()
      }
    })
  })
})

/** Writes the bytes on a new stream, ends it, and returns all that comes back. */
async function converse (js: TestNode, go: GoNode, requests: Uint8Array): Promise<Uint8Array> {
  const stream = await js.dialProtocol(peerIdOf(go), go.protocol)
  const chunks: Uint8Array[] = []
  stream.send(requests)
  const closed = stream.close()

  for await (const chunk of stream) {
    chunks.push(chunk.subarray())
  }

  await closed

  return concat(...chunks)
}

/** How many bytes say how long the message is. */
function prefixLength (bytes: Uint8Array): number {
  return bytes.findIndex(byte => byte < 0x80) + 1
}
