import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { AutoMode, modeFor } from '../src/auto-mode.ts'
import { hashedId, peerIdOf } from './helpers/contacts.ts'
import { falseTime, MINUTE, SECOND, START } from './helpers/false-time.ts'
import type { ModeName } from '../src/auto-mode.ts'
import type { Clock } from './helpers/false-time.ts'

const PEER = peerIdOf(hashedId(1)).toString()
const PUBLIC = [multiaddr('/ip4/1.2.3.4/tcp/4001')]
const PRIVATE = [multiaddr('/ip4/192.168.1.1/tcp/4001')]

describe('the mode for a node\'s addresses', () => {
  for (const [mode, name, ...addresses] of [
    ['client', 'there are none'],
    ['client', 'all are private', '/ip4/192.168.1.1/tcp/1', '/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', '/ip6/fe80::1/tcp/1', '/dns4/localhost/tcp/1'],
    ['client', 'others come through a relay', `/ip4/8.8.8.8/tcp/1/p2p/${PEER}/p2p-circuit`, `/ip4/8.8.8.8/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`],
    ['client', 'others come by WebRTC, which begins at a relay', `/ip4/8.8.8.8/tcp/1/p2p/${PEER}/p2p-circuit/webrtc`, `/dns4/relay.example/tcp/443/tls/ws/p2p/${PEER}/p2p-circuit/webrtc/p2p/${PEER}`],
    ['server', 'one is public', '/ip4/192.168.1.1/tcp/1', '/ip4/1.2.3.4/tcp/4001'],
    ['server', 'one is public beside a relayed one', `/ip4/8.8.8.8/tcp/1/p2p/${PEER}/p2p-circuit`, `/ip6/2a01:4f8::1/udp/1/quic-v1/p2p/${PEER}`],
    ['server', 'a name leads to it', '/dns4/node.example/tcp/443/tls/ws']
  ]) {
    it(`is ${mode} when ${name}`, () => {
      expect(modeFor(addresses.map(address => multiaddr(address)))).to.equal(mode)
    })
  }
})

describe('a mode that is left to the node', () => {
  let clock: Clock
  let changes: Array<{ mode: ModeName, at: number }>
  let auto: AutoMode
  /** whether libp2p refuses to register the protocol */
  let refuses: boolean

  beforeEach(() => {
    clock = falseTime()
    changes = []
    refuses = false
    auto = new AutoMode('client', async mode => {
      changes.push({ mode, at: Date.now() - START })

      if (refuses) {
        throw new Error('refused')
      }
    }, defaultLogger().forComponent('test'))
  })

  afterEach(() => {
    auto.stop()
    clock.restore()
  })

  function modes (): ModeName[] {
    return changes.map(({ mode }) => mode)
  }

  it('changes at once when a public address is confirmed, and when it is lost', () => {
    auto.onAddresses(PUBLIC)
    expect(modes()).to.deep.equal(['server'])
    auto.onAddresses([])
    expect(modes()).to.deep.equal(['server', 'client'])
  })

  it('does not change for addresses that make no difference', () => {
    auto.onAddresses(PRIVATE)
    auto.onAddresses([])
    auto.onAddresses(PUBLIC)
    auto.onAddresses([...PUBLIC, ...PRIVATE])
    auto.onAddresses([multiaddr('/ip4/5.6.7.8/tcp/1')])

    expect(modes()).to.deep.equal(['server'])
    expect(clock.countTimers()).to.equal(0)
  })

  it('changes for the third time in a minute only when the first one is a minute ago', async () => {
    auto.onAddresses(PUBLIC)
    await clock.tickAsync(10 * SECOND)
    auto.onAddresses(PRIVATE)
    await clock.tickAsync(10 * SECOND)
    auto.onAddresses(PUBLIC)
    expect(modes()).to.deep.equal(['server', 'client'])

    await clock.tickAsync(MINUTE)
    expect(changes).to.deep.equal([{ mode: 'server', at: 0 }, { mode: 'client', at: 10 * SECOND }, { mode: 'server', at: MINUTE }])
  })

  it('is in the end what the last addresses say, whatever came before', async () => {
    for (const addresses of [PUBLIC, PRIVATE, PUBLIC, PRIVATE, PUBLIC, PRIVATE, PUBLIC]) {
      auto.onAddresses(addresses)
      await clock.tickAsync(SECOND)
    }

    expect(modes()).to.deep.equal(['server', 'client'])
    await clock.tickAsync(MINUTE)
    expect(modes()).to.deep.equal(['server', 'client', 'server'])
  })

  it('stays as it is when what would have changed it is over before its turn', async () => {
    for (const addresses of [PUBLIC, PRIVATE, PUBLIC, PRIVATE]) {
      auto.onAddresses(addresses)
    }

    expect(clock.countTimers()).to.equal(0)
    await clock.tickAsync(10 * MINUTE)
    expect(modes()).to.deep.equal(['server', 'client'])
  })

  it('never changes more than twice in any minute, however its addresses come and go', async () => {
    for (let i = 0; i < 1_000; i++) {
      auto.onAddresses(i % 2 === 0 ? PUBLIC : PRIVATE)
      await clock.tickAsync(i % 7 * 900)
    }

    expect(changes.length).to.be.above(20)
    expect(changes.every(({ at }, i) => i < 2 || at - changes[i - 2].at >= MINUTE)).to.equal(true)
    expect(changes.every(({ mode }, i) => mode === (i % 2 === 0 ? 'server' : 'client'))).to.equal(true)
  })

  it('changes at once again after a quiet minute', async () => {
    auto.onAddresses(PUBLIC)
    auto.onAddresses(PRIVATE)
    await clock.tickAsync(MINUTE)
    auto.onAddresses(PUBLIC)
    auto.onAddresses(PRIVATE)

    expect(modes()).to.deep.equal(['server', 'client', 'server', 'client'])
  })

  it('changes no more after the stop, and leaves no timer', async () => {
    for (const addresses of [PUBLIC, PRIVATE, PUBLIC]) {
      auto.onAddresses(addresses)
    }

    expect(clock.countTimers()).to.equal(1)
    auto.stop()
    auto.stop()
    expect(clock.countTimers()).to.equal(0)
    await clock.tickAsync(10 * MINUTE)
    expect(modes()).to.deep.equal(['server', 'client'])
  })

  it('tries again each minute when libp2p refuses, until it does not', async () => {
    refuses = true
    auto.onAddresses(PUBLIC)
    await clock.tickAsync(2 * MINUTE + SECOND)
    refuses = false
    await clock.tickAsync(10 * MINUTE)

    expect(changes).to.deep.equal([0, 1, 2, 3].map(minute => ({ mode: 'server', at: minute * MINUTE })))
    expect(clock.countTimers()).to.equal(0)
  })

  it('tries no more what libp2p refused when the addresses do not call for it any more', async () => {
    refuses = true
    auto.onAddresses(PUBLIC)
    await clock.tickAsync(SECOND)
    auto.onAddresses(PRIVATE)
    await clock.tickAsync(10 * MINUTE)

    expect(modes()).to.deep.equal(['server'])
    expect(clock.countTimers()).to.equal(0)
  })

  it('does not take back a later change when an earlier one is refused', async () => {
    refuses = true
    auto.onAddresses(PUBLIC)
    refuses = false
    auto.onAddresses(PRIVATE)
    await clock.tickAsync(10 * MINUTE)

    expect(modes()).to.deep.equal(['server', 'client'])
  })

  it('tries no more what libp2p refused after the stop', async () => {
    refuses = true
    auto.onAddresses(PUBLIC)
    auto.stop()
    await clock.tickAsync(10 * MINUTE)

    expect(modes()).to.deep.equal(['server'])
    expect(clock.countTimers()).to.equal(0)
  })
})
