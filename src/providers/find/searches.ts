// The searches under way: they end when the node stops.

import { NotStartedError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'

export class Searches {
  readonly #running = new Set<AbortController>()

  /** Runs it with a signal that ends with the caller's and when the node stops. */
  async run <T> (signal: AbortSignal, search: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const controller = new AbortController()
    const onAbort = (): void => { controller.abort(signal.reason) }
    setMaxListeners(Infinity, controller.signal)
    signal.addEventListener('abort', onAbort)
    this.#running.add(controller)

    try {
      return await search(controller.signal)
    } finally {
      this.#running.delete(controller)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Ends them all: they reject. */
  stop (): void {
    const stopped = new NotStartedError('The DHT was stopped')
    this.#running.forEach(controller => { controller.abort(stopped) })
  }
}
