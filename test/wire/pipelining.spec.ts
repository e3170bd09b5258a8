import { expect } from 'aegir/chai'
import { MessageType } from '../../src/wire/message.ts'
import { falseTime } from '../helpers/false-time.ts'
import { ask, keyOf, outcomeOf, replyTo, warmUp, withFarEnds } from '../helpers/far-ends.ts'
import { quiet, until } from '../helpers/turns.ts'
import { createRequest, LATE, REQUEST_TIMEOUT, SERVER_CONTACT } from '../helpers/wire.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { PeerEnd } from '../helpers/stream-ends.ts'

/** How long the reply to a request that was given up is waited for, ms. */
const PATIENCE = 5_000

/** How many requests have come. */
function received (far: PeerEnd[]): number {
  return far.reduce((sum, { messages }) => sum + messages.length, 0)
}

/** Ends all streams on which anything was asked. */
function resetAsked (far: PeerEnd[]): void {
  for (const { stream, messages } of far) {
    if (messages.length > 0) {
      stream.abort(new Error('no'))
    }
  }
}

describe('several requests to one peer', () => {
  it('go out behind each other before the first reply comes, and get each its own', async () => {
    await withFarEnds(async test => {
      const { far, outcomes } = test
      const answers = ask(test, 'a', 'b', 'c')
      await until(() => far[0]?.messages.length === 3)
      expect(far[0].messages.map(keyOf)).to.deep.equal(['a', 'b', 'c'])
      // in pieces that end anywhere
      const replies = Uint8Array.from([...replyTo('a'), ...replyTo('b'), ...replyTo('c')])
      far[0].stream.send(replies.slice(0, 10))
      far[0].stream.send(replies.slice(10))

      expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c'])
      expect(far).to.have.lengthOf(1)
      // only the first says how long the peer takes
      expect(outcomes.map(({ ok, queued }) => ({ ok, queued }))).to.deep.equal([{ ok: true, queued: false }, { ok: true, queued: true }, { ok: true, queued: true }])
    })
  })

  it('take a second stream when sixteen are under way, a fourth at the most, and then wait in turn', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      const keys = Array.from({ length: 70 }, (_, i) => `key ${i}`)
      const answers = ask(test, ...keys)
      await until(() => received(far) === 64)
      expect(far).to.have.lengthOf(4)
      expect(client.waiting).to.equal(6)
      expect(client.reach(SERVER_CONTACT)).to.not.equal('stream')

      for (let served = true; served;) {
        served = false

        for (const peer of far) {
          for (const message of peer.messages.splice(0)) {
            peer.stream.send(replyTo(keyOf(message)))
            served = true
          }
        }

        await quiet()
      }

      expect(await Promise.all(answers)).to.deep.equal(keys)
      expect(far).to.have.lengthOf(4)
      expect(client.streams).to.deep.equal({ warm: 1, busy: 0 })
    })
  })

  it('are refused, and nobody is to blame, when a thousand wait already', async () => {
    await withFarEnds(async test => {
      const { client, outcomes } = test
      const answers = ask(test, ...Array.from({ length: 1_024 }, (_, i) => `key ${i}`)).map(outcomeOf)
      expect(client.waiting).to.equal(1_024)

      expect(await outcomeOf(client.request(SERVER_CONTACT, createRequest()))).to.have.property('name', 'TooManyRequestsError')
      client.stop()
      expect((await Promise.all(answers)).map(error => error?.name)).to.deep.equal(answers.map(() => 'NotStartedError'))
      expect(outcomes).to.deep.equal([])
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
      expect(client.waiting).to.equal(0)
    })
  })

  it('leave the queue when they are given up, and nothing is sent of them', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      const answers = ask(test, ...Array.from({ length: 64 }, (_, i) => `key ${i}`)).map(outcomeOf)
      await until(() => far.length === 4)
      const controller = new AbortController()
      const waiting = outcomeOf(client.request(SERVER_CONTACT, createRequest('unwanted'), { signal: controller.signal }))
      expect(client.waiting).to.equal(1)
      controller.abort(new Error('enough'))

      expect(await waiting).to.have.property('message', 'enough')
      expect(client.waiting).to.equal(0)
      client.stop()
      await Promise.all(answers)
      expect(far.flatMap(({ messages }) => messages).map(keyOf)).to.not.include('unwanted')
    })
  })

  it('keep their stream when the first of them is given up', async () => {
    await withFarEnds(async test => {
      const { client, far, opened } = test
      await warmUp(test)
      const controller = new AbortController()
      const first = outcomeOf(client.request(SERVER_CONTACT, createRequest('a'), { signal: controller.signal }))
      const others = ask(test, 'b', 'c')
      await until(() => far[0].messages.length === 4)
      controller.abort(new Error('enough'))
      expect(await first).to.have.property('message', 'enough')

      for (const key of ['a', 'b', 'c']) {
        far[0].stream.send(replyTo(key))
      }

      expect(await Promise.all(others)).to.deep.equal(['b', 'c'])
      expect(opened).to.have.lengthOf(1)
      expect(client.streams).to.deep.equal({ warm: 1, busy: 0 })
    })
  })

  for (const [what, send] of [
    ['out of order', ['b', 'a']],
    ['one of them twice', ['a', 'a']],
    ['something else', ['another', 'b']]
  ] as const) {
    it(`fail for the one, and are asked anew for the other, when the peer answers ${what}`, async () => {
      await withFarEnds(async test => {
        const { client, far } = test
        await warmUp(test)
        const [a, b] = ask(test, 'a', 'b')
        const failed = Promise.all([outcomeOf(a), outcomeOf(b)])
        await until(() => far[0].messages.length === 3)
        send.forEach(key => { far[0].stream.send(replyTo(key)) })
        expect(await far[0].end()).to.equal('reset')

        if (what !== 'one of them twice') {
          await until(() => far.length === 2)
          expect((await far[1].next()).key).to.deep.equal(new TextEncoder().encode('b'))
          far[1].stream.send(replyTo('b'))
        }

        const [errorA, errorB] = await failed
        expect([errorA?.name, errorB?.name]).to.deep.equal(what === 'one of them twice' ? [undefined, 'InvalidMessageError'] : ['InvalidMessageError', undefined])
        client.stop()
      })
    })
  }

  it('are all asked anew when the peer resets the stream in the midst of them, the first on a stream of its own', async () => {
    await withFarEnds(async test => {
      const { client, far, outcomes } = test
      await warmUp(test)
      const answers = ask(test, 'a', 'b', 'c')
      await until(() => far[0].messages.length === 4)
      far[0].stream.send(replyTo('a'))
      expect(await answers[0]).to.equal('a')
      far[0].stream.abort(new Error('not this one'))
      await until(() => far[1]?.messages.length === 2)
      expect(far[1].messages.map(keyOf)).to.deep.equal(['b', 'c'])
      far[1].stream.send(replyTo('b'))
      far[1].stream.send(replyTo('c'))

      expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c'])
      expect(outcomes.every(({ ok }) => ok)).to.equal(true)
      expect(client.streams).to.deep.equal({ warm: 1, busy: 0 })
    })
  })

  it('fail one after the other, and no sooner, when the peer resets whatever stream they are on', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      const failed = Promise.all(ask(test, 'a', 'b', 'c').map(outcomeOf))
      const reset = setInterval(() => { resetAsked(far) }, 1)
      const errors = await failed
      clearInterval(reset)

      expect(errors.filter(error => error != null)).to.have.lengthOf(3)
      expect(far.length).to.be.at.most(9)
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
    })
  })

  it('go one a stream from then on to a peer that closes its end after a reply', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      const first = ask(test, 'a', 'b')
      await until(() => far[0]?.messages.length === 2)
      far[0].stream.send(replyTo('a'))
      void far[0].stream.close()
      await until(() => far[1]?.messages.length === 1)
      far[1].stream.send(replyTo('b'))
      expect(await Promise.all(first)).to.deep.equal(['a', 'b'])

      const second = ask(test, 'c', 'd', 'e')
      await until(() => far.length === 4 && received(far.slice(1)) === 4)
      await quiet()
      expect(far.slice(1).flatMap(({ messages }) => messages).map(keyOf)).to.have.members(['b', 'c', 'd', 'e'])
      far.slice(1).forEach(({ stream, messages }) => { stream.send(replyTo(keyOf(messages[messages.length - 1]))) })
      expect(await Promise.all(second)).to.deep.equal(['c', 'd', 'e'])
      client.stop()
    })
  })

  it('make do with the streams there are when the peer takes no more', async () => {
    let opens = 0

    await withFarEnds(async test => {
      const { far, outcomes } = test
      const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)
      const answers = ask(test, ...keys)
      await until(() => far[0]?.messages.length === 16 && opens === 2)
      keys.forEach(key => { far[0].stream.send(replyTo(key)) })

      expect(await Promise.all(answers)).to.deep.equal(keys)
      expect(outcomes.every(({ ok }) => ok)).to.equal(true)
    }, {
      beforeOpen: async () => {
        if (++opens > 1) {
          throw new Error('too many')
        }
      }
    })
  })

  it('share the stream that is being opened, and end it only when the last of them is given up', async () => {
    const opening = Promise.withResolvers<void>()

    await withFarEnds(async test => {
      const { client, far } = test
      const controllers = [new AbortController(), new AbortController()]
      const given = controllers.map(async ({ signal }) => outcomeOf(client.request(SERVER_CONTACT, createRequest('unwanted'), { signal })))
      const [wanted] = ask(test, 'wanted')
      controllers.forEach(controller => { controller.abort(new Error('enough')) })
      await Promise.all(given)
      opening.resolve()
      await until(() => far.length === 1)
      expect(keyOf(await far[0].next())).to.equal('wanted')
      far[0].stream.send(replyTo('wanted'))
      expect(await wanted).to.equal('wanted')
    }, { beforeOpen: async () => opening.promise })
  })

  it('are no failure of the peer when libp2p has no stream left', async () => {
    const error = Object.assign(new Error('Too many outbound protocol streams'), { name: 'TooManyOutboundProtocolStreamsError' })

    await withFarEnds(async test => {
      expect(await outcomeOf(test.client.request(SERVER_CONTACT, createRequest()))).to.equal(error)
      expect(test.outcomes).to.deep.equal([])
    }, { beforeOpen: async () => { throw error } })
  })
})

describe('the time limits of several requests to one peer', () => {
  let clock: Clock

  beforeEach(() => {
    clock = falseTime()
  })

  afterEach(() => {
    clock.restore()
  })

  it('move what waits behind one that takes longer than usual to another stream', async () => {
    await withFarEnds(async test => {
      const { far, client } = test
      await warmUp(test)
      const [a, b, c] = ask(test, 'a', 'b', 'c')
      await until(() => far[0].messages.length === 4)
      clock.tick(LATE - 1)
      await quiet()
      expect(far).to.have.lengthOf(1)
      clock.tick(1)
      await until(() => far[1]?.messages.length === 2)
      far[1].stream.send(replyTo('b'))
      far[1].stream.send(replyTo('c'))
      expect(await Promise.all([b, c])).to.deep.equal(['b', 'c'])

      // it still answers all of them
      far[0].stream.send(replyTo('a'))
      far[0].stream.send(replyTo('b'))
      far[0].stream.send(replyTo('c'))
      expect(await a).to.equal('a')
      await until(() => client.streams.busy === 0)
      expect(client.streams.warm).to.equal(1)
    })
  })

  it('send a new request past a stream that is stuck', async () => {
    await withFarEnds(async test => {
      const { far, client } = test
      await warmUp(test)
      const [stuck] = ask(test, 'a').map(outcomeOf)
      await until(() => far[0].messages.length === 2)
      clock.tick(LATE)
      expect(client.reach(SERVER_CONTACT)).to.not.equal('stream')
      const [b] = ask(test, 'b')
      await until(() => far[1]?.messages.length === 1)
      far[1].stream.send(replyTo('b'))
      expect(await b).to.equal('b')
      clock.tick(REQUEST_TIMEOUT)

      expect(await stuck).to.have.property('name', 'TimeoutError')
      expect(await far[0].end()).to.equal('reset')
      expect(far[1].stream.status).to.equal('open')
    })
  })

  it('reset a stream whose reply nobody wants and that does not come', async () => {
    await withFarEnds(async test => {
      const { far, client, outcomes } = test
      await warmUp(test)
      const controller = new AbortController()
      const given = outcomeOf(client.request(SERVER_CONTACT, createRequest('a'), { signal: controller.signal }))
      await until(() => far[0].messages.length === 2)
      controller.abort(new Error('enough'))
      await given
      clock.tick(PATIENCE - 1)
      expect(client.streams.busy).to.equal(1)
      clock.tick(1)

      expect(await far[0].end()).to.equal('reset')
      expect(client.streams).to.deep.equal({ warm: 0, busy: 0 })
      expect(outcomes).to.have.lengthOf(1)
    })
  })

  it('do not end a request of others when one runs out that is not the oldest', async () => {
    await withFarEnds(async test => {
      const { far, client } = test
      await warmUp(test)
      const [a] = ask(test, 'a')
      const late = outcomeOf(client.request(SERVER_CONTACT, createRequest('b'), { timeout: LATE / 2 }))
      await until(() => far[0].messages.length === 3)
      clock.tick(LATE / 2)
      expect(await late).to.have.property('name', 'TimeoutError')
      far[0].stream.send(replyTo('a'))
      far[0].stream.send(replyTo('b'))

      expect(await a).to.equal('a')
      await until(() => client.streams.warm === 1)
    })
  })

  it('leave no timer behind, whatever is under way when it stops', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      const controller = new AbortController()
      const answers = ask(test, 'a', 'b', 'c').map(outcomeOf)
      const given = outcomeOf(client.request(SERVER_CONTACT, createRequest('d'), { signal: controller.signal }))
      const told = client.notify(SERVER_CONTACT, createRequest('e', MessageType.ADD_PROVIDER))
      await until(() => far[0]?.messages.length === 5)
      await told
      controller.abort(new Error('enough'))
      client.stop()
      await Promise.all([...answers, given])

      expect(await far[0].end()).to.equal('reset')
      // those of the streams in memory
      clock.tick(1)
      expect(clock.countTimers()).to.equal(0)
    })
  })
})
