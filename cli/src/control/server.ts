// Lets `kad put`, `get` and the others act through a running node: a Unix domain socket in its data folder, open to the
// folder's owner only. A caller that hangs up ends what it asked for.

import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { linesOf } from '../lines.ts'
import { isAboutCIDs, isProviding } from '../providing/requests.ts'
import { MAX_REQUEST, socketPath, toLine } from './line.ts'
import type { ControlReply, ControlRequest } from './line.ts'
import type { OperationRequest } from '../operations.ts'
import type { Caller } from '../providing/perform.ts'
import type { Server, Socket } from 'node:net'

export interface ControlServer {
  close (): Promise<void>
}

export interface Perform {
  (request: ControlRequest, caller: Caller): Promise<ControlReply>
}

/** Callers at once; the next one is hung up on. */
const MAX_CALLERS = 100

/** A caller that has connected and says nothing is hung up on, ms. */
const SILENCE = 10_000

/**
 * The caller owns the folder by its datastore's lock, so that a socket that is there is one that a killed node has left.
 */
export async function serveControl (dataFolder: string, perform: Perform): Promise<ControlServer> {
  const path = socketPath(dataFolder)
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.once('close', () => { sockets.delete(socket) })
    void answer(socket, perform)
  })

  server.maxConnections = MAX_CALLERS
  await rm(path, { force: true })
  await listen(server, path)

  return {
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      sockets.forEach(socket => { socket.destroy() })
      await closed
    }
  }
}

async function listen (server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  // the socket is made at once, within `listen`: it is never there with other permissions
  const mask = process.umask(0o177)

  try {
    server.listen(path, resolve)
  } finally {
    process.umask(mask)
  }

  return promise
}

async function answer (socket: Socket, perform: Perform): Promise<void> {
  const gone = new AbortController()
  const onGone = (): void => { gone.abort(hungUp()) }
  socket.once('close', onGone)
  // its close event says the same
  socket.on('error', () => {})
  socket.setTimeout(SILENCE, () => { socket.destroy() })
  socket.setEncoding('utf8')
  // left early without destroying the socket, for the answer goes out on it
  const lines = linesOf(socket.iterator({ destroyOnReturn: false }), MAX_REQUEST)

  const expectEnd = async (): Promise<void> => {
    await lines.return(undefined)
    // only the end can come; without reading on, it would go unnoticed
    socket.on('end', onGone)
    socket.resume()
  }

  try {
    const first = await lines.next()
    const request = asRequest(JSON.parse(first.value ?? ''))
    socket.setTimeout(0)

    if (!isAboutCIDs(request)) {
      await expectEnd()
    }

    const reply = await perform(request, {
      signal: gone.signal,
      cids: cidsOf(lines, expectEnd),
      tell: async part => drained(socket, toLine({ part }))
    })
    socket.end(toLine(reply))
  } catch {
    // no request of ours
    socket.destroy()
  }
}

/** Up to the empty line: a caller that was killed in between has not said all that it wanted to. */
async function * cidsOf (lines: AsyncIterator<string>, end: () => Promise<void>): AsyncGenerator<string> {
  try {
    for (let line = await lines.next(); line.value !== ''; line = await lines.next()) {
      if (line.done === true) {
        throw hungUp()
      }

      yield line.value
    }
  } finally {
    await end()
  }
}

/** Resolves when the caller can take more, or is gone. */
async function drained (socket: Socket, text: string): Promise<void> {
  if (socket.destroyed || socket.write(text)) {
    return
  }

  return new Promise(resolve => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }

    socket.on('drain', done)
    socket.on('close', done)
  })
}

function hungUp (): Error {
  return new Error('The caller hung up')
}

/** The arguments themselves are checked where they are used. */
function asRequest (given: unknown): ControlRequest {
  const request = given as ControlRequest

  if (request.op === 'table') {
    return { op: 'table' }
  }

  if (isProviding(request)) {
    return { op: request.op, timeout: request.timeout == null ? undefined : Number(request.timeout) }
  }

  const { op, subject, value, timeout, options } = request as Partial<OperationRequest>

  if (typeof op !== 'string' || typeof subject !== 'string' || (value !== undefined && typeof value !== 'string') || !(Number(timeout) > 0)) {
    throw new Error('That is no request')
  }

  return { op, subject, value, timeout: Number(timeout), options }
}
