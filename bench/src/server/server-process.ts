// The process of a server, seen from the bench.

import { goProcess } from '../processes/go-process.ts'
import { nodeProcess } from '../processes/node-process.ts'
import type { ServerCalls } from './protocol.ts'
import type { SubjectName } from '../subjects/index.ts'

/** `signal` gives up what is under way. */
export function serverProcess (subject: SubjectName, goBinary: string, signal: AbortSignal): ServerCalls {
  const isGo = subject === 'go'
  const remote = isGo ? goProcess('go', goBinary, 'server') : nodeProcess(subject, new URL('child.ts', import.meta.url))

  return {
    start: async ({ key, ...request }) => remote.call('start', { ...request, key: isGo ? Buffer.from(key).toString('base64') : key }, signal),
    table: async () => remote.call('table', {}, signal),
    usage: async resting => remote.call('usage', resting, signal),
    startProfile: async () => { await (isGo ? undefined : remote.call('startProfile', {}, signal)) },
    stopProfile: async file => { await (isGo ? undefined : remote.call('stopProfile', { file }, signal)) },
    stop: async () => remote.stop()
  }
}
