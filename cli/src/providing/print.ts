// What was done about what a node provides, for people or as JSON: results to stdout, what it took and what went wrong to stderr.

import pc from 'picocolors'
import prettyMs from 'pretty-ms'
import { note, number, plural, print } from '../output.ts'
import { formatStatus } from './status.ts'
import type { ProvidedResult, ProvidingReply } from './requests.ts'

export function printProviding (reply: ProvidingReply, json: boolean): void {
  if (json) {
    print(JSON.stringify(reply, null, 2))
    return
  }

  resultLines(reply).forEach(line => { print(line) })

  if (!reply.ok) {
    note(`kad: ${reply.error?.message}`)
  }

  const took = [plural(reply.lookups, 'lookup'), plural(reply.messages, 'message'), plural(reply.records, 'record')]

  if (reply.announced != null) {
    note(pc.dim([...took, prettyMs(reply.ms ?? 0)].join(', ')))
  }
}

/** For programs one JSON object each, as there may be millions. Resolves when they have gone out. */
export async function printProvided (provided: ProvidedResult[], json: boolean): Promise<void> {
  const lines = provided.map(one => `${json ? JSON.stringify(one) : one.cid}\n`)

  return new Promise((resolve, reject) => {
    process.stdout.write(lines.join(''), error => { error == null ? resolve() : reject(error) })
  })
}

function resultLines ({ op, read = 0, added, removed, announced, failed = 0, status }: ProvidingReply): string[] {
  const isNew = read === 0 ? [] : [`${plural(read, 'CID')} ${added == null ? 'written down' : `read, ${number(added)} of them new`}`]
  const isTold = announced == null ? [] : [announced + failed === 0 ? 'Nothing was due' : `${plural(announced, 'key')} announced, ${number(failed)} failed`]

  switch (op) {
    case 'reprovide-status':
      return status == null ? [] : [formatStatus(status, Date.now())]
    case 'unprovide':
      return removed == null ? [] : [`${plural(read, 'CID')} read, ${number(removed)} of them were provided and are announced no more`]
    default:
      return [...isNew, ...isTold]
  }
}
