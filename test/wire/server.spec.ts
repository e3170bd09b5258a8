import { expect } from 'aegir/chai'
import sinon from 'sinon'
import { frame } from '../../src/wire/frame.ts'
import { MAX_MESSAGE_READ } from '../../src/wire/limits.ts'
import { encodeMessage, MessageType } from '../../src/wire/message.ts'
import { encodedPeers } from '../helpers/contacts.ts'
import { createStreams, limitWindow, PeerEnd } from '../helpers/stream-ends.ts'
import { quiet, until } from '../helpers/turns.ts'
import { CLIENT_ADDRESS, CLIENT_CONTACT, createRequest, IDLE_TIMEOUT, REQUEST_TIMEOUT, withServer } from '../helpers/wire.ts'

function concat (parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

function keyOf ({ key }: { key: Uint8Array }): string {
  return new TextDecoder().decode(key)
}

/** So many requests, each with a key of its own. */
function requests (count: number, type = MessageType.FIND_NODE): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => createRequest(`key ${i}`, type).bytes)
}

describe('the server', () => {
  it('answers each type of request with its type and key, and says who asks and from where', async () => {
    const askers: unknown[] = []

    await withServer({ GET_VALUE: (request, from, remoteAddr) => { askers.push(from.id, remoteAddr); return { record: Uint8Array.of(1) } } }, async ({ open, server, served }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)

      for (const type of [MessageType.PUT_VALUE, MessageType.GET_VALUE, MessageType.GET_PROVIDERS, MessageType.FIND_NODE, MessageType.PING]) {
        near.send(createRequest(type, type).bytes)
        const reply = await peer.next()

        expect(reply.type).to.equal(type)
        expect(keyOf(reply)).to.equal(type)
        expect(reply.record?.byteLength).to.equal(type === MessageType.GET_VALUE ? 1 : undefined)
      }

      expect(askers).to.deep.equal([CLIENT_CONTACT.id, CLIENT_ADDRESS])
      expect(served).to.have.lengthOf(5)
      expect(server.streams).to.equal(1)
    })
  })

  it('answers requests that come in one chunk, in order', async () => {
    await withServer({}, async ({ open }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(concat(requests(20)))

      for (let i = 0; i < 20; i++) {
        expect(keyOf(await peer.next())).to.equal(`key ${i}`)
      }
    })
  })

  it('answers in order also when the first takes longest', async () => {
    const release: Array<() => void> = []

    await withServer({ GET_VALUE: async () => new Promise(resolve => release.push(() => { resolve({}) })) }, async ({ open, served }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(concat([createRequest('slow', MessageType.GET_VALUE).bytes, createRequest('quick').bytes, createRequest('last', MessageType.GET_VALUE).bytes]))
      await until(() => release.length === 1)
      await quiet()
      expect(served).to.deep.equal([])

      release[0]()
      expect(keyOf(await peer.next())).to.equal('slow')
      expect(keyOf(await peer.next())).to.equal('quick')
      await until(() => release.length === 2)
      release[1]()
      expect(keyOf(await peer.next())).to.equal('last')
    })
  })

  it('answers a request that comes byte by byte', async () => {
    await withServer({}, async ({ open }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      createRequest().bytes.forEach(byte => { near.send(Uint8Array.of(byte)) })

      expect(keyOf(await peer.next())).to.equal('key')
    })
  })

  it('does not answer ADD_PROVIDER, and serves what comes after it', async () => {
    await withServer({}, async ({ open, served }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(concat([...requests(3, MessageType.ADD_PROVIDER), createRequest('after').bytes]))

      expect(keyOf(await peer.next())).to.equal('after')
      await quiet()
      expect(peer.messages).to.have.lengthOf(1)
      expect(served).to.deep.equal(['ADD_PROVIDER', 'ADD_PROVIDER', 'ADD_PROVIDER', 'FIND_NODE'])
    })
  })

  it('closes its end after the last reply when the other side has closed its own', async () => {
    await withServer({}, async ({ open, server, refused }) => {
      const [near, far] = await open()
      const peer = new PeerEnd(near)
      near.send(concat(requests(3)))
      await near.close()

      expect(await peer.end()).to.equal('closed')
      expect(peer.messages.map(keyOf)).to.deep.equal(['key 0', 'key 1', 'key 2'])
      await until(() => server.streams === 0)
      expect(far.status).to.equal('closed')
      expect(refused).to.deep.equal([])
    })
  })

  it('answers first what it still has to when the other side has closed its end', async () => {
    let release = (): void => {}

    await withServer({ GET_VALUE: async () => new Promise(resolve => { release = () => { resolve({}) } }) }, async ({ open, server }) => {
      const [near, far] = await open()
      const peer = new PeerEnd(near)
      near.send(concat([...requests(1, MessageType.GET_VALUE), ...requests(2)]))
      await near.close()
      await until(() => far.remoteWriteStatus === 'closed')
      release()

      expect(await peer.end()).to.equal('closed')
      expect(peer.messages).to.have.lengthOf(3)
      await until(() => server.streams === 0)
    })
  })

  it('closes its end also when the other side had closed its own before the stream was handed over, as one that sends ADD_PROVIDER and goes', async () => {
    await withServer({}, async ({ serve, server, served, refused }) => {
      const [near, far] = await createStreams()
      near.send(createRequest('key', MessageType.ADD_PROVIDER).bytes)
      await near.close()
      await until(() => far.remoteWriteStatus === 'closed')
      serve(far)
      await quiet()

      expect(served).to.deep.equal(['ADD_PROVIDER'])
      expect(refused).to.deep.equal([])
      expect(server.streams).to.equal(0)
      expect(far.status).to.equal('closed')
    })
  })

  it('answers all of many pipelined requests though the other side closes its end while reading is paused', async () => {
    const key = 'k'.repeat(1_000)
    const count = 600
    let release = (): void => {}
    let held = true

    await withServer({
      FIND_NODE: () => ({}),
      GET_VALUE: async () => held
        ? new Promise(resolve => { release = () => { held = false; resolve({}) } })
        : Promise.resolve({})
    }, async ({ open, server, refused }) => {
      const [near, far] = await open({ capacity: 1_000_000 })
      const peer = new PeerEnd(near)

      for (let i = 0; i < count; i++) {
        near.send(createRequest(key, MessageType.GET_VALUE).bytes)
      }

      await until(() => far.readStatus === 'paused')
      void near.close()
      await until(() => far.remoteWriteStatus === 'closed')
      release()

      expect(await peer.end()).to.equal('closed')
      expect(peer.messages).to.have.lengthOf(count)
      expect(refused).to.deep.equal([])
      await until(() => server.streams === 0)
    })
  })

  it('resets a stream that ends in the middle of a message, and counts it', async () => {
    await withServer({}, async ({ open, server, refused }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(concat([createRequest('whole').bytes, createRequest().bytes.subarray(0, 5)]))
      expect(keyOf(await peer.next())).to.equal('whole')
      void near.close()

      expect(await peer.end()).to.equal('reset')
      expect(refused.map(({ type }) => type)).to.deep.equal(['UNREADABLE'])
      expect(server.streams).to.equal(0)
    })
  })

  for (const [what, bytes] of [
    ['is no message', frame(new Uint8Array(20).fill(0xff))],
    ['is empty', frame(new Uint8Array(0))],
    ['is of an unknown type', frame(Uint8Array.of(0x08, 9, 0x12, 1, 1))],
    ['has no key', encodeMessage({ type: MessageType.FIND_NODE })],
    ['has a key that is too long', encodeMessage({ type: MessageType.GET_PROVIDERS, key: new Uint8Array(81) })],
    ['claims more than 4 MiB', Uint8Array.of(0x81, 0x80, 0x80, 0x02)],
    ['claims 1 GiB', Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04)],
    ['has a length that never ends', new Uint8Array(100).fill(0xff)]
  ] as const) {
    it(`resets the stream and counts it when a request ${what}`, async () => {
      await withServer({}, async ({ open, server, refused, served }) => {
        const [near] = await open()
        const peer = new PeerEnd(near)
        near.send(bytes)

        expect(await peer.end()).to.equal('reset')
        expect(refused).to.have.lengthOf(1)
        expect(refused[0].type).to.equal('UNREADABLE')
        expect(peer.messages).to.deep.equal([])
        expect(served).to.deep.equal([])
        expect(server.streams).to.equal(0)
      })
    })
  }

  it('takes a message of 4 MiB that claims to be one, when there is a use for it', async () => {
    await withServer({}, async ({ open }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      const key = createRequest('large').bytes.subarray(1)
      // an unknown field makes up the rest
      const rest = MAX_MESSAGE_READ - key.byteLength - 5
      const message = new Uint8Array(MAX_MESSAGE_READ)
      message.set(key)
      message.set([0x7a, (rest & 0x7f) | 0x80, (rest >> 7 & 0x7f) | 0x80, (rest >> 14 & 0x7f) | 0x80, rest >> 21], key.byteLength)
      near.send(frame(message))

      expect(keyOf(await peer.next())).to.equal('large')
    })
  })

  for (const [how, handler] of [
    ['throws', () => { throw new Error('refused by the handler') }],
    ['rejects', async () => { throw new Error('refused by the handler') }]
  ] as const) {
    it(`resets the stream, counts it and answers no more when a handler ${how}`, async () => {
      await withServer({ PUT_VALUE: handler }, async ({ open, server, refused }) => {
        const [near] = await open()
        const peer = new PeerEnd(near)
        near.send(concat([createRequest('first').bytes, createRequest('bad', MessageType.PUT_VALUE).bytes, createRequest('after').bytes]))

        expect(await peer.end()).to.equal('reset')
        expect(refused.map(({ type, error }) => `${type}: ${error.message}`)).to.deep.equal(['PUT_VALUE: refused by the handler'])
        expect(peer.messages.filter(message => keyOf(message) === 'after')).to.deep.equal([])
        expect(server.streams).to.equal(0)
      })
    })
  }

  it('lets one stream fail without harm to another', async () => {
    await withServer({}, async ({ open, server }) => {
      const [bad] = await open()
      const [good] = await open()
      bad.send(new Uint8Array(9).fill(0xff))
      expect(await new PeerEnd(bad).end()).to.equal('reset')
      const peer = new PeerEnd(good)
      good.send(createRequest().bytes)

      expect(keyOf(await peer.next())).to.equal('key')
      expect(server.streams).to.equal(1)
    })
  })

  it('counts nothing when the other side resets while it is served', async () => {
    let release = (): void => {}

    await withServer({ GET_VALUE: async () => new Promise((resolve, reject) => { release = () => { reject(new Error('too late')) } }) }, async ({ open, server, refused }) => {
      const [near] = await open()
      near.send(createRequest('key', MessageType.GET_VALUE).bytes)
      await quiet()
      near.abort(new Error('enough'))
      await until(() => server.streams === 0)
      release()
      await quiet()

      expect(refused).to.deep.equal([])
    })
  })

  it('resets all streams when it stops, serves no more, and can start again', async () => {
    await withServer({}, async ({ open, server }) => {
      const ends = await Promise.all([open(), open()])
      const peers = ends.map(([near]) => new PeerEnd(near))
      server.stop(new Error('stopped'))

      expect(server.streams).to.equal(0)
      expect(await Promise.all(peers.map(async peer => peer.end()))).to.deep.equal(['reset', 'reset'])

      const [late] = await open()
      expect(await new PeerEnd(late).end()).to.equal('reset')
      expect(server.streams).to.equal(0)

      server.start()
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(createRequest().bytes)
      expect(keyOf(await peer.next())).to.equal('key')
    })
  })
})

describe('a peer that sends and does not read', () => {
  /** 16 KiB for each request of 40 bytes */
  const reply = { closer: encodedPeers(20, 32) }

  it('is answered no more than the stream takes, and then waits', async () => {
    await withServer({ FIND_NODE: () => reply }, async ({ open, served }) => {
      const [near, far] = await open()
      limitWindow(far).close()
      near.send(concat(requests(500)))
      await quiet()

      expect(served.length).to.be.below(10)
      expect(far.writeBufferLength).to.be.below(200_000)
    })
  })

  it('is answered no more than the stream takes also after it has read for a while', async () => {
    await withServer({ FIND_NODE: () => reply }, async ({ open, served }) => {
      const [near, far] = await open()
      const peer = new PeerEnd(near)
      const window = limitWindow(far)

      for (let i = 0; i < 3; i++) {
        near.send(createRequest(`read ${i}`).bytes)
        await peer.next()
        window.drain()
      }

      window.close()
      const before = served.length
      near.send(concat(requests(500)))
      await quiet()

      expect(served.length - before).to.be.below(10)
      expect(far.writeBufferLength).to.be.below(200_000)
    })
  })

  it('has its stream paused, and what it sends kept within bounds, while a request takes long', async () => {
    await withServer({ GET_VALUE: async () => new Promise(() => {}) }, async ({ open }) => {
      const [near, far] = await open({ capacity: 1_000_000 })
      const filler = createRequest('k'.repeat(1_000)).bytes
      near.send(createRequest('key', MessageType.GET_VALUE).bytes)

      for (let i = 0; i < 2_000; i++) {
        near.send(filler)
      }

      await quiet()

      expect(far.readStatus).to.equal('paused')
    })
  })
})

describe('the time limits of the server', () => {
  let clock: sinon.SinonFakeTimers

  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: 1_000_000, toFake: ['setInterval', 'clearInterval', 'Date'] })
  })

  afterEach(() => {
    clock.restore()
  })

  it('end a request that a handler takes too long for', async () => {
    await withServer({ GET_VALUE: async () => new Promise(() => {}) }, async ({ open, server, refused }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(createRequest('key', MessageType.GET_VALUE).bytes)
      await quiet()
      clock.tick(REQUEST_TIMEOUT)
      expect(server.streams).to.equal(1)
      clock.tick(REQUEST_TIMEOUT)

      expect(server.streams).to.equal(0)
      expect(await peer.end()).to.equal('reset')
      expect(refused.map(({ error }) => error.name)).to.deep.equal(['TimeoutError'])
    })
  })

  it('end a request that trickles in', async () => {
    await withServer({}, async ({ open, server, refused }) => {
      const [near] = await open()
      const bytes = createRequest('k'.repeat(100)).bytes

      for (let i = 0; i < 10 && server.streams > 0; i++) {
        near.send(bytes.subarray(i, i + 1))
        await quiet()
        clock.tick(REQUEST_TIMEOUT / 4)
      }

      expect(server.streams).to.equal(0)
      expect(refused.map(({ error }) => error.name)).to.deep.equal(['TimeoutError'])
    })
  })

  it('let a stream idle for a while, and then end it uncounted', async () => {
    await withServer({}, async ({ open, server, refused }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)
      near.send(createRequest().bytes)
      await peer.next()
      clock.tick(IDLE_TIMEOUT - REQUEST_TIMEOUT)
      expect(server.streams).to.equal(1)
      near.send(createRequest().bytes)
      await peer.next()
      clock.tick(IDLE_TIMEOUT - REQUEST_TIMEOUT)
      expect(server.streams).to.equal(1)
      clock.tick(2 * REQUEST_TIMEOUT)

      expect(server.streams).to.equal(0)
      expect(await peer.end()).to.equal('reset')
      expect(refused).to.deep.equal([])
    })
  })

  it('give each request its own time, however long the stream has been open', async () => {
    await withServer({}, async ({ open, server }) => {
      const [near] = await open()
      const peer = new PeerEnd(near)

      for (let i = 0; i < 10; i++) {
        near.send(createRequest().bytes)
        await peer.next()
        clock.tick(0.9 * REQUEST_TIMEOUT)
      }

      expect(server.streams).to.equal(1)
    })
  })

  it('end a stream whose replies nobody reads', async () => {
    await withServer({ FIND_NODE: () => ({ closer: encodedPeers(20, 32) }) }, async ({ open, server }) => {
      const [near, far] = await open()
      limitWindow(far).close()
      near.send(concat(requests(500)))
      await quiet()
      clock.tick(3 * REQUEST_TIMEOUT)

      expect(server.streams).to.equal(0)
    })
  })
})
