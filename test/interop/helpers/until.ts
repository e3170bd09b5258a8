import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** When to give up, in milliseconds. Default: 10,000. */
  timeoutMs?: number
  /** How long to leave the other process alone between two looks, in milliseconds. Default: 25. */
  intervalMs?: number
}

/**
 * Looks at the state of another process, which sends no events, until it is as wanted, and returns what `look`
 * returned then. A look that throws fails at once; one that finds nothing returns `undefined` or `false`.
 *
 * `what` completes the sentence 'gave up waiting until …'.
 */
export async function until <T> (what: string, look: () => Promise<T | undefined | false>, options: UntilOptions = {}): Promise<T> {
  const { timeoutMs = 10_000, intervalMs = 25 } = options
  const deadline = Date.now() + timeoutMs

  while (true) {
    const found = await look()

    if (found !== undefined && found !== false) {
      return found
    }

    if (Date.now() >= deadline) {
      throw new Error(`gave up waiting until ${what}, after ${timeoutMs} ms`)
    }

    await delay(intervalMs)
  }
}
