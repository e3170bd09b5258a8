import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { parseSeeds } from '../src/parse-seeds.ts'
import { hashedId, inlinedId, peerIdOf } from './helpers/contacts.ts'

const PEER = peerIdOf(inlinedId(1)).toString()
const OTHER = peerIdOf(hashedId(2)).toString()

/** Each seed's id and addresses. */
function parse (...seeds: unknown[]): Array<[string, string[]]> {
  return parseSeeds('seeds', seeds).map(({ id, multiaddrs }) => [id.toString(), multiaddrs.map(String)])
}

function errorOf (seeds: unknown): Error {
  try {
    parseSeeds('seeds', seeds)
  } catch (error: any) {
    return error
  }

  throw new Error('they were taken')
}

describe('seeds', () => {
  it('are multiaddrs with the id of whom to expect there, as text or parsed', () => {
    expect(parse(`/ip4/1.2.3.4/tcp/4001/p2p/${PEER}`, multiaddr(`/ip6/2a01:4f8::1/udp/4001/quic-v1/p2p/${OTHER}`))).to.deep.equal([
      [PEER, ['/ip4/1.2.3.4/tcp/4001']],
      [OTHER, ['/ip6/2a01:4f8::1/udp/4001/quic-v1']]
    ])
  })

  it('may be names', () => {
    expect(parse(`/dnsaddr/bootstrap.example/p2p/${PEER}`)).to.deep.equal([[PEER, ['/dnsaddr/bootstrap.example']]])
  })

  it('may be behind a relay', () => {
    const relayed = `/ip4/1.2.3.4/tcp/4001/p2p/${OTHER}/p2p-circuit`

    expect(parse(`${relayed}/p2p/${PEER}`)).to.deep.equal([[PEER, [relayed]]])
  })

  it('are one for all addresses of a peer, in the order in which they are given', () => {
    expect(parse(`/ip4/1.2.3.4/tcp/1/p2p/${PEER}`, `/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`, `/ip4/5.6.7.8/tcp/2/p2p/${PEER}`)).to.deep.equal([
      [PEER, ['/ip4/1.2.3.4/tcp/1', '/ip4/5.6.7.8/tcp/2']],
      [OTHER, ['/ip4/1.2.3.4/tcp/1']]
    ])
  })

  it('may be none', () => {
    expect(parse()).to.deep.equal([])
  })

  it('are a list', () => {
    for (const seeds of [null, 5, {}, true, `/ip4/1.2.3.4/tcp/1/p2p/${PEER}`, new Set()]) {
      expect(errorOf(seeds)).to.include({ name: 'InvalidParametersError' }).and.to.have.property('message').that.matches(/^The option seeds takes a list of multiaddrs, not \S/)
    }
  })

  for (const [name, seed] of [
    ['is empty', ''],
    ['is no address', 'example.com:4001'],
    ['is of no protocol that we know', `/ip9/1.2.3.4/tcp/1/p2p/${PEER}`],
    ['has no port', `/ip4/1.2.3.4/tcp/p2p/${PEER}`],
    ['says nobody to expect', '/ip4/1.2.3.4/tcp/4001'],
    ['says nobody behind the relay', `/ip4/1.2.3.4/tcp/4001/p2p/${OTHER}/p2p-circuit`],
    ['ends in no peer id', '/ip4/1.2.3.4/tcp/4001/p2p/nobody'],
    ['has no address', `/p2p/${PEER}`],
    ['names two peers for one place', `/ip4/1.2.3.4/tcp/4001/p2p/${OTHER}/p2p/${PEER}`],
    ['is a number', 4001],
    ['is null', null],
    ['is undefined', undefined],
    ['is an object', { id: PEER }],
    ['is an object without a text', Object.create(null)],
    ['is a symbol', Symbol('seed')],
    ['is a list', [`/ip4/1.2.3.4/tcp/4001/p2p/${PEER}`, 5]]
  ] as Array<[string, unknown]>) {
    it(`are refused with a word on which one it was, and on how they look, when one ${name}`, () => {
      const { name, message } = errorOf([`/ip4/1.2.3.4/tcp/1/p2p/${OTHER}`, seed])

      expect(name).to.equal('InvalidParametersError')
      expect(message).to.contain('seeds[1]').and.to.contain('/p2p/<peer id>').and.to.match(/not \S/)

      if (typeof seed === 'string') {
        expect(message).to.contain(JSON.stringify(seed))
      }
    })
  }
})
