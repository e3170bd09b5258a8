// Peers that are longer than any honest one, in messages as long as they may be.

import { expect } from 'aegir/chai'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { decodeContacts } from '../../src/query/contact.ts'
import { Message, Peer } from '../../src/wire/dht.ts'
import { MAX_ADDRESS, MAX_ADDRESSES, MAX_ADDRESSES_COUNTED, MAX_MESSAGE_READ, MAX_PEER_READ } from '../../src/wire/limits.ts'
import { decodeReply, decodeRequest, encodeRequest, MessageType } from '../../src/wire/message.ts'
import { decodePeers, encodePeer } from '../../src/wire/peer.ts'
import { addresses, contact, hashedId } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import type { WirePeer } from '../../src/wire/peer.ts'

const KEY = bytes('content')
const REQUEST = encodeRequest({ type: MessageType.GET_PROVIDERS, key: KEY })
const HONEST = contact(1_000, '/ip4/1.2.3.4/tcp/4001')

/** Serialised with all the addresses, as no honest peer would be. */
function longPeer (i: number, addrs: Uint8Array[]): Uint8Array {
  return Peer.encode({ id: Uint8Array.from(hashedId(i)), addrs: addrs.map(addr => Uint8Array.from(addr)), connection: 0 })
}

/** The same with addresses of no bytes, written by hand, for there are so many: field 2 and its length, 0. */
function emptyAddresses (i: number, count: number): Uint8Array {
  return uint8ArrayConcat([longPeer(i, []), new Uint8Array(2 * count).map((_, at) => at % 2 === 0 ? 0x12 : 0)])
}

/** So many addresses of so many bytes, which say nothing. */
function junk (count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(length))
}

function reply (providers: Uint8Array[], record?: Uint8Array): Uint8Array {
  return Message.encode({
    type: MessageType.GET_PROVIDERS,
    key: Uint8Array.from(KEY),
    closer: [],
    providers: providers.map(provider => Uint8Array.from(provider)),
    record: record == null ? undefined : Uint8Array.from(record)
  })
}

function idsOf (peers: WirePeer[]): string[] {
  return peers.map(({ id }) => id)
}

describe('a peer that is very long', () => {
  const honest = encodePeer(HONEST.multihash, HONEST.addrs)

  it('is passed over with more addresses than 256, and the others of the message are read', () => {
    const peers = [longPeer(1, junk(MAX_ADDRESSES_COUNTED + 1, 0)), longPeer(2, junk(MAX_ADDRESSES_COUNTED + 1, 8)), honest]

    expect(idsOf(decodePeers(peers, 10))).to.deep.equal([HONEST.id])
  })

  it('is passed over with more bytes than 20 KiB, and the others of the message are read', () => {
    const peers = [longPeer(1, junk(1, MAX_PEER_READ)), longPeer(2, junk(40, MAX_ADDRESS)), honest]

    expect(idsOf(decodePeers(peers, 10))).to.deep.equal([HONEST.id])
  })

  it('is read with as many addresses as are counted, the first 32 of them', () => {
    const addrs = addresses(MAX_ADDRESSES_COUNTED)
    const [peer] = decodePeers([longPeer(1, addrs)], 1)

    expect(peer.addrs).to.deep.equal(addrs.slice(0, MAX_ADDRESSES))
  })

  it('is read with as many addresses as are used, of the longest', () => {
    const addrs = junk(MAX_ADDRESSES, MAX_ADDRESS)
    const [peer] = decodePeers([longPeer(1, addrs)], 1)

    expect(peer.addrs).to.deep.equal(addrs)
  })

  for (const count of [1, 40]) {
    it(`leaves nothing of itself where ${count} fill a whole message with addresses of no bytes, but the honest one beside them is found`, () => {
      const each = Math.floor((MAX_MESSAGE_READ - 8_000) / 2 / count) - 40
      const wire = reply([...Array.from({ length: count }, (_, i) => emptyAddresses(i, each)), honest])

      expect(wire.byteLength).to.be.within(0.9 * MAX_MESSAGE_READ, MAX_MESSAGE_READ)
      expect(idsOf(decodeContacts(decodeReply(wire, REQUEST).providers, 100))).to.deep.equal([HONEST.id])
    })
  }
})

describe('a peer of a very long message', () => {
  const filler = new Uint8Array(MAX_MESSAGE_READ - 10_000)

  function expectFree (peers: WirePeer[], of: number): void {
    expect(peers).to.have.lengthOf(of)

    for (const { multihash, addrs } of peers) {
      expect(multihash.buffer.byteLength).to.be.at.most(MAX_PEER_READ)
      addrs.forEach(addr => { expect(addr.buffer.byteLength).to.be.at.most(MAX_PEER_READ) })
    }
  }

  it('keeps no more of it than itself: neither its id nor its addresses hold the buffer of a reply', () => {
    const named = Array.from({ length: 20 }, (_, i) => contact(i, '/ip4/1.2.3.4/tcp/4001'))
    const wire = reply(named.map(({ multihash, addrs }) => encodePeer(multihash, addrs)), filler)

    expectFree(decodePeers(decodeReply(wire, REQUEST).providers, 100), 20)
  })

  it('keeps no more of it than itself: neither its id nor its addresses hold the buffer of a request', () => {
    const wire = Message.encode({ type: MessageType.ADD_PROVIDER, key: Uint8Array.from(KEY), closer: [], providers: [Uint8Array.from(encodePeer(HONEST.multihash, HONEST.addrs)), filler] })

    expectFree(decodePeers(decodeRequest(wire).providers, 100), 1)
  })
})
