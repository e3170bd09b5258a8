import { expect } from 'aegir/chai'
import { falseTime } from '../helpers/false-time.ts'
import { ask, keyOf, outcomeOf, replyTo, warmUp, withFarEnds } from '../helpers/far-ends.ts'
import { quiet, until } from '../helpers/turns.ts'
import { createRequest, PER_PEER, REQUEST_TIMEOUT, SERVER_CONTACT } from '../helpers/wire.ts'
import type { Clock } from '../helpers/false-time.ts'

describe('requests of which only so many are under way at once', () => {
  let clock: Clock

  beforeEach(() => {
    clock = falseTime()
  })

  afterEach(() => {
    clock.restore()
  })

  it('go out in the order in which they came, each when one before it is answered', async () => {
    await withFarEnds(async test => {
      const { client, far, outcomes } = test
      const answers = ask(test, 'a', 'b', 'c', 'd')
      await until(() => far[0]?.messages.length === 2)
      expect(client.waiting).to.equal(2)

      for (const [key, sent] of [['a', 'abc'], ['b', 'abcd']]) {
        far[0].stream.send(replyTo(key))
        await until(() => far[0].messages.map(keyOf).join('') === sent)
      }

      far[0].stream.send(replyTo('c'))
      far[0].stream.send(replyTo('d'))
      expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c', 'd'])
      expect(client.waiting).to.equal(0)
      // how long those took that waited says nothing about the peer
      expect(outcomes.map(({ queued }) => queued)).to.deep.equal([false, true, true, true])
    }, { options: { maxRequests: 2 } })
  })

  it('are not sent when they are given up before their turn, and leave their place to the next', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      const [a] = ask(test, 'a')
      const controller = new AbortController()
      const given = outcomeOf(client.request(SERVER_CONTACT, createRequest('unwanted'), { signal: controller.signal }))
      const [c] = ask(test, 'c')
      await until(() => far[0]?.messages.length === 1)
      controller.abort(new Error('enough'))
      expect(await given).to.have.property('message', 'enough')
      far[0].stream.send(replyTo('a'))
      await until(() => far[0].messages.length === 2)
      far[0].stream.send(replyTo('c'))

      expect(await Promise.all([a, c])).to.deep.equal(['a', 'c'])
      expect(far[0].messages.map(keyOf)).to.deep.equal(['a', 'c'])
    }, { options: { maxRequests: 1 } })
  })

  it('are no failure of the peer when their turn does not come in time', async () => {
    await withFarEnds(async test => {
      const { far, outcomes } = test
      const answers = ask(test, 'a', 'b').map(outcomeOf)
      await until(() => far[0]?.messages.length === 1)
      clock.tick(REQUEST_TIMEOUT)

      expect((await Promise.all(answers)).map(error => error?.name)).to.deep.equal(['TimeoutError', 'NotSentError'])
      // the one that was sent
      expect(outcomes.map(({ error }) => error?.name)).to.deep.equal(['TimeoutError'])
      await quiet()
      expect(far[0].messages).to.have.lengthOf(1)
    }, { options: { maxRequests: 1 } })
  })

  it('end with the client, those that wait included, and leave no timer behind', async () => {
    await withFarEnds(async test => {
      const { client, far, outcomes } = test
      const answers = ask(test, 'a', 'b', 'c').map(outcomeOf)
      await until(() => far[0]?.messages.length === 1)
      client.stop()

      expect((await Promise.all(answers)).map(error => error?.name)).to.deep.equal(answers.map(() => 'NotStartedError'))
      expect(client.waiting).to.equal(0)
      expect(outcomes).to.deep.equal([])
      expect(await far[0].end()).to.equal('reset')
      // those of the streams in memory
      clock.tick(1)
      expect(clock.countTimers()).to.equal(0)
    }, { options: { maxRequests: 1 } })
  })

  it('go on as many streams as one peer may have, with as many on each as it may carry', async () => {
    await withFarEnds(async test => {
      const { client, far } = test
      await warmUp(test)
      const answers = ask(test, 'a', 'b', 'c', 'd', 'e', 'f', 'g').map(outcomeOf)
      expect(await outcomeOf(client.request(SERVER_CONTACT, createRequest()))).to.have.property('name', 'TooManyRequestsError')
      await until(() => far[1]?.messages.length === 3)
      expect(far[0].messages.map(keyOf)).to.deep.equal(['warm', 'a', 'b', 'c'])
      expect(client.waiting).to.equal(1)
      client.stop()
      await Promise.all(answers)
    }, { options: { perPeer: { ...PER_PEER, streams: 2, inFlight: 3, waiting: 4 } } })
  })
})
