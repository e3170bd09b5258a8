import { expect } from 'aegir/chai'
import { Prober } from '../../src/peers/prober.ts'
import { MessageType } from '../../src/wire/message.ts'
import { contact } from '../helpers/contacts.ts'
import { ids } from '../helpers/peer-keys.ts'
import { quiet } from '../helpers/turns.ts'
import type { ProberEvents } from '../../src/peers/prober.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { RequestOptions } from '../../src/wire/client.ts'
import type { EncodedRequest, Message } from '../../src/wire/message.ts'

interface Asked {
  to: Contact
  request: EncodedRequest
  options: RequestOptions
  answer (): void
  fail (): void
}

const OPTIONS = { concurrency: 3, maxQueueSize: 5, timeout: 7_000 }

function contacts (count: number, from = 0): Contact[] {
  return Array.from({ length: count }, (_, i) => contact(from + i))
}

describe('probing', () => {
  let asked: Asked[]

  beforeEach(() => {
    asked = []
  })

  /** Its requests wait until the test ends them, or the prober does. */
  function createProber (events?: ProberEvents): Prober {
    return new Prober(OPTIONS, async (to, request, options) => new Promise<Message>((resolve, reject) => {
      const { signal } = options
      const fail = (): void => { reject(new Error('it is dead')) }
      signal?.addEventListener('abort', fail)
      asked.push({
        to,
        request,
        options,
        answer: () => { resolve({ type: MessageType.FIND_NODE, key: request.key, closer: [], providers: [] }) },
        fail
      })
    }), events)
  }

  it('asks a peer for itself, for no longer than it may take', async () => {
    const [peer] = contacts(1)
    const answer = createProber().probe(peer)

    expect(asked).to.have.lengthOf(1)
    expect(asked[0].to).to.equal(peer)
    expect(asked[0].request).to.deep.include({ type: MessageType.FIND_NODE, key: peer.multihash })
    expect(asked[0].options.timeout).to.equal(OPTIONS.timeout)
    asked[0].answer()
    expect(await answer).to.equal(true)
  })

  it('says that a peer which fails is not there, whatever the reason', async () => {
    const answer = createProber().probe(contact(1))
    asked[0].fail()

    expect(await answer).to.equal(false)
  })

  it('asks a peer once at a time, for all who want to know, and again afterwards', async () => {
    const prober = createProber()
    const answers = Array.from({ length: 50 }, async () => prober.probe(contact(1)))
    expect(asked).to.have.lengthOf(1)
    expect(prober.pending).to.equal(1)
    asked[0].answer()
    expect(new Set(await Promise.all(answers))).to.deep.equal(new Set([true]))
    expect(prober.pending).to.equal(0)

    void prober.probe(contact(1))
    expect(asked).to.have.lengthOf(2)
    asked[1].fail()
  })

  it('asks no more at once than it may, the others in their turn', async () => {
    const prober = createProber()
    const peers = contacts(6)
    const answers = peers.map(async peer => prober.probe(peer))
    expect(ids(asked.map(({ to }) => to))).to.deep.equal(ids(peers.slice(0, 3)))

    for (let i = 0; i < 6; i++) {
      asked[i].answer()
      await quiet()
      expect(asked).to.have.lengthOf(Math.min(6, i + 4))
    }

    expect(ids(asked.map(({ to }) => to))).to.deep.equal(ids(peers))
    expect(await Promise.all(answers)).to.deep.equal(peers.map(() => true))
  })

  it('makes no storm of ten thousand offers, and tells of each that it does not ask', async () => {
    const dropped: Contact[] = []
    const prober = createProber({ onDropped: peer => { dropped.push(peer) } })
    const peers = contacts(10_000)
    const answers = peers.map(async peer => prober.probe(peer))
    const most = OPTIONS.concurrency + OPTIONS.maxQueueSize

    expect(asked).to.have.lengthOf(OPTIONS.concurrency)
    expect(prober.pending).to.equal(most)
    expect(ids(dropped)).to.deep.equal(ids(peers.slice(most)))

    while (asked.some(({ options }) => options.signal?.aborted !== true) && asked.length < most) {
      asked.forEach(({ answer }) => { answer() })
      await quiet()
    }

    asked.forEach(({ answer }) => { answer() })
    expect((await Promise.all(answers)).filter(Boolean)).to.have.lengthOf(most)
    expect(asked).to.have.lengthOf(most)
    expect(prober.pending).to.equal(0)
  })

  it('has a place for others when some are done', async () => {
    const dropped: Contact[] = []
    const prober = createProber({ onDropped: peer => { dropped.push(peer) } })
    const answers = contacts(8).map(async peer => prober.probe(peer))
    expect(await prober.probe(contact(100))).to.equal(false)
    expect(ids(dropped)).to.deep.equal(ids([contact(100)]))
    asked[0].answer()
    await answers[0]

    void prober.probe(contact(100))
    expect(prober.pending).to.equal(8)
    expect(dropped).to.have.lengthOf(1)
    prober.stop()
    await Promise.allSettled(answers)
  })

  it('tells of each probe whether it was answered', async () => {
    const probed: boolean[] = []
    const prober = createProber({ onProbed: (ms, answered) => { probed.push(answered) } })
    const answers = contacts(2).map(async peer => prober.probe(peer))
    asked[0].answer()
    await answers[0]
    asked[1].fail()
    await answers[1]

    expect(probed).to.deep.equal([true, false])
  })

  describe('that is stopped', () => {
    it('ends what is under way and what waits, and says to all that nobody was there', async () => {
      const prober = createProber()
      const answers = contacts(8).map(async peer => prober.probe(peer))
      prober.stop()

      expect(prober.pending).to.equal(0)
      expect(asked.every(({ options }) => options.signal?.aborted === true)).to.equal(true)
      expect(await Promise.all(answers)).to.deep.equal(answers.map(() => false))
      expect(asked).to.have.lengthOf(OPTIONS.concurrency)
    })

    it('leaves no rejection that nobody handles, which would end the process', async () => {
      const unhandled: unknown[] = []
      const listeners = process.listeners('unhandledRejection')
      const listen = (error: unknown): void => { unhandled.push(error) }
      process.removeAllListeners('unhandledRejection')
      process.on('unhandledRejection', listen)

      try {
        const prober = createProber()
        contacts(8).forEach(peer => { void prober.probe(peer) })
        prober.stop()
        await quiet()
      } finally {
        process.removeListener('unhandledRejection', listen)
        listeners.forEach(listener => { process.on('unhandledRejection', listener) })
      }

      expect(unhandled).to.deep.equal([])
    })

    it('can be used again, for the same peers too', async () => {
      const prober = createProber()
      const before = contacts(8).map(async peer => prober.probe(peer))
      prober.stop()
      await Promise.allSettled(before)
      const again = prober.probe(contact(0))
      expect(asked).to.have.lengthOf(OPTIONS.concurrency + 1)
      expect(prober.pending).to.equal(1)
      asked[OPTIONS.concurrency].answer()
      expect(await again).to.equal(true)
    })
  })
})
