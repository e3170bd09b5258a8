import { expect } from 'aegir/chai'
import { keyOf } from '../../src/kademlia/key.ts'
import { EventTypes } from '../../src/query/events.ts'
import { QueryManager } from '../../src/query/manager.ts'
import { QueryEvents } from '../../src/query/query-events.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { UndialableError } from '../../src/wire/client.ts'
import { encodeRequest, MessageType } from '../../src/wire/message.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { contact } from '../helpers/contacts.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { ids, sortedTruth } from '../helpers/peer-keys.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { QueryEvent } from '../../src/query/events.ts'
import type { Query, QueryNetwork } from '../../src/query/manager.ts'
import type { EncodedRequest, Message } from '../../src/wire/message.ts'
import type { Clock } from '../helpers/false-time.ts'

const K = 4
const KEY = Uint8Array.of(1, 2, 3)
const SELF = contact(0)
const SLOW_AFTER = SECOND

/** Nearest first. The first two are dead, the third is named only to those who ask for the neighbours of another. */
const [DEAD, GONE, HIDDEN, ...ALIVE] = sortedTruth(Array.from({ length: 9 }, (_, i) => contact(i + 1, `/ip4/10.0.0.${i + 1}/tcp/4001`)), keyOf(KEY))

interface Sent {
  to: string
  request: EncodedRequest
  signal?: AbortSignal
}

/** What one says when asked for the neighbours of another; without it it says nothing, ever. */
type AnswerAround = (to: Contact, request: EncodedRequest) => Message | Error | undefined

/** A network in which whoever lives names the dead and all that live, and asked for the neighbours of another the hidden one. */
class FakeNetwork implements QueryNetwork {
  readonly self = SELF.id
  readonly sent: Sent[] = []
  readonly silent: string[] = []
  readonly lookups: string[][] = []
  /** requests that have come to nothing yet */
  waiting = 0
  readonly #answerAround: AnswerAround

  constructor (answerAround: AnswerAround = (to, request) => reply(request, [HIDDEN])) {
    this.#answerAround = answerAround
  }

  /** The requests for the neighbours of another than the key. */
  get around (): Sent[] {
    return this.sent.filter(({ request }) => request.key !== KEY)
  }

  closest (): Contact[] {
    return [DEAD, GONE, ...ALIVE]
  }

  expected (): undefined {}

  slowAfter (): number {
    return SLOW_AFTER
  }

  overdueAfter (): number {
    return SLOW_AFTER
  }

  onSilent ({ id }: Contact): void {
    this.silent.push(id)
  }

  async firstPeer (): Promise<void> {}

  onLookup (target: unknown, closest: Contact[]): void {
    this.lookups.push(ids(closest))
  }

  async request (to: Contact, request: EncodedRequest, { signal }: { signal?: AbortSignal }): Promise<Message> {
    this.sent.push({ to: to.id, request, signal })
    const answer = this.#answer(to, request)

    if (answer instanceof Error) {
      throw answer
    }

    return answer ?? this.#never(signal)
  }

  #answer (to: Contact, request: EncodedRequest): Message | Error | undefined {
    if (to.id === DEAD.id || to.id === GONE.id) {
      return new Error('no answer')
    }

    return request.key === KEY ? reply(request, [DEAD, GONE, ...ALIVE]) : this.#answerAround(to, request)
  }

  async #never (signal?: AbortSignal): Promise<never> {
    this.waiting++

    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.waiting--
        reject(signal.reason)
      })
    })
  }
}

function reply ({ type, key }: EncodedRequest, closer: Contact[]): Message {
  return { type, key, closer: closer.map(({ multihash, addrs }) => encodePeer(multihash, addrs)), providers: [] }
}

function createManager (network: QueryNetwork): QueryManager {
  const manager = new QueryManager({ k: K, alpha: 3, disjointPaths: 1, maxQueries: 1, maxAsked: 100, firstPeerTimeout: 0 }, network)
  manager.start()

  return manager
}

function query (type: MessageType, rest: Partial<Query> = {}): Query {
  return { key: KEY, request: encodeRequest({ type, key: KEY }), signal: new AbortController().signal, ...rest }
}

describe('a lookup over the wire that asks around', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  for (const type of [MessageType.FIND_NODE, MessageType.GET_VALUE, MessageType.GET_PROVIDERS]) {
    it(`asks for the neighbours of another peer by its multihash and with FIND_NODE, in one of ${type}`, async () => {
      const network = new FakeNetwork()
      const { closest, messages } = await createManager(network).run(query(type))
      const multihashes = [DEAD, HIDDEN, ...ALIVE].map(({ multihash }) => [...multihash])

      expect(network.around.length).to.be.above(0)
      network.around.forEach(({ request }) => {
        expect(request.type).to.equal(MessageType.FIND_NODE)
        expect(multihashes).to.deep.include([...request.key])
        expect(request.bytes).to.deep.equal(encodeRequest({ type: MessageType.FIND_NODE, key: request.key }).bytes)
      })
      expect(network.sent.filter(sent => !network.around.includes(sent)).every(({ request }) => request.type === type)).to.equal(true)
      expect(messages).to.equal(network.sent.length)
      expect(ids(closest)).to.deep.equal(ids([HIDDEN, ...ALIVE].slice(0, K)))
      expect(network.lookups).to.deep.equal([ids(closest)])
    })
  }

  it('asks nobody for its own neighbours', async () => {
    const network = new FakeNetwork()
    await createManager(network).run(query(MessageType.FIND_NODE))
    const multihashes = new Map([DEAD, HIDDEN, ...ALIVE].map(({ id, multihash }) => [id, [...multihash]]))

    network.around.forEach(({ to, request }) => { expect([...request.key]).to.not.deep.equal(multihashes.get(to)) })
  })

  it('gives the caller the answers to its own request alone, one of each peer', async () => {
    const network = new FakeNetwork()
    const replies: Message[] = []
    const from: string[] = []
    await createManager(network).run(query(MessageType.GET_VALUE, {
      onReply: ({ id }, reply) => {
        replies.push(reply)
        from.push(id)

        return false
      }
    }))

    expect(network.around.length).to.be.above(0)
    expect(replies.every(({ type, key }) => type === MessageType.GET_VALUE && key === KEY)).to.equal(true)
    expect(from).to.have.lengthOf(new Set(from).size)
    expect(from).to.include(HIDDEN.id)
  })

  it('is not ended by what somebody answers about another, whatever the caller would say to it', async () => {
    const network = new FakeNetwork()
    const { closest } = await createManager(network).run(query(MessageType.GET_VALUE, { onReply: (from, { type }) => type === MessageType.FIND_NODE }))

    expect(ids(closest)).to.include(HIDDEN.id)
  })

  it('tells of such a request as of a FIND_NODE, and of all others as what they are', async () => {
    const network = new FakeNetwork()
    const events: QueryEvent[] = []
    await createManager(network).run(query(MessageType.GET_PROVIDERS, { events: new QueryEvents(event => { events.push(event) }, passthroughMapper) }))
    const sent = events.flatMap(event => event.type === EventTypes.SEND_QUERY ? [event] : [])
    const answered = events.flatMap(event => event.type === EventTypes.PEER_RESPONSE ? [event] : [])

    expect(sent.map(({ messageName }) => messageName)).to.deep.equal(network.sent.map(({ request }) => request.type))
    expect(sent.filter(({ messageName }) => messageName === 'FIND_NODE')).to.have.lengthOf(network.around.length)
    expect(answered.filter(({ messageName }) => messageName === 'FIND_NODE')).to.have.lengthOf(network.around.length)
    expect(answered.filter(({ messageName }) => messageName === 'FIND_NODE').every(({ closer }) => closer.length === 1)).to.equal(true)
    expect(sent.map(({ path }) => path.total)).to.deep.equal(sent.map((_, i) => i + 1))
  })

  for (const [what, error] of [['fails', new Error('reset')], ['has no address any more', new UndialableError('gone')]] as const) {
    it(`still counts a peer among the nearest that ${what} when it is asked for the neighbours of another`, async () => {
      const network = new FakeNetwork(() => error)
      const { closest } = await createManager(network).run(query(MessageType.FIND_NODE))

      expect(network.around.length).to.be.above(0)
      expect(ids(closest)).to.deep.equal(ids(ALIVE.slice(0, K)))
      expect(network.silent).to.deep.equal([])
    })
  }

  it('does not take a peer for silent that never says anything about another, and waits for it no longer than its slot lasts', async () => {
    const network = new FakeNetwork(() => undefined)
    const started = Date.now()
    const done = createManager(network).run(query(MessageType.FIND_NODE)).then(result => ({ ...result, took: Date.now() - started }))
    await clock.tickAsync(30 * SLOW_AFTER)
    const { closest, took } = await done

    expect(ids(closest)).to.deep.equal(ids(ALIVE.slice(0, K)))
    expect(network.silent).to.deep.equal([])
    // three at a time
    expect(took).to.equal(Math.ceil(network.around.length / 3) * SLOW_AFTER)
    expect(network.waiting).to.equal(0)
  })

  it('names nobody that the caller wants avoided, though another names it', async () => {
    const network = new FakeNetwork()
    const { closest } = await createManager(network).run(query(MessageType.FIND_NODE, { avoid: ({ id }) => id === HIDDEN.id }))

    expect(network.around.length).to.be.above(0)
    expect(network.sent.map(({ to }) => to)).to.not.include(HIDDEN.id)
    expect(ids(closest)).to.deep.equal(ids(ALIVE.slice(0, K)))
  })

  for (const how of ['is aborted', 'is ended with the node'] as const) {
    it(`leaves nothing when it ${how} while it asks around`, async () => { await endInTheMiddle(how === 'is aborted') })
  }

  async function endInTheMiddle (isAborted: boolean): Promise<void> {
    const network = new FakeNetwork(() => undefined)
    const manager = createManager(network)
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const outcome = manager.run(query(MessageType.GET_VALUE, { signal: controller.signal })).then(() => 'done', (error: Error) => error.message)
    await clock.tickAsync(1)
    expect(network.waiting).to.be.above(0)
    expect(manager.running).to.equal(1)
    expect(listeners()).to.be.above(0)

    if (isAborted) {
      controller.abort(new Error('enough of it'))
    } else {
      manager.stop()
    }

    await clock.tickAsync(0)
    expect(await outcome).to.equal(isAborted ? 'enough of it' : 'The DHT was stopped')
    expect(network.waiting).to.equal(0)
    expect(manager.running).to.equal(0)
    expect(listeners()).to.equal(0)
    expect(clock.countTimers()).to.equal(0)

    const { length } = network.sent
    await clock.tickAsync(10 * SLOW_AFTER)
    expect(network.sent).to.have.lengthOf(length)
    expect(network.silent).to.deep.equal([])
    expect(network.lookups).to.deep.equal([])
  }

  it('leaves nothing when the caller has what it wanted while it asks around', async () => {
    const network = new FakeNetwork((to, request) => to.id === ALIVE[0].id ? undefined : reply(request, [HIDDEN]))
    const manager = createManager(network)
    const { closest } = await manager.run(query(MessageType.GET_VALUE, { onReply: ({ id }) => id === HIDDEN.id }))

    expect(ids(closest)).to.include(HIDDEN.id)
    expect(network.waiting).to.equal(0)
    expect(manager.running).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
    expect(network.sent.every(({ signal }) => signal?.aborted)).to.equal(true)
  })

  it('waits for what the caller finds in a reply, however long that takes, and takes its peer for no silent one', async () => {
    const network = new FakeNetwork()
    let found = 0
    const done = createManager(network).run(query(MessageType.GET_VALUE, {
      onReply: async ({ id }) => {
        if (id === ALIVE[0].id) {
          await new Promise<void>(resolve => { setTimeout(resolve, 5 * SLOW_AFTER) })
          found++
        }

        return false
      }
    }))
    await clock.tickAsync(10 * SLOW_AFTER)
    const { closest } = await done

    expect(found).to.equal(1)
    expect(ids(closest)).to.include(ALIVE[0].id)
    expect(network.silent).to.deep.equal([])
  })

  it('rejects when something goes wrong inside, instead of never ending', async () => {
    const network = new FakeNetwork()
    network.slowAfter = () => { throw new Error('nobody knows') }
    const outcome = createManager(network).run(query(MessageType.GET_VALUE)).then(() => 'done', (error: Error) => error.message)
    await clock.tickAsync(SLOW_AFTER)

    expect(await outcome).to.equal('nobody knows')
  })
})
