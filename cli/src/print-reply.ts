// The result of an operation, for people or as JSON. The result alone goes to stdout, so that it can be piped; what it
// took and what went wrong goes to stderr.

import pc from 'picocolors'
import prettyMs from 'pretty-ms'
import { note, plural, print } from './output.ts'
import type { OperationReply, PeerResult } from './operations.ts'

export function printReply (reply: OperationReply, json: boolean): void {
  if (json) {
    print(JSON.stringify(reply, null, 2))
    return
  }

  if (!reply.ok) {
    note(`kad: ${reply.error?.message}`)
    return
  }

  resultLines(reply).forEach(line => { print(line) })
  reply.failed?.forEach(({ peer, error }) => { note(`${peer} did not take it: ${error}`) })

  if (reply.encoding === 'base64') {
    note('(the value is not text: this is base64)')
  }

  const took = reply.op === 'resolve' ? [] : [plural(reply.hops, 'hop'), plural(reply.messages, 'message')]
  note(pc.dim([...took, prettyMs(reply.ms ?? 0)].join(', ')))
}

function resultLines (reply: OperationReply): string[] {
  switch (reply.op) {
    case 'get':
    case 'resolve':
      return [reply.value ?? '']
    case 'publish':
      return [`${reply.key}, version ${reply.seq}, is held by ${plural(reply.stored?.length, 'node')}`, ...reply.stored ?? []]
    case 'remove':
      return [`${reply.key} is removed on ${plural(reply.stored?.length, 'node')}`, ...reply.stored ?? []]
    case 'put':
      return [`${reply.key} is held by ${plural(reply.stored?.length, 'node')}`, ...reply.stored ?? []]
    case 'provide':
      return [`${reply.cid} is announced on ${plural(reply.stored?.length, 'node')}`, ...reply.stored ?? []]
    case 'find-providers':
      return peerLines(reply.providers)
    default:
      return peerLines(reply.peers)
  }
}

function peerLines (peers: PeerResult[] = []): string[] {
  return peers.flatMap(({ id, addresses }) => [id, ...addresses.map(address => `  ${address}`)])
}
