// Ctrl-C, and what service managers send.

import { EXIT } from './errors.ts'

/** Signals that come so soon after the first, ms, are the same one: npm hands on what the terminal has sent already. */
const ECHO = 1_000

/** Aborts at the first SIGINT or SIGTERM. The second one ends the process at once, whatever it is doing. */
export function stopSignal (): AbortSignal {
  const controller = new AbortController()
  let first: number | undefined

  const onSignal = (): void => {
    first ??= performance.now()

    if (performance.now() - first > ECHO) {
      process.exit(EXIT.failed)
    }

    controller.abort(new Error('Interrupted'))
  }

  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)

  return controller.signal
}

export async function aborted (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
  }
}
