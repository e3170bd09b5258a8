// Tells one peer of all keys that it is to hold, back to back on one stream. Nobody answers an announcement, but whoever answers a request that came behind it on the same
// stream has read it: so the two go out as one, and what was told is known.

import { behind, encodeRequest, joinRequests, MessageType } from '../../wire/message.ts'
import { chunksOf } from './chunks.ts'
import type { ProvidedKey } from './provided-keys.ts'
import type { Contact } from '../../query/contact.ts'
import type { EncodedRequest, Message } from '../../wire/message.ts'
import type { AbortOptions } from '@libp2p/interface'

/** The longest that goes out to a peer in one piece, bytes: a quarter of what yamux sends without being asked for more. */
const MAX_PIECE = 64 * 1024

/** When a peer is told of so many keys, it is asked something behind each piece of them. With fewer that is not worth a message, unless it may refuse them. */
const CONFIRMED = 16

/** What a SHA2-256 multihash begins with: the code of the hash, and the length of a digest. */
const SHA2_256 = 0x12
const SHA2_256_LENGTH = 0x20

export interface TellPeerNeeds {
  request (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
  /** sends what has no reply */
  notify (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<void>
  /** announces the key */
  requestOf (key: ProvidedKey): EncodedRequest
}

export interface Told {
  /** those of which it was told */
  told: Set<ProvidedKey>
  messages: number
  /** why it was not told of all of them */
  error?: Error
}

/** Never rejects. What is removed meanwhile it is not told of. */
export async function tellPeer (peer: Contact, keys: readonly ProvidedKey[], { request, notify, requestOf }: TellPeerNeeds, signal: AbortSignal): Promise<Told> {
  const result: Told = { told: new Set(), messages: 0 }

  try {
    for (const piece of piecesOf(keys, requestOf)) {
      const confirmed = keys.length >= CONFIRMED || !isUsual(piece[0])
      const wanted = piece.filter(({ removed }) => removed !== true)
      signal.throwIfAborted()

      if (wanted.length > 0) {
        const announcements = joinRequests(wanted.map(requestOf))
        result.messages += wanted.length + (confirmed ? 1 : 0)

        if (confirmed) {
          await request(peer, behind(announcements, encodeRequest({ type: MessageType.FIND_NODE, key: peer.multihash })), { signal })
        } else {
          await notify(peer, announcements, { signal })
        }

        wanted.forEach(key => { result.told.add(key) })
      }
    }
  } catch (error: any) {
    result.error = error
  }

  return result
}

/**
 * Those that everybody takes come first, and not in one piece with others: @libp2p/kad-dht takes SHA2-256 alone, and with the first key of another kind it resets
 * the stream, and what is behind it there is lost.
 */
function piecesOf (keys: readonly ProvidedKey[], requestOf: TellPeerNeeds['requestOf']): ProvidedKey[][] {
  const sizeOf = (key: ProvidedKey): number => requestOf(key).bytes.byteLength

  return [
    ...chunksOf(keys.filter(isUsual), sizeOf, MAX_PIECE),
    ...chunksOf(keys.filter(key => !isUsual(key)), sizeOf, MAX_PIECE)
  ]
}

function isUsual ({ multihash: [hash, length] }: ProvidedKey): boolean {
  return hash === SHA2_256 && length === SHA2_256_LENGTH
}
