import { expect } from 'aegir/chai'
import { askEach } from '../../../src/providers/find/ask-each.ts'
import { encodeRequest, MessageType } from '../../../src/wire/message.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { countListeners } from '../../helpers/count-listeners.ts'
import { falseTime, SECOND } from '../../helpers/false-time.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { AbortOptions } from '@libp2p/interface'

const REQUEST = encodeRequest({ type: MessageType.GET_PROVIDERS, key: bytes('content') })
const PEERS = Array.from({ length: 25 }, (_, i) => contact(i + 1))

describe('asking each of some peers', () => {
  let clock: Clock
  let asked: Contact[]
  let running: number
  let most: number
  let ended: number
  let behave: (to: Contact) => void

  beforeEach(() => {
    clock = falseTime()
    asked = []
    running = most = ended = 0
    behave = () => {}
  })
  afterEach(() => { clock.restore() })

  async function send (to: Contact, _: unknown, { signal }: AbortOptions): Promise<any> {
    asked.push(to)
    most = Math.max(most, ++running)

    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, SECOND)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          ended++
          reject(signal.reason)
        })
      })
      behave(to)

      return { type: MessageType.GET_PROVIDERS, key: REQUEST.key, closer: [], providers: [] }
    } finally {
      running--
    }
  }

  it('asks all of them, ten at once, and passes over those that fail', async () => {
    const replied: string[] = []
    behave = to => {
      if (to === PEERS[3]) {
        throw new Error('it failed')
      }
    }
    const done = askEach(PEERS, REQUEST, { send, signal: new AbortController().signal, onReply: async from => { replied.push(from.id); return false } })
    await clock.tickAsync(5 * SECOND)
    await done
    expect(asked).to.have.members(PEERS)
    expect(most).to.equal(10)
    expect(replied).to.have.members(PEERS.filter((_, i) => i !== 3).map(({ id }) => id))
  })

  it('ends all that is under way when it is enough, and asks nobody else', async () => {
    const done = askEach(PEERS, REQUEST, { send, signal: new AbortController().signal, onReply: async from => from === PEERS[12] })
    await clock.tickAsync(5 * SECOND)
    await done
    expect(asked).to.have.lengthOf.within(20, 22)
    expect(running).to.equal(0)
    expect(ended).to.be.above(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('ends when the caller has enough, and leaves no listener', async () => {
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const done = askEach(PEERS, REQUEST, { send, signal: controller.signal, onReply: async () => false })
    setTimeout(() => { controller.abort(new Error('enough')) }, 500)
    await Promise.all([expect(done).to.eventually.be.rejectedWith('enough'), clock.tickAsync(SECOND)])
    expect(asked).to.have.lengthOf(10)
    expect(running).to.equal(0)
    expect(listeners()).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('has nothing to do where there is nobody', async () => {
    await askEach([], REQUEST, { send, signal: new AbortController().signal, onReply: async () => true })
    expect(asked).to.deep.equal([])
  })
})
