// The process of a server, seen from the bench.

import { nodeProcess } from '../processes/node-process.ts'
import type { StoreCalls } from './protocol.ts'

/** `signal` gives up what is under way. */
export function storeServer (name: string, signal: AbortSignal): StoreCalls {
  const remote = nodeProcess(name, new URL('child.ts', import.meta.url))

  return {
    fill: async request => remote.call('fill', request, signal),
    start: async request => remote.call('start', request, signal),
    held: async () => remote.call('held', {}, signal),
    collect: async count => remote.call('collect', { count }, signal),
    startProfile: async () => remote.call('startProfile', {}, signal),
    stopProfile: async file => remote.call('stopProfile', { file }, signal),
    stop: async () => remote.stop()
  }
}
