import { expect } from 'aegir/chai'
import { resolveConfig } from '../src/config.ts'
import { parseNetwork } from '../src/network-description.ts'
import { hashedId, inlinedId, peerIdOf } from './helpers/contacts.ts'

const ID = peerIdOf(inlinedId(1)).toString()
const OTHER = peerIdOf(hashedId(2)).toString()
const ADDRESS = '/ip4/1.2.3.4/tcp/4001'

const NETWORK = {
  name: 'my network',
  protocol: '/my/kad/1.0.0',
  k: 10,
  seeds: [{ id: ID, addresses: [ADDRESS, '/dns4/node.example/tcp/4001'] }, { id: OTHER, addresses: ['/ip6/2a01:4f8::1/tcp/4001'] }]
}

function parse (network: unknown): ReturnType<typeof parseNetwork> {
  return parseNetwork(JSON.stringify(network))
}

describe('the description of a network', () => {
  it('gives the options of a node that joins', () => {
    expect(parse(NETWORK)).to.deep.equal({
      name: 'my network',
      init: {
        protocol: '/my/kad/1.0.0',
        kBucketSize: 10,
        seeds: [`${ADDRESS}/p2p/${ID}`, `/dns4/node.example/tcp/4001/p2p/${ID}`, `/ip6/2a01:4f8::1/tcp/4001/p2p/${OTHER}`]
      }
    })
  })

  it('gives options that a node takes', () => {
    const config = resolveConfig(parse(NETWORK).init)

    expect(config).to.include({ k: 10, protocol: '/my/kad/1.0.0' })
    expect(config.seeds).to.have.lengthOf(2)
  })

  it('needs neither k, which is the usual one then, nor seeds, as for the first node', () => {
    const { init } = parse({ name: 'x', protocol: '/x/1' })

    expect(init).to.deep.equal({ protocol: '/x/1', seeds: [] })
    expect(resolveConfig(init).k).to.equal(20)
    expect(parse({ ...NETWORK, seeds: [] }).init.seeds).to.deep.equal([])
  })

  it('takes addresses with the id at their end as well', () => {
    expect(parse({ ...NETWORK, seeds: [{ id: ID, addresses: [`${ADDRESS}/p2p/${ID}`] }] }).init.seeds).to.deep.equal([`${ADDRESS}/p2p/${ID}`])
  })

  it('takes addresses behind a relay', () => {
    const relayed = `${ADDRESS}/p2p/${OTHER}/p2p-circuit`

    expect(parse({ ...NETWORK, seeds: [{ id: ID, addresses: [relayed] }] }).init.seeds).to.deep.equal([`${relayed}/p2p/${ID}`])
  })

  function refuses (name: string, json: string, says: RegExp): void {
    it(`is refused, with what is right, when ${name}`, () => {
      expect(() => parseNetwork(json)).to.throw(says).with.property('name', 'InvalidParametersError')
    })
  }

  for (const json of ['', '{', 'name: x', '{ "name": "x", }', 'undefined']) {
    refuses(`it is no JSON: ${json}`, json, /no JSON/)
  }

  for (const json of ['null', '5', '"x"', 'true', '[]', JSON.stringify([NETWORK])]) {
    refuses(`it is no object: ${json.slice(0, 20)}`, json, /JSON object with name, protocol, k and seeds/)
  }

  function refusesOther (name: string, change: object, says: RegExp): void {
    refuses(name, JSON.stringify({ ...NETWORK, ...change }), says)
  }

  for (const name of [undefined, null, '', 5, ['x']]) {
    refusesOther(`the name is ${JSON.stringify(name)}`, { name }, /"name"/)
  }

  for (const protocol of [undefined, null, '', '/', 'kad', '/kad/', 5]) {
    refusesOther(`the protocol is ${JSON.stringify(protocol)}`, { protocol }, /"protocol".*"\/my\/kad\/1\.0\.0"/)
  }

  for (const k of [null, 0, -1, 1.5, '20', true, 2 ** 60]) {
    refusesOther(`k is ${JSON.stringify(k)}`, { k }, /"k" is a whole number from 1, not \S/)
  }

  for (const seeds of [null, {}, ADDRESS]) {
    refusesOther(`the seeds are ${JSON.stringify(seeds)}`, { seeds }, /"seeds" is a list of { "id"/)
  }

  // the first one is right
  function refusesSeed (seed: unknown, says: RegExp): void {
    refusesOther(`a seed is ${JSON.stringify(seed)}`, { seeds: [{ id: OTHER, addresses: [ADDRESS] }, seed] }, new RegExp(`"seeds", number 2.*${says.source}`))
  }

  for (const seed of [ADDRESS, null, 5, [], {}, { id: ID }, { id: ID, addresses: [] }, { id: ID, addresses: ADDRESS }, { id: 5, addresses: [ADDRESS] }, { addresses: [ADDRESS] }]) {
    refusesSeed(seed, /{ "id": .*"addresses": \[/)
  }

  refusesSeed({ id: 'nobody', addresses: [ADDRESS] }, /nobody/)
  refusesSeed({ id: 'no(body', addresses: [ADDRESS] }, /no\(body/)
  refusesSeed({ id: ID, addresses: [[ADDRESS]] }, /address/)
  refusesSeed({ id: '', addresses: [ADDRESS] }, /id/)
  refusesSeed({ id: ID, addresses: [ADDRESS, 5] }, /address/)
  refusesSeed({ id: ID, addresses: ['example.com:4001'] }, /example\.com:4001/)
  refusesSeed({ id: ID, addresses: [''] }, /address/)
  refusesSeed({ id: ID, addresses: [`${ADDRESS}/p2p/${OTHER}`] }, new RegExp(`another.*|.*${OTHER}`))
  refusesOther('it has something else', { bootstrap: [] }, /no "bootstrap".*name, protocol, k, seeds/)
  refuses('it would change how objects are', '{ "name": "x", "protocol": "/x/1", "__proto__": { "k": 1 } }', /no "__proto__"/)
})
