// Senders whose entry in ADD_PROVIDER is longer than any honest one, or comes again and again.

import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { Senders } from '../../../src/providers/store/senders.ts'
import { removePrivateAddressesMapper } from '../../../src/wire/address-mappers.ts'
import { Peer } from '../../../src/wire/dht.ts'
import { MAX_PEER, MAX_PEER_READ, MAX_REQUEST_PEERS } from '../../../src/wire/limits.ts'
import { address, addresses, contact } from '../../helpers/contacts.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

const FROM = contact(1)
const REMOTE: Multiaddr = multiaddr('/ip4/1.2.3.4/tcp/4001')
const USABLE = address('/ip4/1.2.3.4/tcp/4001')

function entry (addrs: Uint8Array[]): Uint8Array {
  return Peer.encode({ id: Uint8Array.from(FROM.multihash), addrs: addrs.map(addr => Uint8Array.from(addr)), connection: 0 })
}

/** An entry of that many bytes, with one address that may be used. */
function entryOf (length: number): Uint8Array {
  const filler = length - entry([USABLE, new Uint8Array(length)]).byteLength + length

  return entry([USABLE, new Uint8Array(filler)])
}

describe('the entry that a sender has of itself', () => {
  let parsed: number
  let senders: Senders

  beforeEach(() => {
    parsed = 0
    senders = new Senders({
      mapper: peer => {
        parsed++

        return removePrivateAddressesMapper(peer)
      }
    })
  })

  it('is remembered while it is no longer than what is sent: it is read once', () => {
    expect(entryOf(MAX_PEER)).to.have.lengthOf(MAX_PEER)
    const first = senders.of(FROM, [entryOf(MAX_PEER)], REMOTE)

    expect(senders.of(FROM, [entryOf(MAX_PEER)], REMOTE)).to.equal(first)
    expect(parsed).to.equal(1)
  })

  it('is not remembered when it is longer than that, though it is read', () => {
    const first = senders.of(FROM, [entryOf(MAX_PEER + 1)], REMOTE)

    expect(first.id).to.equal(FROM.id)
    expect(senders.of(FROM, [entryOf(MAX_PEER + 1)], REMOTE)).to.not.equal(first)
    expect(parsed).to.equal(2)
  })

  it('is not read when it is over 20 KiB', () => {
    expect(entryOf(MAX_PEER_READ)).to.have.lengthOf(MAX_PEER_READ)
    expect(senders.of(FROM, [entryOf(MAX_PEER_READ)], REMOTE).id).to.equal(FROM.id)
    expect(() => senders.of(FROM, [entryOf(MAX_PEER_READ + 1)], REMOTE)).to.throw().with.property('name', 'InvalidMessageError')
    expect(parsed).to.equal(1)
  })

  it('has the addresses of four of its kind parsed, however many come in one message', () => {
    const useless = entry(addresses(32))

    expect(() => senders.of(FROM, Array.from({ length: MAX_REQUEST_PEERS }, () => useless), REMOTE)).to.throw().with.property('name', 'InvalidMessageError')
    expect(parsed).to.be.within(1, 4)
  })
})
