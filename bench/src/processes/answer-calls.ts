// The other end of `nodeProcess`: a process that does as it is told and rests otherwise.

import type { Call, Reply } from './remote.ts'

/** Ends the process after the call `stop`, and when the bench is gone. */
export function answerCalls (calls: Record<string, (request: any) => Promise<unknown>>): void {
  process.on('message', ({ name, request }: Call) => {
    const reply = (message: Reply): void => {
      process.send?.(message, () => {
        if (name === 'stop') {
          process.exit()
        }
      })
    }

    calls[name](request).then(result => { reply({ result }) }, (error: Error) => { reply({ error: error.stack ?? error.message }) })
  })

  process.on('disconnect', () => { process.exit() })
}
