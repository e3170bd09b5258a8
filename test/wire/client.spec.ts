import { expect } from 'aegir/chai'
import sinon from 'sinon'
import { UndialableError } from '../../src/wire/client.ts'
import { frame } from '../../src/wire/frame.ts'
import { behind, joinRequests, MessageType } from '../../src/wire/message.ts'
import { contact, contactOf, hashedId } from '../helpers/contacts.ts'
import { keyOf, outcomeOf, replyTo, warmUp, withFarEnds } from '../helpers/far-ends.ts'
import { quiet, turn, until } from '../helpers/turns.ts'
import { createRequest, IDLE_TIMEOUT, REQUEST_TIMEOUT, SERVER_CONTACT, withClient, withServer } from '../helpers/wire.ts'
import type { TestClient, TestClientInit, TestServer } from '../helpers/wire.ts'
import type { AbortOptions, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** A client and a server, as they are in a node. */
async function withBoth (init: Omit<TestClientInit, 'onStream'>, use: (test: TestClient & TestServer) => Promise<void>): Promise<void> {
  await withServer({}, async server => {
    await withClient({ ...init, onStream: server.serve }, async client => use({ ...server, ...client }))
  }, { idleTimeout: 10 * IDLE_TIMEOUT })
}

describe('the client', () => {
  it('asks any number of times on one stream', async () => {
    await withBoth({}, async ({ client, opened, outcomes, server }) => {
      for (let i = 0; i < 5; i++) {
        const reply = await client.request(SERVER_CONTACT, createRequest(`key ${i}`))
        expect(keyOf(reply)).to.equal(`key ${i}`)
      }

      expect(opened).to.have.lengthOf(1)
      expect(client.streams).to.deep.equal({ warm: 1, busy: 0 })
      expect(client.reach(SERVER_CONTACT)).to.equal('stream')
      expect(outcomes.map(({ ok, reach }) => ({ ok, reach }))).to.deep.equal([{ ok: true, reach: 'connection' }, ...new Array(4).fill({ ok: true, reach: 'stream' })])
      expect(server.streams).to.equal(1)
    })
  })

  it('sends several requests at once on one stream', async () => {
    await withBoth({}, async ({ client, opened, server }) => {
      const replies = await Promise.all(Array.from({ length: 4 }, async (_, i) => client.request(SERVER_CONTACT, createRequest(`key ${i}`))))

      expect(replies.map(keyOf)).to.deep.equal(['key 0', 'key 1', 'key 2', 'key 3'])
      expect(opened).to.have.lengthOf(1)
      expect(client.streams).to.deep.equal({ warm: 1, busy: 0 })
      expect(server.streams).to.equal(1)
    })
  })

  it('sends several ADD_PROVIDER on one stream, awaits no reply, and asks on it afterwards', async () => {
    await withBoth({}, async ({ client, opened, served }) => {
      for (let i = 0; i < 3; i++) {
        await client.notify(SERVER_CONTACT, createRequest(`key ${i}`, MessageType.ADD_PROVIDER))
      }

      await client.request(SERVER_CONTACT, createRequest())
      expect(opened).to.have.lengthOf(1)
      expect(served).to.deep.equal(['ADD_PROVIDER', 'ADD_PROVIDER', 'ADD_PROVIDER', 'FIND_NODE'])
    })
  })

  it('opens a new stream when the other side has closed the warm one', async () => {
    await withFarEnds(async test => {
      const { client, far, opened } = test
      await warmUp(test)
      await far[0].stream.close()
      await until(() => client.streams.warm === 0)
      const answered = client.request(SERVER_CONTACT, createRequest())
      await until(() => far.length === 2)
      far[1].stream.send(replyTo('key'))

      expect(keyOf(await answered)).to.equal('key')
      expect(opened[0].status).to.not.equal('open')
    })
  })

  for (const [how, end] of [
    ['reset', (stream: Stream) => { stream.abort(new Error('idle for too long')) }],
    ['closed', (stream: Stream) => { void stream.close() }]
  ] as const) {
    it(`asks once more, on a new stream, when a warm one is ${how} before the reply`, async () => {
      await withFarEnds(async test => {
        const { client, far, outcomes } = test
        await warmUp(test)
        const answered = client.request(SERVER_CONTACT, createRequest())
        await far[0].next()
        end(far[0].stream)
        await until(() => far.length === 2)
        expect(keyOf(await far[1].next())).to.equal('key')
        far[1].stream.send(replyTo('key'))

        expect(keyOf(await answered)).to.equal('key')
        expect(outcomes.map(({ ok, reach }) => ({ ok, reach }))).to.deep.equal([{ ok: true, reach: 'connection' }, { ok: true, reach: 'connection' }])
        expect(client.streams).to.deep.equal({ warm: 1, busy: 0 })
      })
    })
  }

  it('sends what is ahead of a request again with it when the stream is reset before the reply, and counts both', async () => {
    const requested: Array<[string, number]> = []

    await withFarEnds(async test => {
      const { client, far } = test
      await warmUp(test)
      const ahead = joinRequests(['a', 'b'].map(key => createRequest(key, MessageType.ADD_PROVIDER)))
      const answered = client.request(SERVER_CONTACT, behind(ahead, createRequest()))
      await far[0].next()
      far[0].stream.abort(new Error('this key is none of mine'))
      await until(() => far[1]?.messages.length === 3)
      expect(far[1].messages.map(keyOf)).to.deep.equal(['a', 'b', 'key'])
      far[1].stream.send(replyTo('key'))

      expect(keyOf(await answered)).to.equal('key')
    }, { onRequest: (type, count) => { requested.push([type, count]) } })

    expect(requested).to.deep.equal([['FIND_NODE', 1], ['ADD_PROVIDER', 2], ['FIND_NODE', 1]])
  })

  it('does not take the time in which a peer reads what is ahead of a request for its round trip', async () => {
    await withFarEnds(async test => {
      const { client, far, outcomes } = test
      await warmUp(test)
      const answered = client.request(SERVER_CONTACT, behind(createRequest('a', MessageType.ADD_PROVIDER), createRequest()))
      await far[0].next()
      await far[0].next()
      far[0].stream.send(replyTo('key'))
      await answered

      expect(outcomes.map(({ ok, queued }) => ({ ok, queued }))).to.deep.equal([{ ok: true, queued: false }, { ok: true, queued: true }])
    })
  })

  it('does not ask a third time', async () => {
    await withFarEnds(async test => {
      const { client, far, outcomes } = test
      await warmUp(test)
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
      await far[0].next()
      far[0].stream.abort(new Error('idle'))
      await until(() => far.length === 2)
      await far[1].next()
      far[1].stream.abort(new Error('busy'))

      expect(await failed).to.be.an.instanceOf(Error)
      await quiet()
      expect(far).to.have.lengthOf(2)
      expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, false])
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  it('does not ask again when a new stream fails', async () => {
    await withFarEnds(async ({ client, far, outcomes }) => {
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
      await until(() => far.length === 1)
      await far[0].next()
      far[0].stream.abort(new Error('busy'))

      expect(await failed).to.be.an.instanceOf(Error)
      await quiet()
      expect(far).to.have.lengthOf(1)
      expect(outcomes.map(({ ok }) => ok)).to.deep.equal([false])
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  for (const [what, reply] of [
    ['no message', frame(new Uint8Array(20).fill(0xff))],
    ['of an unknown type', frame(Uint8Array.of(0x08, 9, 0x12, 1, 1))],
    ['of another type', replyTo('key', MessageType.GET_VALUE)],
    ['for another key', replyTo('another key')],
    ['cut short inside', frame(Uint8Array.of(0x08, 4, 0x12, 9, 1))],
    ['longer than 4 MiB', Uint8Array.of(0x81, 0x80, 0x80, 0x02)],
    ['of a length that never ends', new Uint8Array(9).fill(0xff)]
  ] as const) {
    it(`fails and resets the stream when the reply is ${what}`, async () => {
      await withFarEnds(async ({ client, far, outcomes }) => {
        const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
        await until(() => far.length === 1)
        await far[0].next()
        far[0].stream.send(reply)

        expect(await failed).to.be.an.instanceOf(Error)
        expect(await far[0].end()).to.equal('reset')
        expect(outcomes.map(({ ok }) => ok)).to.deep.equal([false])
        expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
      })
    })

    it(`does not ask again when the reply on a warm stream is ${what}: the peer has answered`, async () => {
      await withFarEnds(async test => {
        const { client, far } = test
        await warmUp(test)
        const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest(), { timeout: 200 }))
        await far[0].next()
        far[0].stream.send(reply)
        await far[0].end()
        await quiet()

        expect(far).to.have.lengthOf(1)
        expect(await failed).to.have.property('name', 'InvalidMessageError')
      })
    })
  }

  it('takes a reply that comes byte by byte', async () => {
    await withFarEnds(async ({ client, far }) => {
      const answered = client.request(SERVER_CONTACT, createRequest())
      await until(() => far.length === 1)
      replyTo('key').forEach(byte => { far[0].stream.send(Uint8Array.of(byte)) })

      expect(keyOf(await answered)).to.equal('key')
    })
  })

  it('keeps no stream on which more came than was asked for', async () => {
    await withFarEnds(async ({ client, far }) => {
      const answered = client.request(SERVER_CONTACT, createRequest())
      await until(() => far.length === 1)
      far[0].stream.send(Uint8Array.from([...replyTo('key'), ...replyTo('another key')]))
      await answered

      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
      expect(await far[0].end()).to.equal('reset')
    })
  })

  it('drops a warm stream on which something comes unasked', async () => {
    await withFarEnds(async test => {
      await warmUp(test)
      test.far[0].stream.send(replyTo('unasked'))

      expect(await test.far[0].end()).to.equal('reset')
      expect(test.client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  it('ends its side as one should when the peer closes its own after the reply', async () => {
    await withFarEnds(async ({ client, far }) => {
      const answered = client.request(SERVER_CONTACT, createRequest())
      await until(() => far.length === 1)
      far[0].stream.send(replyTo('key'))
      void far[0].stream.close()
      await answered

      expect(await far[0].end()).to.equal('closed')
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  it('fails, and raises nothing besides, when the stream breaks while a request is sent', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => { unhandled.push(reason) }
    process.on('unhandledRejection', onUnhandled)

    try {
      await withFarEnds(async ({ client, opened }) => {
        await warmUpAndBreak(client, opened)
        await quiet()

        expect(unhandled).to.deep.equal([])
        expect(client.streams.busy).to.equal(0)
      }, {})
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }

    async function warmUpAndBreak (client: TestClient['client'], opened: Stream[]): Promise<void> {
      const first = client.notify(SERVER_CONTACT, createRequest('first', MessageType.ADD_PROVIDER))
      await first
      // as a muxer does whose connection has just gone
      Object.assign(opened[0], { sendData: () => { throw new Error('the connection is closed') } })
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest(), { timeout: 100 }))
      expect(await failed).to.be.an.instanceOf(Error)
    }
  })

  it('ends at once when the caller says so, reports nothing, and keeps the stream for the reply that is on its way', async () => {
    await withFarEnds(async ({ client, far, outcomes }) => {
      const controller = new AbortController()
      const reason = new Error('not needed any more')
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest(), { signal: controller.signal }))
      await until(() => far.length === 1)
      await far[0].next()
      controller.abort(reason)

      expect(await failed).to.equal(reason)
      expect(client.streams).to.deep.equal({ warm: 0, busy: 1 })
      expect(outcomes).to.deep.equal([])

      far[0].stream.send(replyTo('key'))
      await until(() => client.streams.warm === 1)
      expect(far[0].stream.status).to.equal('open')
      expect(outcomes.map(({ ok, queued }) => ({ ok, queued }))).to.deep.equal([{ ok: true, queued: true }])
    })
  })

  it('ends at once whenever the caller says so, also between two steps', async () => {
    for (let steps = 0; steps < 20; steps++) {
      const controller = new AbortController()
      /** so many steps after the stream has opened */
      const countDown = (left: number): void => {
        if (left === 0) {
          controller.abort(new Error('enough'))
        } else {
          queueMicrotask(() => { countDown(left - 1) })
        }
      }

      await withClient({ onStream: () => { countDown(steps) } }, async ({ client }) => {
        let ended = false
        const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest(), { signal: controller.signal })).finally(() => { ended = true })
        await until(() => controller.signal.aborted)
        await quiet()

        expect(ended, `after ${steps} steps`).to.equal(true)
        expect(await failed).to.have.property('message', 'enough')
        expect(client.waiting).to.equal(0)
        client.stop()
        expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
      })
    }
  })

  it('does not even start when the caller has said so before', async () => {
    await withFarEnds(async ({ client, far }) => {
      const failed = await outcomeOf(client.request(SERVER_CONTACT, createRequest(), { signal: AbortSignal.abort(new Error('before')) }))

      expect(failed).to.have.property('message', 'before')
      await quiet()
      expect(far).to.have.lengthOf(0)
    })
  })

  it('leaves no listener on the signal of the caller, however the request ends', async () => {
    await withBoth({}, async ({ client }) => {
      const { signal } = new AbortController()
      const add = sinon.spy(signal, 'addEventListener')
      const remove = sinon.spy(signal, 'removeEventListener')

      await client.request(SERVER_CONTACT, createRequest(), { signal })
      await outcomeOf(client.request(SERVER_CONTACT, createRequest('', MessageType.PUT_VALUE), { signal }))

      expect(add.callCount).to.be.above(1)
      expect(remove.args.map(([type, listener]) => [type, listener])).to.deep.equal(add.args.map(([type, listener]) => [type, listener]))
    })
  })

  it('closes a stream that opens after the request was given up', async () => {
    let opened = (): void => {}
    const opening = new Promise<void>(resolve => { opened = resolve })

    await withFarEnds(async ({ client, far }) => {
      const controller = new AbortController()
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest(), { signal: controller.signal }))
      await turn()
      controller.abort(new Error('enough'))
      opened()

      expect(await failed).to.have.property('message', 'enough')
      await until(() => far.length === 1)
      expect(await far[0].end()).to.equal('reset')
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
    }, { beforeOpen: async () => opening })
  })

  it('ends all requests and streams when it stops, and starts none until it is started again', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      await warmUp(test)
      const first = outcomeOf(client.request(SERVER_CONTACT, createRequest('first')))
      const second = outcomeOf(client.request(SERVER_CONTACT, createRequest('second')))
      await far[0].next()
      await far[0].next()
      client.stop()

      expect(await first).to.have.property('name', 'NotStartedError')
      expect(await second).to.have.property('name', 'NotStartedError')
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
      expect(await far[0].end()).to.equal('reset')
      expect(await outcomeOf(client.request(SERVER_CONTACT, createRequest()))).to.have.property('name', 'NotStartedError')

      client.start()
      const answered = client.request(SERVER_CONTACT, createRequest())
      await until(() => far.length === 2)
      far[1].stream.send(replyTo('key'))
      expect(keyOf(await answered)).to.equal('key')
    })
  })

  it('resets its idle streams, too, when it stops', async () => {
    await withFarEnds(async test => {
      await warmUp(test)
      test.client.stop()

      expect(await test.far[0].end()).to.equal('reset')
      expect(test.client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  it('fails with an error also when libp2p throws an event, as it does when a connection closes while it is used', async () => {
    const dial = async (): Promise<never> => Promise.reject(new Event('close'))

    await withFarEnds(async ({ client }) => {
      expect(await outcomeOf(client.request(contact(9, '/ip4/127.0.0.1/tcp/9'), createRequest()))).to.be.an.instanceOf(Error).with.property('name', 'StreamResetError')
    }, { network: { connections: () => [], dial } })
  })

  it('says that a peer without an address cannot be dialled, and reports it', async () => {
    await withFarEnds(async ({ client, outcomes }) => {
      const failed = await outcomeOf(client.request(contactOf(hashedId(9)), createRequest()))

      expect(failed).to.be.an.instanceOf(UndialableError)
      expect(outcomes).to.have.length(1)
      expect(outcomes[0]).to.include({ ok: false, reach: 'dial' })
    }, { network: { connections: () => [], addresses: async () => [] } })
  })

  it('reports a dial that failed once, and not that it was remembered', async () => {
    const dial = async (): Promise<never> => Promise.reject(new Error('connection refused'))

    await withFarEnds(async ({ client, outcomes }) => {
      expect(await outcomeOf(client.request(SERVER_CONTACT, createRequest()))).to.have.property('message', 'connection refused')
      expect(await outcomeOf(client.request(SERVER_CONTACT, createRequest()))).to.have.property('name', 'RecentlyFailedDialError')
      expect(outcomes.map(({ ok }) => ok)).to.deep.equal([false])
    }, { network: { connections: () => [], dial } })
  })

  it('keeps as many warm streams as it may, those used last', async () => {
    await withBoth({ options: { maxWarmStreams: 3 } }, async ({ client, server }) => {
      const peers = Array.from({ length: 5 }, (_, i) => contactOf(hashedId(10 + i)))

      for (const peer of peers) {
        await client.request(peer, createRequest())
      }

      expect(client.streams).to.deep.equal({ warm: 3, busy: 0 })
      expect(peers.map(peer => client.reach(peer) === 'stream')).to.deep.equal([false, false, true, true, true])
      await until(() => server.streams === 3)
    })
  })
})

describe('the time limits of the client', () => {
  let clock: sinon.SinonFakeTimers

  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: 1_000_000, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  })

  afterEach(() => {
    clock.restore()
  })

  it('end a request without an answer, and reset its stream', async () => {
    await withFarEnds(async ({ client, far, outcomes }) => {
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
      await until(() => far.length === 1)
      await far[0].next()
      clock.tick(REQUEST_TIMEOUT - 1)
      expect(client.streams.busy).to.equal(1)
      clock.tick(1)

      expect(await failed).to.have.property('name', 'TimeoutError')
      expect(await far[0].end()).to.equal('reset')
      expect(outcomes).to.have.lengthOf(1)
      expect(outcomes[0]).to.include({ ok: false, ms: REQUEST_TIMEOUT })
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  it('end a request with a time of its own then', async () => {
    await withFarEnds(async ({ client, far }) => {
      const failed = outcomeOf(client.request(SERVER_CONTACT, createRequest(), { timeout: 10 }))
      await until(() => far.length === 1)
      clock.tick(10)

      expect(await failed).to.have.property('name', 'TimeoutError')
    })
  })

  it('do not ask again when a warm stream stays silent', async () => {
    await withFarEnds(async test => {
      await warmUp(test)
      const failed = outcomeOf(test.client.request(SERVER_CONTACT, createRequest()))
      await test.far[0].next()
      clock.tick(REQUEST_TIMEOUT)

      expect(await failed).to.have.property('name', 'TimeoutError')
      await quiet()
      expect(test.far).to.have.lengthOf(1)
    })
  })

  it('are no failure of a peer that was not dialled, because others were', async () => {
    const dial = async (addresses: Multiaddr[], { signal }: AbortOptions): Promise<never> => new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => { reject(signal.reason) })
    })

    await withFarEnds(async ({ client, outcomes }) => {
      const first = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
      await until(() => client.dials.open === 1)
      const second = outcomeOf(client.request(contactOf(hashedId(9)), createRequest()))
      await until(() => client.dials.waiting === 1)
      clock.tick(REQUEST_TIMEOUT)

      expect(await first).to.have.property('name', 'TimeoutError')
      expect(await second).to.have.property('name', 'NotSentError')
      expect(outcomes.map(({ error }) => error?.name)).to.deep.equal(['TimeoutError'])
      await until(() => client.dials.open === 0)
      expect(client.dials.waiting).to.equal(0)
    }, { network: { connections: () => [], dial }, options: { maxDials: 1 } })
  })

  it('close a warm stream that nobody uses', async () => {
    await withBoth({}, async ({ client, opened, server }) => {
      await client.request(SERVER_CONTACT, createRequest())
      clock.tick(IDLE_TIMEOUT / 2)
      await client.request(SERVER_CONTACT, createRequest())
      clock.tick(IDLE_TIMEOUT / 2)
      expect(client.streams.warm).to.equal(1)
      clock.tick(IDLE_TIMEOUT)

      expect(client.streams.warm).to.equal(0)
      await until(() => server.streams === 0 && opened[0].status === 'closed')
    })
  })

  it('reset a stream whose other side does not close its end', async () => {
    await withFarEnds(async test => {
      await warmUp(test)
      clock.tick(IDLE_TIMEOUT)
      await quiet()
      expect(test.client.streams.warm).to.equal(0)
      expect(test.far[0].stream.status).to.equal('open')
      clock.tick(IDLE_TIMEOUT)

      expect(await test.far[0].end()).to.equal('reset')
    })
  })

  it('leave no timer behind after a request, nor when it stops', async () => {
    /** as libp2p does: it ends when it is told to */
    const addresses = async (peer: PeerId, { signal }: AbortOptions): Promise<Multiaddr[]> => new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => { reject(signal.reason) })
    })

    await withFarEnds(async ({ client, outcomes }) => {
      const before = clock.countTimers()
      const late = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
      expect(clock.countTimers()).to.equal(before + 1)
      clock.tick(REQUEST_TIMEOUT)
      // the peer had no chance to answer
      expect(await late).to.have.property('name', 'NotSentError')
      expect(outcomes).to.deep.equal([])
      expect(clock.countTimers()).to.equal(before)

      const stopped = outcomeOf(client.request(SERVER_CONTACT, createRequest()))
      client.stop()
      await stopped
      expect(clock.countTimers()).to.equal(0)
    }, { network: { connections: () => [], addresses } })
  })
})
