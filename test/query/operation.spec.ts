import { NotFoundError } from '@libp2p/interface'
import { expect } from 'aegir/chai'
import sinon from 'sinon'
import { EventTypes } from '../../src/query/events.ts'
import { operation } from '../../src/query/operation.ts'
import { peerIdOf, hashedId } from '../helpers/contacts.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { quiet, until } from '../helpers/turns.ts'
import type { QueryEvent } from '../../src/query/events.ts'
import type { OperationContext } from '../../src/query/operation.ts'

/** An event that can be told from others. */
function event (total: number): QueryEvent {
  return { type: EventTypes.DIAL_PEER, name: 'DIAL_PEER', peer: peerIdOf(hashedId(1)), path: { index: 0, queued: 0, running: 0, total } }
}

/** Emits so many events and comes to a result. */
function counting (count: number) {
  return async ({ emit }: OperationContext): Promise<string> => {
    for (let i = 0; i < count; i++) {
      emit?.(event(i))
      await Promise.resolve()
    }

    return 'the result'
  }
}

/** Emits an event, and runs until it is told to end. */
async function endless ({ emit, signal }: OperationContext): Promise<never> {
  emit?.(event(0))

  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    signal.addEventListener('abort', () => { reject(signal.reason) })
  })
}

async function totals (events: AsyncIterable<QueryEvent>): Promise<number[]> {
  const seen: number[] = []

  for await (const { path } of events) {
    seen.push(path.total)
  }

  return seen
}

/** Leaves the loop after the first event. */
async function takeOne (events: AsyncIterable<QueryEvent>): Promise<void> {
  const seen: QueryEvent[] = []

  for await (const event of events) {
    seen.push(event)

    if (seen.length === 1) {
      break
    }
  }

  expect(seen).to.have.lengthOf(1)
}

async function errorOf (promise: PromiseLike<unknown>): Promise<any> {
  return promise.then(() => undefined, error => error)
}

describe('an operation', () => {
  it('does nothing until somebody wants its result', async () => {
    const run = sinon.spy(counting(1))
    const lazy = operation({}, run)
    await quiet()
    expect(run.callCount).to.equal(0)

    expect(await lazy).to.equal('the result')
    expect(run.callCount).to.equal(1)
  })

  it('does nothing until somebody wants its events', async () => {
    const run = sinon.spy(counting(1))
    const events = operation({}, run)[Symbol.asyncIterator]()
    await quiet()
    expect(run.callCount).to.equal(0)

    await events.next()
    expect(run.callCount).to.equal(1)
  })

  it('runs once, however often it is awaited', async () => {
    const run = sinon.spy(counting(0))
    const lazy = operation({}, run)

    expect(await Promise.all([lazy, lazy.then(result => result), lazy.finally(() => {}), lazy.catch(() => '')])).to.deep.equal(new Array(4).fill('the result'))
    expect(await lazy).to.equal('the result')
    expect(run.callCount).to.equal(1)
  })

  it('is a promise to those who ask', async () => {
    expect(await Promise.race([operation({}, counting(0))])).to.equal('the result')
    expect(Object.prototype.toString.call(operation({}, counting(0)))).to.equal('[object Operation]')
  })

  it('gives its events in order, and ends', async () => {
    expect(await totals(operation({}, counting(50)))).to.deep.equal(Array.from({ length: 50 }, (_, i) => i))
  })

  it('loses no event to a slow reader', async () => {
    const seen: number[] = []

    for await (const { path } of operation({}, counting(20))) {
      await quiet()
      seen.push(path.total)
    }

    expect(seen).to.have.lengthOf(20)
  })

  it('gives its result also after its events', async () => {
    const both = operation({}, counting(3))

    expect(await totals(both)).to.have.lengthOf(3)
    expect(await both).to.equal('the result')
  })

  it('builds no events for those who only await it', async () => {
    const run = sinon.spy(counting(0))
    await operation({}, run)

    expect(run.firstCall.args[0].emit).to.equal(undefined)
  })

  it('tells its progress to a caller that awaits it, and to one that iterates', async () => {
    const told: string[] = []
    const onProgress = (event: { type: string, detail: QueryEvent }): void => { told.push(`${event.type} ${event.detail.path.total}`) }

    await operation({ onProgress }, counting(2))
    await totals(operation({ onProgress }, counting(1)))

    expect(told).to.deep.equal(['kad-dht:query:dial-peer 0', 'kad-dht:query:dial-peer 1', 'kad-dht:query:dial-peer 0'])
  })

  it('is ended by leaving the loop', async () => {
    let ended: Error | undefined

    await takeOne(operation({}, async context => endless(context).catch(error => {
      ended = error
      throw error
    })))

    await until(() => ended != null)
    expect(ended).to.have.property('name', 'AbortError')
  })

  it('is ended by an error in the loop', async () => {
    let ended = false
    const failed = await errorOf((async () => {
      for await (const event of operation({}, async context => endless(context).finally(() => { ended = true }))) {
        if (event.path.total === 0) {
          throw new Error(`${event.name} was too much`)
        }
      }
    })())

    expect(failed).to.have.property('message', 'DIAL_PEER was too much')
    await until(() => ended)
  })

  it("is ended by the caller's signal when it is awaited", async () => {
    const controller = new AbortController()
    const failed = errorOf(operation({ signal: controller.signal }, endless))
    await quiet()
    controller.abort(new Error('enough'))

    expect(await failed).to.have.property('message', 'enough')
  })

  it("is ended by the caller's signal when it is iterated, after the events before it", async () => {
    const controller = new AbortController()
    const seen: number[] = []
    const failed = await errorOf((async () => {
      for await (const { path } of operation({ signal: controller.signal }, endless)) {
        seen.push(path.total)
        controller.abort(new Error('enough'))
      }
    })())

    expect(seen).to.deep.equal([0])
    expect(failed).to.have.property('message', 'enough')
  })

  it('does not run when the signal has been given before', async () => {
    const run = sinon.spy(counting(1))
    const signal = AbortSignal.abort(new Error('before'))

    expect(await errorOf(operation({ signal }, run))).to.have.property('message', 'before')
    expect(await errorOf(totals(operation({ signal }, run)))).to.have.property('message', 'before')
    expect(run.callCount).to.equal(0)
  })

  it("leaves no listener on the caller's signal, however it ends", async () => {
    const { signal } = new AbortController()
    const add = sinon.spy(signal, 'addEventListener')
    const remove = sinon.spy(signal, 'removeEventListener')

    await operation({ signal }, counting(1))
    await totals(operation({ signal }, counting(1)))
    await errorOf(operation({ signal }, async () => { throw new Error('failed') }))

    await takeOne(operation({ signal }, endless))

    await quiet()
    expect(add.callCount).to.equal(4)
    expect(remove.args.map(([type, listener]) => [type, listener])).to.deep.equal(add.args.map(([type, listener]) => [type, listener]))
  })

  it('is ended by an error in onProgress, which it rejects with', async () => {
    const onProgress = (): void => { throw new Error('the callback failed') }

    expect(await errorOf(operation({ onProgress }, endless))).to.have.property('message', 'the callback failed')
    expect(await errorOf(totals(operation({ onProgress }, endless)))).to.have.property('message', 'the callback failed')
  })

  it('rejects with an error in onProgress also when it was about its last event', async () => {
    const onProgress = (): void => { throw new Error('the callback failed') }

    expect(await errorOf(operation({ onProgress }, counting(1)))).to.have.property('message', 'the callback failed')
  })

  it('that found nothing just ends when it is iterated, and rejects when it is awaited', async () => {
    const run = async ({ emit }: OperationContext): Promise<never> => {
      emit?.(event(0))
      throw new NotFoundError('not there')
    }

    expect(await totals(operation({}, run))).to.deep.equal([0])
    expect(await errorOf(operation({}, run))).to.have.property('name', 'NotFoundError')
  })

  it('that fails gives the events before, and then the error', async () => {
    const seen: number[] = []
    const failed = await errorOf((async () => {
      for await (const { path } of operation({}, async ({ emit }) => { emit?.(event(7)); throw new Error('failed') })) {
        seen.push(path.total)
      }
    })())

    expect(seen).to.deep.equal([7])
    expect(failed).to.have.property('message', 'failed')
  })

  it('cannot be iterated twice, nor after it was awaited', async () => {
    const twice = operation({}, counting(1))
    await totals(twice)
    expect(await errorOf(totals(twice))).to.have.property('name', 'InvalidParametersError')

    const awaited = operation({}, counting(1))
    await awaited
    expect(await errorOf(totals(awaited))).to.have.property('name', 'InvalidParametersError')
  })

  it('raises nothing that nobody handles: left in the middle, failed while iterated, or never started', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => { unhandled.push(reason) }
    process.on('unhandledRejection', onUnhandled)

    try {
      operation({}, endless)

      await takeOne(operation({}, endless))

      await errorOf(totals(operation({}, async () => { throw new Error('failed') })))
      await errorOf(operation({}, async () => { throw new Error('failed') }))
      await quiet()
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }

    expect(unhandled).to.deep.equal([])
  })
})

describe('an operation that has its result before its end', () => {
  /** Settles with a result, emits an event before and one after it, and ends when the test says so. */
  function early (): { run (context: OperationContext<string>): Promise<string>, end (): void, fail (error: Error): void, context (): OperationContext<string> } {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let context: OperationContext<string> | undefined

    return {
      run: async given => {
        context = given
        given.emit?.(event(0))
        given.settle('early')
        given.emit?.(event(1))

        return promise
      },
      end: () => { resolve('late') },
      fail: reject,
      context: () => {
        if (context == null) {
          throw new Error('It has not begun')
        }

        return context
      }
    }
  }

  it('gives it to whoever awaits it, and goes on', async () => {
    const { run, end, context } = early()
    const lazy = operation({}, run)

    expect(await lazy).to.equal('early')
    expect(context().signal.aborted).to.equal(false)
    end()
    await quiet()
    expect(await lazy).to.equal('early')
  })

  it('gives the first of several', async () => {
    expect(await operation<number>({}, async ({ settle }) => {
      settle(1)
      settle(2)

      return 3
    })).to.equal(1)
  })

  it('gives its events to whoever iterates it until it has ended, not until it has a result', async () => {
    const { run, end, context } = early()
    const lazy = operation({}, run)
    const seen: number[] = []
    const iterated = (async () => {
      for await (const { path } of lazy) {
        seen.push(path.total)
      }
    })()
    await until(() => seen.length === 2)
    context().emit?.(event(2))
    await until(() => seen.length === 3)
    end()
    await iterated

    expect(seen).to.deep.equal([0, 1, 2])
    expect(await lazy).to.equal('early')
  })

  it('fails for nobody afterwards, whoever awaits or iterates it', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => { unhandled.push(reason) }
    process.on('unhandledRejection', onUnhandled)

    try {
      const awaited = early()
      const lazy = operation({}, awaited.run)
      expect(await lazy).to.equal('early')
      awaited.fail(new Error('too late'))
      await quiet()
      expect(await lazy).to.equal('early')

      const iterated = early()
      const seen = totals(operation({}, iterated.run))
      await quiet()
      iterated.fail(new Error('too late'))
      expect(await seen).to.deep.equal([0, 1])
      await quiet()
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }

    expect(unhandled).to.deep.equal([])
  })

  it('tells onProgress, and nobody else, of what happens after its end', async () => {
    const told: number[] = []
    const { run, end, context } = early()
    const events = operation({ onProgress: ({ detail }) => { told.push(detail.path.total) } }, run)[Symbol.asyncIterator]()
    const seen = [await events.next(), await events.next()]
    end()
    await quiet()
    context().emit?.(event(2))

    expect((await events.next()).done).to.equal(true)
    expect(seen.map(({ value }) => value?.path.total)).to.deep.equal([0, 1])
    expect(told).to.deep.equal([0, 1, 2])
  })

  it("is ended by the caller's signal and by leaving the loop all the same", async () => {
    const controller = new AbortController()
    const awaited = early()
    expect(await operation({ signal: controller.signal }, awaited.run)).to.equal('early')
    controller.abort(new Error('enough'))
    expect(awaited.context().signal.reason).to.have.property('message', 'enough')
    awaited.end()

    const iterated = early()
    await takeOne(operation({}, iterated.run))
    expect(iterated.context().signal.aborted).to.equal(true)
    iterated.end()
  })

  it("holds the caller's signal until it has ended, and no longer", async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    const { run, end } = early()
    await operation({ signal }, run)
    expect(listeners()).to.equal(1)
    end()
    await quiet()
    expect(listeners()).to.equal(0)
  })

  it('rejects with an error in onProgress that came before the result', async () => {
    const onProgress = (): void => { throw new Error('the callback failed') }
    const { run, end } = early()
    const failed = errorOf(operation({ onProgress }, run))
    end()

    expect(await failed).to.have.property('message', 'the callback failed')
  })

  it('gives no result to a caller that has given up before there was one', async () => {
    const controller = new AbortController()
    const begun = Promise.withResolvers<void>()
    const failed = errorOf(operation<string>({ signal: controller.signal }, async ({ settle, signal }) => {
      await begun.promise
      settle('early')
      signal.throwIfAborted()

      return 'late'
    }))
    await quiet()
    controller.abort(new Error('enough'))
    begun.resolve()

    expect(await failed).to.have.property('message', 'enough')
  })
})
