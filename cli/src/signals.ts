// Ctrl-C, and what service managers send.

import { EXIT } from './errors.ts'

/** Aborts at the first SIGINT or SIGTERM. The second one ends the process at once, whatever it is doing. */
export function stopSignal (): AbortSignal {
  const controller = new AbortController()

  const onSignal = (): void => {
    if (controller.signal.aborted) {
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
