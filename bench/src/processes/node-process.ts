// A process of Node.js that answers calls.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Remote } from './remote.ts'

/** `file` has to call `answerCalls`. */
export function nodeProcess (name: string, file: URL): Remote {
  const process = fork(fileURLToPath(file), {
    // what it prints by mistake is no result
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced'
  })

  return new Remote(name, process, {
    send: call => { process.send(call) },
    reply: async options => (await once(process, 'message', options))[0]
  })
}
