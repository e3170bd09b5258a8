// Hostile streams: whatever a peer sends, in whatever pieces, and however it leaves, its stream is answered or reset.

import { expect } from 'aegir/chai'
import { frame } from '../../src/wire/frame.ts'
import { encodeMessage, MessageType } from '../../src/wire/message.ts'
import { pick, randomBytes, randomNumbers, SEED } from '../helpers/random.ts'
import { PeerEnd } from '../helpers/stream-ends.ts'
import { quiet, turn } from '../helpers/turns.ts'
import { createRequest, withServer } from '../helpers/wire.ts'
import type { RequestHandlers } from '../../src/wire/server.ts'

const STREAMS = 400

/** Handlers as bad as handlers can be. */
function moodyHandlers (random: () => number): Partial<RequestHandlers> {
  const moody = (): ReturnType<RequestHandlers['FIND_NODE']> => {
    const mood = pick(random, 5)

    if (mood === 0) {
      throw new Error('the handler throws')
    }

    return mood === 1 ? Promise.reject(new Error('the handler rejects')) : mood === 2 ? turn().then(() => ({})) : {}
  }

  return { FIND_NODE: moody, GET_VALUE: moody, PUT_VALUE: moody }
}

/** A few messages, good or bad. */
function hostileBytes (random: () => number): Uint8Array {
  const types = Object.values(MessageType).filter(type => typeof type === 'string')
  const parts = Array.from({ length: 1 + pick(random, 6) }, () => {
    const kind = pick(random, 8)

    return kind < 4
      ? createRequest('key', types[pick(random, types.length)]).bytes
      : kind === 4
        ? frame(randomBytes(random, pick(random, 50)))
        : kind === 5
          ? randomBytes(random, pick(random, 20))
          : kind === 6
            ? encodeMessage({ type: types[pick(random, types.length)], key: randomBytes(random, pick(random, 100)) })
            : createRequest().bytes.subarray(0, pick(random, 8))
  })

  return Uint8Array.from(parts.flatMap(part => [...part]))
}

describe('hostile streams', () => {
  it('are answered or reset, and raise nothing that nobody handles', async () => {
    const random = randomNumbers(SEED)
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => { unhandled.push(reason) }
    process.on('unhandledRejection', onUnhandled)

    try {
      await withServer(moodyHandlers(random), async ({ open, server, refused }) => {
        for (let i = 0; i < STREAMS; i++) {
          const [near] = await open()
          const peer = new PeerEnd(near)
          const bytes = hostileBytes(random)

          for (let at = 0; at < bytes.byteLength && near.status === 'open';) {
            const length = 1 + pick(random, 40)
            near.send(bytes.subarray(at, at + length))
            at += length

            if (pick(random, 4) === 0) {
              await turn()
            }
          }

          const leave = pick(random, 3)

          if (leave === 0) {
            near.abort(new Error('gone'))
          } else {
            // also one that leaves nothing open has to be let go
            near.close().catch(() => {})
          }

          expect(['closed', 'reset', 'aborted']).to.include(await peer.end())
        }

        await quiet()
        expect(server.streams).to.equal(0)
        expect(refused.length).to.be.within(50, STREAMS)
        expect(refused.every(({ error }) => error instanceof Error)).to.equal(true)
      })
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }

    expect(unhandled).to.deep.equal([])
  })
})
