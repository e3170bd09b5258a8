// Asks a running node to do something, through the control socket in its data folder.

import { createConnection } from 'node:net'
import { MAX_REPLY, readLine, socketPath } from './line.ts'
import type { ControlReply, ControlRequest } from './line.ts'
import type { OperationReply, OperationRequest } from '../operations.ts'
import type { TableReply, TableRequest } from '../table.ts'

/** No node runs on the data folder. */
export class NotRunningError extends Error {
  override name = 'NotRunningError'
}

/** What a socket says that nobody listens on: never made, left by a killed node, in no folder. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR']

/**
 * @throws {NotRunningError} when no node runs on the folder
 */
export async function callNode (dataFolder: string, request: OperationRequest): Promise<OperationReply>
export async function callNode (dataFolder: string, request: TableRequest): Promise<TableReply>
export async function callNode (dataFolder: string, request: ControlRequest): Promise<ControlReply> {
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>()
  const socket = createConnection(socketPath(dataFolder), resolve)
  socket.on('error', reject)

  try {
    await connected
    socket.write(`${JSON.stringify(request)}\n`)

    return await readLine(socket, MAX_REPLY) as ControlReply
  } catch (error: any) {
    if (NOBODY.includes(error.code)) {
      throw new NotRunningError(`No node runs on ${dataFolder}: start one with "kad start --data ${dataFolder}"`)
    }

    throw new Error(`The node on ${dataFolder} did not answer: ${error.message}`, { cause: error })
  } finally {
    socket.destroy()
  }
}
