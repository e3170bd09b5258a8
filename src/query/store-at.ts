// Hands a request to each of several peers at once, and tells the truth about what became of it.

import { toPeerId } from '../wire/peer.ts'
import type { Contact } from './contact.ts'
import type { QueryEvents } from './query-events.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { PeerId } from '@libp2p/interface'

/** Who holds something after a write, and who does not. */
export interface WriteResult {
  /** those that took it, nearest to the key first */
  stored: PeerId[]
  /** those that did not, and why */
  failed: Array<{ peer: PeerId, error: Error }>
  /** requests sent in all, those of the lookup included */
  messages: number
  /** replies, one leading to the next, that it took to find the nearest peer */
  hops: number
}

/** Sends to one peer; throws when the peer did not take it. */
export interface Send {
  (to: Contact, options: { signal: AbortSignal }): Promise<Message | undefined>
}

/** Asks each of `peers` to store something; at most as many at once as there are, which is k. */
export async function storeAt (peers: Contact[], request: EncodedRequest, send: Send, signal: AbortSignal, events?: QueryEvents): Promise<Pick<WriteResult, 'stored' | 'failed'>> {
  const stored: PeerId[] = []
  const failed: WriteResult['failed'] = []

  const results = await Promise.allSettled(peers.map(async peer => {
    events?.onAsk(peer, request.type)

    try {
      const reply = await send(peer, { signal })
      events?.onReply(peer, request.type, reply)
    } catch (error: any) {
      signal.throwIfAborted()
      events?.onError(peer, error)
      throw error
    }
  }))

  signal.throwIfAborted()

  for (const [i, result] of results.entries()) {
    const peer = toPeerId(peers[i])

    if (result.status === 'fulfilled') {
      stored.push(peer)
    } else {
      failed.push({ peer, error: result.reason })
    }
  }

  return { stored, failed }
}

/** What to tell when nobody took it. */
export function describeFailures (failed: WriteResult['failed']): string {
  return failed.map(({ peer, error }) => `${peer.toString()}: ${error.message}`).join('; ')
}
