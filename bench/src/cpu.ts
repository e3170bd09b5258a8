// The processor time of this process, and waiting until it takes none.

import { setTimeout as delay } from 'node:timers/promises'

/** All threads, ms. */
export function cpuTime (): number {
  const { user, system } = process.cpuUsage()

  return (user + system) / 1000
}

export interface Quiet {
  /** how long a look takes, ms */
  window: number
  /** CPU time that a quiet process may take in it, ms */
  cpu: number
  /** quiet looks in a row that it takes */
  times: number
  /** not longer than this, ms */
  limit: number
}

/** An operation may resolve while streams close and tables are updated: that is part of its cost. */
export const TRAILING: Quiet = { window: 40, cpu: 4, times: 1, limit: 2_000 }

/** Until what operations leave behind is done. `onLook` is called after each look, with whether all was quiet. */
export async function untilQuiet ({ window, cpu, times, limit }: Quiet, onLook?: (isQuiet: boolean) => void): Promise<void> {
  const end = performance.now() + limit
  let quiet = 0

  while (quiet < times && performance.now() < end) {
    const before = cpuTime()
    await delay(window)
    const isQuiet = cpuTime() - before <= cpu
    quiet = isQuiet ? quiet + 1 : 0
    onLook?.(isQuiet)
  }
}
