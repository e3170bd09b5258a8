// The control socket speaks JSON, one line each: a request; after some, the CIDs it is about, one a line, and an empty line; then parts of the answer, if there are any,
// and the reply, the end.

import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { OperationReply, OperationRequest } from '../operations.ts'
import type { ProvidingPart, ProvidingReply, ProvidingRequest } from '../providing/requests.ts'
import type { TableReply, TableRequest } from '../table.ts'

export type ControlRequest = OperationRequest | ProvidingRequest | TableRequest
export type ControlReply = OperationReply | ProvidingReply | TableReply

/** What comes before the reply. */
export interface ControlPart {
  part: ProvidingPart
}

/** The longest request, characters: a value of 10 KiB whose every byte is escaped, and then some. */
export const MAX_REQUEST = 256 * 1024

/** The longest reply: a table of many peers. */
export const MAX_REPLY = 64 * 1024 * 1024

/** What the kernel takes as the path of a socket: `sun_path` of Linux, less its end. */
const MAX_PATH = 107

/** @throws {UsageError} when no socket fits into that folder */
export function socketPath (dataFolder: string): string {
  const path = join(dataFolder, 'control.sock')

  if (Buffer.byteLength(path) > MAX_PATH) {
    throw new UsageError(`The path of the data folder is too long for the control socket in it: ${path} has ${Buffer.byteLength(path)} bytes, and the most is ${MAX_PATH}`)
  }

  return path
}

export function toLine (message: ControlRequest | ControlReply | ControlPart): string {
  return `${JSON.stringify(message)}\n`
}
