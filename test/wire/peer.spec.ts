import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { keyOf } from '../../src/kademlia/key.ts'
import { contactFromPeerId, contactFromString, decodeContacts } from '../../src/query/contact.ts'
import { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from '../../src/wire/address-mappers.ts'
import { Peer } from '../../src/wire/dht.ts'
import { MAX_ADDRESS, MAX_ADDRESSES, MAX_PEER } from '../../src/wire/limits.ts'
import { encodePeer, isPeerMultihash, parseAddresses, toPeerId, toPeerInfo } from '../../src/wire/peer.ts'
import { address, addresses, contact, contactOf, hashedId, inlinedId, peerIdOf } from '../helpers/contacts.ts'
import { check } from '../helpers/random.ts'

const RELAY = peerIdOf(hashedId(100)).toString()
/** `/tcp/` with a port, and then a protocol that does not exist */
const UNKNOWN_PROTOCOL = Uint8Array.of(0x06, 0x0f, 0xa1, 0xff, 0xff, 0x03)
/** `/ip4/` that ends after two bytes */
const TRUNCATED = Uint8Array.of(0x04, 127, 0)

function parsed (multihash: Uint8Array, addrs: Uint8Array[]): string[] {
  return parseAddresses(contactOf(multihash, addrs)).map(String)
}

function rawPeer (id: Uint8Array, addrs: Uint8Array[] = []): Uint8Array {
  return Peer.encode({ id: Uint8Array.from(id), addrs: addrs.map(addr => Uint8Array.from(addr)) })
}

describe('a contact', () => {
  for (const [kind, multihash] of [['a hashed', hashedId(1)], ['an inlined', inlinedId(1)]] as const) {
    it(`of ${kind} key keeps its id on the way to libp2p and back`, () => {
      const peer = peerIdOf(multihash)
      const one = contactOf(multihash)

      expect(toPeerId(one).equals(peer)).to.equal(true)
      expect(contactFromPeerId(peer)).to.deep.equal({ ...one, addrs: [] })
      expect(contactFromString(peer.toString()).id).to.equal(one.id)
      expect(one.key).to.deep.equal(keyOf(multihash))
    })
  }

  it('has an id of its own for each multihash', () => {
    const ids = new Set(Array.from({ length: 500 }, (_, i) => [contactOf(hashedId(i)).id, contactOf(inlinedId(i)).id]).flat())

    expect(ids.size).to.equal(1_000)
  })

  it('has the id of a peer id that is written as a CID, too', () => {
    const { id } = contactFromPeerId(peerIdOf(hashedId(1)))

    expect(contactFromString(peerIdOf(hashedId(1)).toCID().toString()).id).to.equal(id)
  })

  it('is not made of what is no peer id', () => {
    expect(() => contactFromString('nobody')).to.throw(Error)
  })
})

describe('the multihash of a peer', () => {
  it('is a sha2-256 or an inlined key, whole and with nothing after it', () => {
    expect(isPeerMultihash(hashedId(1))).to.equal(true)
    expect(isPeerMultihash(inlinedId(1))).to.equal(true)
  })

  for (const [what, bytes] of [
    ['nothing', new Uint8Array(0)],
    ['an empty inlined key', Uint8Array.of(0, 0)],
    ['a sha2-256 that is cut short', hashedId(1).subarray(0, 33)],
    ['a sha2-256 and one byte more', Uint8Array.from([...hashedId(1), 0])],
    ['a short sha2-256', Uint8Array.from([0x12, 20, ...new Uint8Array(20)])],
    ['a sha1', Uint8Array.from([0x11, 20, ...new Uint8Array(20)])],
    ['a sha2-512', Uint8Array.from([0x13, 64, ...new Uint8Array(64)])],
    ['an inlined key that is too long', Uint8Array.from([0, 43, ...new Uint8Array(43)])],
    ['a CID', peerIdOf(hashedId(1)).toCID().bytes]
  ] as const) {
    it(`is not ${what}`, () => {
      expect(isPeerMultihash(bytes)).to.equal(false)
    })
  }
})

describe('peers that come in', () => {
  it('are read in order, the first so many of them', () => {
    const peers = Array.from({ length: 50 }, (_, i) => rawPeer(hashedId(i), addresses(2)))

    expect(decodeContacts(peers, 7).map(({ id }) => id)).to.deep.equal(Array.from({ length: 7 }, (_, i) => contactOf(hashedId(i)).id))
    expect(decodeContacts(peers, 100)).to.have.lengthOf(50)
    expect(decodeContacts(peers, 0)).to.have.lengthOf(0)
  })

  it('are passed over alone when they are malformed, or have no id that could be one', () => {
    const good = [rawPeer(hashedId(1)), rawPeer(inlinedId(2), addresses(1))]
    const bad = [new Uint8Array(0), Uint8Array.of(0xff), rawPeer(Uint8Array.of(1, 2, 3)), rawPeer(hashedId(3)).subarray(0, 20), rawPeer(new Uint8Array(0), addresses(1))]
    const contacts = decodeContacts([bad[0], good[0], ...bad, good[1], ...bad], 10)

    expect(contacts.map(({ id }) => id)).to.deep.equal([contactOf(hashedId(1)).id, contactOf(inlinedId(2)).id])
    expect(contacts[1].addrs).to.have.lengthOf(1)
  })

  it('may say of their connection what they like', () => {
    for (const connection of [0, 1, 2, 3, 4_000_000_000]) {
      const peer = Peer.encode({ id: Uint8Array.from(hashedId(1)), addrs: [], connection })
      expect(decodeContacts([peer], 1)).to.have.lengthOf(1)
    }
  })

  it('cost no more work than a few for each that is wanted, however many are malformed', () => {
    let read = 0
    const peers = new Proxy(Array.from({ length: 60_000 }, () => Uint8Array.of(0xff)), {
      get: (target, name, receiver) => {
        read += typeof name === 'string' && /^\d+$/.test(name) ? 1 : 0
        return Reflect.get(target, name, receiver)
      }
    })

    decodeContacts(peers, 40)

    expect(read).to.be.below(4_000)
  })
})

describe("a peer's addresses", () => {
  it('are parsed each alone: a bad one does no harm to the others', () => {
    expect(parsed(hashedId(1), [address('/ip4/1.2.3.4/tcp/1'), UNKNOWN_PROTOCOL, new Uint8Array(0), TRUNCATED, address('/dns4/example.com/tcp/443/wss')]))
      .to.deep.equal(['/ip4/1.2.3.4/tcp/1', '/dns4/example.com/tcp/443/wss'])
  })

  it('come each once', () => {
    expect(parsed(hashedId(1), [address('/ip4/1.2.3.4/tcp/1'), address('/ip4/1.2.3.4/tcp/1')])).to.have.lengthOf(1)
  })

  for (const [kind, multihash] of [['hashed', hashedId(1)], ['inlined', inlinedId(1)]] as const) {
    it(`lose the peer's own id at their end, a ${kind} one`, () => {
      const own = peerIdOf(multihash).toString()

      expect(parsed(multihash, [address(`/ip4/1.2.3.4/tcp/1/p2p/${own}`), address('/ip4/1.2.3.4/tcp/1')])).to.deep.equal(['/ip4/1.2.3.4/tcp/1'])
    })

    it(`are dropped when they end in another peer's id, a ${kind} one`, () => {
      expect(parsed(hashedId(9), [address(`/ip4/1.2.3.4/tcp/1/p2p/${peerIdOf(multihash).toString()}`)])).to.deep.equal([])
    })
  }

  it('over a relay keep the id of the relay, with the own id after it or without', () => {
    const own = peerIdOf(hashedId(1)).toString()
    const relayed = `/ip4/1.2.3.4/tcp/1/p2p/${RELAY}/p2p-circuit`

    expect(parsed(hashedId(1), [address(relayed)])).to.deep.equal([relayed])
    expect(parsed(hashedId(1), [address(`${relayed}/p2p/${own}`)])).to.deep.equal([relayed])
    expect(parsed(hashedId(1), [address(`${relayed}/p2p/${peerIdOf(hashedId(2)).toString()}`)])).to.deep.equal([])
  })

  it('that are nothing but the own id are no addresses: to dial one would ask the DHT for the peer', () => {
    expect(parsed(hashedId(1), [address(`/p2p/${peerIdOf(hashedId(1)).toString()}`)])).to.deep.equal([])
  })

  it('beyond all reason in length are passed over', () => {
    const name = new Array(20).fill('a'.repeat(50)).join('.')

    expect(address(`/dns4/${name}/tcp/1`).byteLength).to.be.above(MAX_ADDRESS)
    expect(parsed(hashedId(1), [address(`/dns4/${name}/tcp/1`), address('/ip4/1.2.3.4/tcp/1')])).to.deep.equal(['/ip4/1.2.3.4/tcp/1'])
  })

  it('pass the mapper on their way to libp2p', () => {
    const one = contact(1, '/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.1/tcp/1', '/ip4/8.8.8.8/tcp/1', '/ip6/fe80::1/tcp/1')
    const addrs = (mapper: typeof passthroughMapper): string[] => toPeerInfo(one, mapper).multiaddrs.map(String)

    expect(addrs(removePrivateAddressesMapper)).to.deep.equal(['/ip4/8.8.8.8/tcp/1'])
    expect(addrs(removePublicAddressesMapper)).to.deep.equal(['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.1/tcp/1', '/ip6/fe80::1/tcp/1'])
    expect(addrs(passthroughMapper)).to.have.lengthOf(4)
  })
})

describe('a peer that goes out', () => {
  it('comes in as it was', () => {
    check(fc.property(fc.nat(), fc.nat(MAX_ADDRESSES), fc.boolean(), (i, count, connected) => {
      const encoded = encodePeer(hashedId(i), addresses(count), connected)
      const [{ id, addrs }] = decodeContacts([encoded], 1)

      expect(id).to.equal(contactOf(hashedId(i)).id)
      expect(addrs.map(addr => [...addr])).to.deep.equal(addresses(count).map(addr => [...addr]))
      expect(Peer.decode(encoded).connection).to.equal(connected ? 1 : 0)
    }), 100)
  })

  it('is at most 8 KiB: trailing addresses are dropped, the id never', () => {
    check(fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 60 }), lengths => {
      const addrs = lengths.map(length => new Uint8Array(length).fill(1))
      const encoded = encodePeer(hashedId(1), addrs)
      const peer = Peer.decode(encoded)

      expect(encoded.byteLength).to.be.at.most(MAX_PEER)
      expect(peer.id).to.equalBytes(hashedId(1))
      expect(peer.addrs.map(addr => addr.byteLength)).to.deep.equal(lengths.slice(0, peer.addrs.length))
    }), 100)
  })

  it('keeps as many addresses as can be', () => {
    const encoded = encodePeer(hashedId(1), Array.from({ length: 20 }, () => new Uint8Array(1_000)))

    expect(Peer.decode(encoded).addrs).to.have.lengthOf(8)
  })
})
