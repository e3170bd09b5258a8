// Asks a running node to do something, through the control socket in its data folder.

import { createConnection } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { linesOf } from '../lines.ts'
import { MAX_REPLY, socketPath, toLine } from './line.ts'
import type { ControlPart, ControlReply, ControlRequest } from './line.ts'
import type { OperationReply, OperationRequest } from '../operations.ts'
import type { ProvidingPart, ProvidingReply, ProvidingRequest } from '../providing/requests.ts'
import type { TableReply, TableRequest } from '../table.ts'
import type { Socket } from 'node:net'

export interface CallOptions {
  /** what the request is about, where that is many CIDs */
  cids?: AsyncIterable<string>
  /** hears of each part of the answer; the next one comes when it has resolved */
  onPart?(part: ProvidingPart): void | Promise<void>
  /** ends it early, at the node too */
  signal?: AbortSignal
}

/** No node runs on the data folder. */
export class NotRunningError extends Error {
  override name = 'NotRunningError'
}

/** What a socket says that nobody listens on: never made, left by a killed node, in no folder. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR']

/** CIDs go out so many at once. */
const BATCH = 1_000

/**
 * @throws {NotRunningError} when no node runs on the folder
 */
export async function callNode (dataFolder: string, request: OperationRequest): Promise<OperationReply>
export async function callNode (dataFolder: string, request: TableRequest): Promise<TableReply>
export async function callNode (dataFolder: string, request: ProvidingRequest, options?: CallOptions): Promise<ProvidingReply>
export async function callNode (dataFolder: string, request: ControlRequest, { cids, onPart, signal }: CallOptions = {}): Promise<ControlReply> {
  signal?.throwIfAborted()
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>()
  const socket = createConnection(socketPath(dataFolder), resolve)
  const onAbort = (): void => { socket.destroy(signal?.reason) }
  let ownFault: Error | undefined
  socket.setEncoding('utf8').on('error', reject)
  signal?.addEventListener('abort', onAbort)

  try {
    await connected
    socket.write(toLine(request))

    if (cids != null) {
      void send(socket, cids).catch(error => {
        // when the other side is gone, reading tells why
        ownFault = socket.destroyed ? undefined : error
        socket.destroy()
      })
    }

    return await replyOf(socket, onPart)
  } catch (error: any) {
    signal?.throwIfAborted()

    if (ownFault != null) {
      throw ownFault
    }

    if (NOBODY.includes(error.code)) {
      throw new NotRunningError(`No node runs on ${dataFolder}: start one with "kad start --data ${dataFolder}"`)
    }

    throw new Error(`The node on ${dataFolder} did not answer (${error.message}): see whether it still runs, or start it again with "kad start --data ${dataFolder}"`, { cause: error })
  } finally {
    signal?.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}

async function send (socket: Socket, cids: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(batched(cids)), socket, { end: false })
  socket.write('\n')
}

async function * batched (cids: AsyncIterable<string>): AsyncGenerator<string> {
  let batch: string[] = []

  for await (const cid of cids) {
    batch.push(`${cid}\n`)

    if (batch.length >= BATCH) {
      yield batch.join('')
      batch = []
    }
  }

  yield batch.join('')
}

async function replyOf (socket: Socket, onPart: CallOptions['onPart']): Promise<ControlReply> {
  for await (const line of linesOf(socket, MAX_REPLY)) {
    const message = JSON.parse(line) as ControlPart | ControlReply

    if (!('part' in message)) {
      return message
    }

    await onPart?.(message.part)
  }

  throw new Error('The other side hung up')
}
