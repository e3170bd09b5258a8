// What nobody holds any more is gone, and no sooner.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Twice: what the first collection leaves, such as weak references looked at in this turn, the second takes. */
export async function collectGarbage (): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void

  for (let i = 0; i < 2; i++) {
    await new Promise(resolve => setImmediate(resolve))
    collect()
  }
}
