// Asks peers that are known already, when no lookup is needed to find them.

import PQueue from 'p-queue'
import type { Contact } from '../../query/contact.ts'
import type { QueryEvents } from '../../query/query-events.ts'
import type { EncodedRequest, Message } from '../../wire/message.ts'
import type { AbortOptions } from '@libp2p/interface'

/** So many are asked at once: as in a lookup. */
const CONCURRENCY = 10

export interface AskEachOptions {
  send (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
  signal: AbortSignal
  events?: QueryEvents
  /** takes each reply; true ends it, for it is enough */
  onReply (from: Contact, reply: Message): Promise<boolean>
}

/** Resolves when all have answered, have failed, or it is enough. One that fails is passed over. */
export async function askEach (peers: readonly Contact[], request: EncodedRequest, { send, signal, events, onReply }: AskEachOptions): Promise<void> {
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const enough = new AbortController()
  const ended = AbortSignal.any([signal, enough.signal])

  for (const peer of peers) {
    void queue.add(async () => {
      if (ended.aborted) {
        return
      }

      try {
        events?.onAsk(peer, request.type)
        const reply = await send(peer, request, { signal: ended })
        events?.onReply(peer, request.type, reply)

        if (await onReply(peer, reply)) {
          enough.abort()
        }
      } catch (error: any) {
        if (!ended.aborted) {
          events?.onError(peer, error)
        }
      }
    })
  }

  await queue.onIdle()
  signal.throwIfAborted()
}
