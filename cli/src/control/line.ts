// The control socket speaks JSON, one line each: a request; after some, the CIDs it is about, one a line, and an empty line; then parts of the answer, if there are any,
// and the reply, the end.

import { join } from 'node:path'
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

export function socketPath (dataFolder: string): string {
  return join(dataFolder, 'control.sock')
}

export function toLine (message: ControlRequest | ControlReply | ControlPart): string {
  return `${JSON.stringify(message)}\n`
}
