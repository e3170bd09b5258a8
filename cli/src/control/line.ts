// The control socket speaks JSON, one line each way: a request, its reply, the end.

import { join } from 'node:path'
import type { Socket } from 'node:net'

/** The longest line, bytes: a value of 10 KiB whose every byte is escaped, and then some. */
const MAX_LINE = 256 * 1024

export function socketPath (dataFolder: string): string {
  return join(dataFolder, 'control.sock')
}

/**
 * The first line that comes, parsed.
 *
 * @throws {Error} when the other side ends before its end, or it is too long or no JSON
 */
export async function readLine (socket: Socket): Promise<unknown> {
  let line = ''
  socket.setEncoding('utf8')

  // left early without destroying the socket, for the answer goes out on it
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    line += chunk

    if (line.includes('\n')) {
      return JSON.parse(line.slice(0, line.indexOf('\n')))
    }

    if (line.length > MAX_LINE) {
      throw new Error('The line is too long')
    }
  }

  throw new Error('The other side hung up')
}

export function writeLine (socket: Socket, message: unknown): void {
  socket.end(`${JSON.stringify(message)}\n`)
}
