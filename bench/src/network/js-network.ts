// The network of a subject in JavaScript, seen from the bench.

import { nodeProcess } from '../processes/node-process.ts'
import type { Calls } from './protocol.ts'
import type { SubjectName } from '../subjects/index.ts'

/** `signal` gives up what is under way. */
export function jsNetwork (subject: SubjectName, signal: AbortSignal): Calls {
  const remote = nodeProcess(subject, new URL('child.ts', import.meta.url))

  return {
    form: async request => remote.call('form', request, signal),
    batch: async request => remote.call('batch', request, signal),
    announce: async request => remote.call('announce', request, signal),
    memory: async () => remote.call('memory', undefined, signal),
    startProfile: async () => remote.call('startProfile', {}, signal),
    stopProfile: async file => remote.call('stopProfile', { file }, signal),
    stop: async () => remote.stop()
  }
}
