// An operation: lazy, awaitable and async-iterable. `await` gives its result, `for await` its events as they happen;
// either starts it. Leaving the loop early ends it.

import { AbortError, InvalidParametersError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { progressEvent } from './events.ts'
import type { DHTProgressEvents, Emit, QueryEvent } from './events.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { ProgressOptions } from 'progress-events'

/**
 * What every operation of the DHT returns. It does nothing until it is awaited or iterated. Awaiting it gives the result;
 * iterating it gives the events, and breaking out of the loop ends it. A search that found nothing rejects with a
 * `NotFoundError` when awaited; when iterated, the events just end.
 */
export interface Operation<T> extends Promise<T>, AsyncIterable<QueryEvent> {
  [Symbol.asyncIterator] (): AsyncGenerator<QueryEvent, void, undefined>
}

export interface OperationOptions extends AbortOptions, ProgressOptions<DHTProgressEvents> {}

/** What an operation runs with. */
export interface OperationContext<T = unknown> {
  /** ends it: the caller's signal, or the end of the iteration */
  signal: AbortSignal
  /** gives the result to whoever awaits it, while the operation goes on: its further events are for those that iterate. The first result counts; no effect once `signal` was given */
  settle (result: T): void
  /** where its events go; undefined when nobody wants any */
  emit?: Emit
  /** somebody iterates its events, and hears of what follows a first result, too */
  iterated: boolean
}

/** Wraps what an operation does; see `Operation` for what that gives. */
export function operation <T> (options: OperationOptions, run: (context: OperationContext<T>) => Promise<T>): Operation<T> {
  return new LazyOperation(options, run)
}

class LazyOperation<T> implements Operation<T> {
  readonly #options: OperationOptions
  readonly #run: (context: OperationContext<T>) => Promise<T>
  readonly #abort = new AbortController()
  readonly #result = Promise.withResolvers<T>()
  /** resolves when it has ended, which may be later than there is a result */
  #ending?: Promise<void>
  #iterated = false
  /** what happens after that, such as a repair that failed, only `onProgress` hears of */
  #over = false
  /** events nobody has taken yet; as many as a lookup can cause at the most */
  readonly #events: QueryEvent[] = []
  #wake?: () => void

  readonly [Symbol.toStringTag] = 'Operation'

  constructor (options: OperationOptions, run: (context: OperationContext<T>) => Promise<T>) {
    this.#options = options
    this.#run = run
    // whoever only iterates hears of a failure in another way
    this.#result.promise.catch(() => {})
  }

  async then <A = T, B = never> (resolved?: ((value: T) => A | PromiseLike<A>) | null, rejected?: ((reason: any) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.#start().then(resolved, rejected)
  }

  async catch <B = never> (rejected?: ((reason: any) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#start().catch(rejected)
  }

  async finally (done?: (() => void) | null): Promise<T> {
    return this.#start().finally(done)
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<QueryEvent, void, undefined> {
    if (this.#iterated || this.#ending != null) {
      throw new InvalidParametersError('An operation can be iterated once, and only before it was awaited: call the method again')
    }

    this.#iterated = true
    let ended = false
    let failure: Error | undefined
    this.#start().catch((error: Error) => { failure = error })
    // a result that was there earlier is not the end
    void this.#ended().then(() => {
      ended = true
      this.#wake?.()
    })

    try {
      while (true) {
        const event = this.#events.shift()

        if (event != null) {
          yield event
        } else if (ended) {
          break
        } else {
          const { promise, resolve } = Promise.withResolvers<void>()
          this.#wake = resolve
          await promise
        }
      }
    } finally {
      this.#abort.abort(new AbortError('The iteration was left'))
      this.#events.length = 0
    }

    // code written for @libp2p/kad-dht takes the end of the events for "not found"
    if (failure != null && failure.name !== 'NotFoundError') {
      throw failure
    }
  }

  async #start (): Promise<T> {
    void this.#ended()

    return this.#result.promise
  }

  /** Starts it. Never rejects. */
  async #ended (): Promise<void> {
    this.#ending ??= this.#begin().then(this.#result.resolve, this.#result.reject)

    return this.#ending
  }

  async #begin (): Promise<T> {
    const { signal, onProgress } = this.#options
    signal?.throwIfAborted()

    const onAbort = (): void => { this.#abort.abort(signal?.reason) }
    signal?.addEventListener('abort', onAbort)
    setMaxListeners(Infinity, this.#abort.signal)

    let thrown: { error: unknown } | undefined

    const emit: Emit = event => {
      try {
        onProgress?.(progressEvent(event))
      } catch (error) {
        // the caller's own callback failed: that is how its operation ends, not an error of some peer
        thrown ??= { error }
        this.#abort.abort(error)
      }

      if (this.#iterated && !this.#over && !this.#abort.signal.aborted) {
        this.#events.push(event)
        this.#wake?.()
      }
    }

    try {
      const result = await this.#run({
        signal: this.#abort.signal,
        settle: result => {
          // whoever has given it up gets no result, and hears why when it ends
          if (!this.#abort.signal.aborted) {
            this.#result.resolve(result)
          }
        },
        emit: this.#iterated || onProgress != null ? emit : undefined,
        iterated: this.#iterated
      })

      if (thrown != null) {
        throw thrown.error
      }

      return result
    } finally {
      this.#over = true
      signal?.removeEventListener('abort', onAbort)
    }
  }
}
