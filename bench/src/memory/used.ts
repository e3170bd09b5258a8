// What this process holds, when all garbage is gone.

import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

const gc: () => void = runInNewContext('gc')

export interface Used {
  /** of the heap, and what hangs on it outside, array buffers included */
  bytes: number
  /** resident memory of the process */
  rss: number
}

export async function used (): Promise<Used> {
  // finalisers run between two collections
  for (let i = 0; i < 4; i++) {
    gc()
    await delay(10)
  }

  const { heapUsed, external, rss } = process.memoryUsage()

  return { bytes: heapUsed + external, rss }
}
