// A process of the program in `bench/go`: a call a line goes in as JSON, an answer a line comes out.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Remote } from './remote.ts'

/** `role`: which of its parts the program plays, see `bench/go/main.go`. */
export function goProcess (name: string, binary: string, role: 'network' | 'server' | 'load'): Remote {
  const process = spawn(binary, [role], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: process.stdout })
  // it may end between two calls, which `exit` tells
  process.stdin.on('error', () => {})

  return new Remote(name, process, {
    send: call => { process.stdin.write(`${JSON.stringify(call)}\n`) },
    reply: async options => JSON.parse((await once(lines, 'line', options))[0])
  })
}
