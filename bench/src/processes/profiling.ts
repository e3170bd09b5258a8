// Profiles of a process of the bench: what its time goes into between two calls.

import { writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'

/** Between two looks, µs: short, for a request takes a hundred. */
const INTERVAL = 200

let session: Session | undefined

/** For `answerCalls`. */
export const profiling = {
  /** No effect while it runs. */
  async startProfile (): Promise<void> {
    if (session == null) {
      session = new Session()
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
      await session.post('Profiler.start')
    }
  },

  /** Writes what was seen, as Chromium's developer tools read it. No effect unless it runs. */
  async stopProfile ({ file }: { file: string }): Promise<void> {
    if (session != null) {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      session = undefined
      await writeFile(file, JSON.stringify(profile))
    }
  }
}
