// The control socket speaks JSON, one line each way: a request, its reply, the end.

import { join } from 'node:path'
import type { OperationReply, OperationRequest } from '../operations.ts'
import type { TableReply, TableRequest } from '../table.ts'
import type { Socket } from 'node:net'

export type ControlRequest = OperationRequest | TableRequest
export type ControlReply = OperationReply | TableReply

/** The longest request, characters: a value of 10 KiB whose every byte is escaped, and then some. */
export const MAX_REQUEST = 256 * 1024

/** The longest reply: a table of many peers. */
export const MAX_REPLY = 64 * 1024 * 1024

export function socketPath (dataFolder: string): string {
  return join(dataFolder, 'control.sock')
}

/**
 * The first line that comes, parsed.
 *
 * @throws {Error} when the other side ends before its end, or it is too long or no JSON
 */
export async function readLine (socket: Socket, most: number): Promise<unknown> {
  let line = ''
  socket.setEncoding('utf8')

  // left early without destroying the socket, for the answer goes out on it
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    line += chunk

    if (chunk.includes('\n')) {
      return JSON.parse(line.slice(0, line.indexOf('\n')))
    }

    if (line.length > most) {
      throw new Error('The line is too long')
    }
  }

  throw new Error('The other side hung up')
}

export function writeLine (socket: Socket, message: unknown): void {
  socket.end(`${JSON.stringify(message)}\n`)
}
