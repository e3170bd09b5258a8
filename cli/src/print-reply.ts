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

  note(pc.dim(`${plural(reply.hops, 'hop')}, ${plural(reply.messages, 'message')}, ${prettyMs(reply.ms ?? 0)}`))
}

function resultLines (reply: OperationReply): string[] {
  switch (reply.op) {
    case 'get':
      return [reply.value ?? '']
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
