// In-memory streams: one end is handed to the code under test, the other plays the peer, byte by byte if need be.

import { streamPair } from '@libp2p/utils'
import { Message } from '../../src/wire/dht.ts'
import { FrameReader } from '../../src/wire/frame.ts'
import { until } from './turns.ts'
import type { Stream } from '@libp2p/interface'
import type { StreamPairOptions } from '@libp2p/utils'

const NO_LIMIT = 2 ** 27

/** A pair of connected streams whose bytes arrive as soon as they are sent. */
export async function createStreams (options: StreamPairOptions = {}): Promise<[Stream, Stream]> {
  return streamPair({ delay: 0, capacity: 10_000, ...options })
}

interface Sender {
  sendData (data: { byteLength: number }): { sentBytes: number, canSendMore: boolean }
}

/**
 * Gives a stream a window as real muxers have: after each send it is full until it is drained. Once closed it takes
 * nothing any more, as if the other side had stopped to read.
 */
export function limitWindow (stream: Stream): { drain (): void, close (): void } {
  const sender = stream as unknown as Sender
  const sendData = sender.sendData.bind(stream)
  let open = true

  sender.sendData = data => open
    ? { ...sendData(data), canSendMore: false }
    : { sentBytes: 0, canSendMore: false }

  return {
    drain: () => { stream.dispatchEvent(new Event('drain')) },
    close: () => { open = false }
  }
}

/** The end of a stream that plays the peer: it keeps what comes in and tells how it ended. */
export class PeerEnd {
  readonly stream: Stream
  readonly messages: Message[] = []
  readonly #reader = new FrameReader(NO_LIMIT)
  #taken = 0

  constructor (stream: Stream) {
    this.stream = stream
    stream.addEventListener('message', ({ data }) => {
      this.#reader.push(data)

      for (let bytes = this.#reader.next(); bytes != null; bytes = this.#reader.next()) {
        this.messages.push(Message.decode(bytes))
      }
    })
  }

  /** The next message that nobody has taken yet. */
  async next (): Promise<Message> {
    await until(() => this.messages.length > this.#taken)

    return this.messages[this.#taken++]
  }

  /** How the stream ended: `closed` by both sides as one should, `reset` by the other side, `aborted` by this one. */
  async end (): Promise<string> {
    await until(() => this.stream.status !== 'open' && this.stream.status !== 'closing')

    return this.stream.status
  }
}
