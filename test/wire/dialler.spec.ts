import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { Dialler } from '../../src/wire/dialler.ts'
import { contact } from '../helpers/contacts.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { turn, until } from '../helpers/turns.ts'
import type { DiallerNetwork } from '../../src/wire/dialler.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { Connection, Stream } from '@libp2p/interface'

const IDLE = 60 * SECOND
const PEER = contact(1, '/ip4/192.0.2.1/tcp/1')

interface Dial {
  addresses: string[]
  succeed (connection?: Partial<Connection>): Connection
  fail (error?: Error): void
}

interface Test {
  dialler: Dialler
  dials: Dial[]
  /** those there are to anyone */
  connections: Connection[]
  connect (peer?: typeof PEER, signal?: AbortSignal): Promise<Connection>
}

function createDialler (network: Partial<DiallerNetwork> = {}, maxDials = 25): Test {
  const dials: Dial[] = []
  const connections: Connection[] = []
  const dialler = new Dialler({ maxDials, idleConnection: IDLE }, {
    connections: () => connections,
    addresses: async () => [],
    dial: async (addresses, { signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<Connection>()
      signal?.addEventListener('abort', () => { reject(signal.reason) })
      dials.push({
        addresses: addresses.map(addr => addr.toString()),
        succeed: connection => {
          const opened = createConnection(connection)
          resolve(opened)

          return opened
        },
        fail: error => { reject(error ?? new Error('connection refused')) }
      })

      return promise
    },
    mapper: passthroughMapper,
    keeps: async () => false,
    ...network
  })

  return {
    dialler,
    dials,
    connections,
    connect: async (peer = PEER, signal = new AbortController().signal) => dialler.connect(peer, { signal, onDial: () => {} })
  }
}

function createConnection (init: Partial<Connection> = {}): Connection {
  const connection = {
    status: 'open',
    direction: 'outbound',
    streams: [],
    close: async () => { connection.status = 'closed' },
    abort: () => { connection.status = 'aborted' },
    ...init
  } as unknown as { -readonly [K in keyof Connection]: Connection[K] }

  return connection
}

async function nameOf (promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'connected', (error: Error) => error.name)
}

describe('the dialler', () => {
  let clock: Clock

  beforeEach(() => {
    clock = falseTime()
  })

  afterEach(() => {
    clock.restore()
  })

  it('dials so many peers at once, the others in turn, and those who have left not at all', async () => {
    const { connect, dials, dialler } = createDialler({}, 2)
    const controller = new AbortController()
    const all = [1, 2, 3, 4].map(async i => connect(contact(i, `/ip4/192.0.2.${i}/tcp/1`), i === 3 ? controller.signal : undefined).catch(() => {}))
    await until(() => dialler.dials.waiting === 2)
    controller.abort()
    expect(dialler.dials).to.deep.equal({ open: 2, waiting: 1 })
    dials[0].fail()
    await until(() => dials.length === 3)
    expect(dials[2].addresses[0]).to.include('192.0.2.4')
    dials.slice(1).forEach(({ succeed }) => { succeed() })
    await Promise.all(all)
    expect(dialler.dials).to.deep.equal({ open: 0, waiting: 0 })
  })

  it('does not dial a peer again that it has just failed to reach, and says so', async () => {
    const { connect, dials } = createDialler()
    const failed = nameOf(connect())
    await until(() => dials.length === 1)
    dials[0].fail()
    expect(await failed).to.equal('Error')
    clock.tick(1_000)

    const error = await connect().catch((error: Error) => error) as Error
    expect(error.name).to.equal('RecentlyFailedDialError')
    expect(error.message).to.include('1000 ms ago')
    expect(dials).to.have.lengthOf(1)
  })

  it('does so before the table asks again, and later with each failure in a row', async () => {
    const { connect, dials } = createDialler()
    // the table's back-off, `kademlia/parameters.ts`
    for (const [i, backoff] of [5, 10, 20].entries()) {
      const failed = nameOf(connect())
      await until(() => dials.length === i + 1)
      dials[i].fail()
      expect(await failed).to.equal('Error')
      clock.tick(backoff * SECOND / 2)
      expect(await nameOf(connect())).to.equal('RecentlyFailedDialError')
      clock.tick(backoff * SECOND / 2)
    }
  })

  it('dials it at once under an address that is new, and uses a connection that came from it', async () => {
    const { connect, connections, dials } = createDialler()
    const failed = nameOf(connect())
    await until(() => dials.length === 1)
    dials[0].fail()
    await failed
    const again = nameOf(connect(contact(1, '/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.7/tcp/1')))
    await until(() => dials.length === 2)
    dials[1].fail()
    await again

    const inbound = createConnection({ direction: 'inbound' })
    connections.push(inbound)
    expect(await connect()).to.equal(inbound)
    connections.length = 0
    // it was there a moment ago
    const third = nameOf(connect())
    await until(() => dials.length === 3)
    dials[2].succeed()
    expect(await third).to.equal('connected')
  })

  it('holds nothing against a peer when a dial is given up early, but does when nothing was heard for long', async () => {
    const { connect, dials } = createDialler()

    for (const [i, ms] of [500, 3_000].entries()) {
      const controller = new AbortController()
      const given = nameOf(connect(PEER, controller.signal))
      await until(() => dials.length === i + 1)
      clock.tick(ms)
      controller.abort()
      expect(await given).to.equal('AbortError')
    }

    expect(await nameOf(connect())).to.equal('RecentlyFailedDialError')
  })

  it("holds nothing against a peer when libp2p's own queue of dials is full", async () => {
    const { connect, dials } = createDialler()
    const failed = nameOf(connect())
    await until(() => dials.length === 1)
    dials[0].fail(Object.assign(new Error('Dial queue is full'), { name: 'DialError' }))
    expect(await failed).to.equal('DialError')
    void connect()
    await until(() => dials.length === 2)
  })

  /** Three looks, each after everything has had its time. */
  async function sweep ({ dialler }: Test): Promise<void> {
    for (let i = 0; i < 3; i++) {
      clock.tick(IDLE)
      dialler.sweep()
      await turn()
    }
  }

  describe('closes a connection that it has opened and nobody needs', () => {
    async function opened (test: Test, init?: Partial<Connection>): Promise<Connection> {
      const connecting = test.connect()
      await until(() => test.dials.length === 1)
      const connection = test.dials[0].succeed(init)
      await connecting
      test.connections.push(connection)

      return connection
    }

    it('after it was unused for long enough, and no sooner', async () => {
      const test = createDialler()
      const connection = await opened(test)
      clock.tick(IDLE - 1)
      test.dialler.sweep()
      await turn()
      expect(connection.status).to.equal('open')
      await test.connect()
      clock.tick(IDLE - 1)
      test.dialler.sweep()
      await turn()
      expect(connection.status).to.equal('open')
      clock.tick(1)
      test.dialler.sweep()
      await until(() => connection.status === 'closed')
    })

    for (const [what, network, init] of [
      ['others want it', { keeps: async () => true }, {}],
      ['it cannot be found out whether others want it', { keeps: async () => Promise.reject(new Error('the store is closed')) }, {}],
      ['someone talks on it', {}, { streams: [{} as Stream] }],
      ['the other side has opened it', {}, { direction: 'inbound' }]
    ] as Array<[string, Partial<DiallerNetwork>, Partial<Connection>]>) {
      it(`but not when ${what}`, async () => {
        const test = createDialler(network)
        const connection = await opened(test, init)
        await sweep(test)

        expect(connection.status).to.equal('open')
      })
    }

    it('but not when it is used while that is found out', async () => {
      const asked = Promise.withResolvers<boolean>()
      const test = createDialler({ keeps: async () => asked.promise })
      const connection = await opened(test)
      clock.tick(IDLE)
      test.dialler.sweep()
      clock.tick(1)
      await test.connect()
      asked.resolve(false)
      await turn()
      expect(connection.status).to.equal('open')
    })
  })

  it('asks nobody for addresses that it has not', async () => {
    expect(await nameOf(createDialler().connect(contact(1)))).to.equal('UndialableError')
    expect(await nameOf(createDialler({ addresses: async () => [multiaddr('/ip4/192.0.2.1/tcp/1')] }, 0).connect(contact(1), AbortSignal.abort(new Error('enough'))))).to.equal('Error')
  })
})
