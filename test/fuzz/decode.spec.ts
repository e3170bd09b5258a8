// Whatever bytes come in, what reads them gives an answer or an Error, soon, and keeps no more than it was given.

import { expect } from 'aegir/chai'
import { decodeContacts } from '../../src/query/contact.ts'
import { removePrivateAddressesMapper } from '../../src/wire/address-mappers.ts'
import { FrameReader } from '../../src/wire/frame.ts'
import { MAX_MESSAGE_READ } from '../../src/wire/limits.ts'
import { decodeReply, decodeRequest, encodeMessage, encodeRequest, MessageType } from '../../src/wire/message.ts'
import { encodePeer, parseAddresses, toPeerInfo } from '../../src/wire/peer.ts'
import { decodeRecord, encodeRecord } from '../../src/wire/record.ts'
import { address, hashedId, inlinedId, peerIdOf } from '../helpers/contacts.ts'
import { pick, randomBytes, randomNumbers, SEED } from '../helpers/random.ts'

const KEY = Uint8Array.of(1, 2, 3, 4)
const REQUEST = encodeRequest({ type: MessageType.GET_PROVIDERS, key: KEY })
const ADDRESSES = [
  '/ip4/1.2.3.4/tcp/4001', '/ip6/2001:db8::1/udp/4001/quic-v1', '/dns4/example.com/tcp/443/wss', '/ip6zone/eth0/ip6/fe80::1/tcp/1', '/unix/tmp%2Fsocket',
  `/ip4/1.2.3.4/tcp/1/p2p/${peerIdOf(hashedId(7)).toString()}/p2p-circuit`, `/ip4/1.2.3.4/tcp/1/p2p/${peerIdOf(hashedId(1)).toString()}`,
  '/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g', '/memory/test', '/dnsaddr/bootstrap.libp2p.io', '/ip4/10.0.0.1/ipcidr/8'
].map(address)
const PEERS = [encodePeer(hashedId(1), ADDRESSES, true), encodePeer(inlinedId(2), ADDRESSES.slice(0, 2)), encodePeer(hashedId(3), [])]
const RECORD = encodeRecord({ key: KEY, value: randomBytes(randomNumbers(1), 50), timeReceived: 1_700_000_000_000, publisher: hashedId(1), ttl: 99 })

/** A message without the length before it. */
function messageOf (type: MessageType): Uint8Array {
  const framed = encodeMessage({ type, key: KEY, record: RECORD, closer: PEERS.slice(1), providers: PEERS.slice(1) })

  return framed.subarray(2)
}

/** Bytes that are nearly what they were: some changed, taken out, doubled, or cut off. */
function mutate (bytes: Uint8Array, random: () => number): Uint8Array {
  const result = [...bytes]

  for (let changes = 1 + pick(random, 4); changes > 0; changes--) {
    const at = pick(random, result.length + 1)
    const kind = pick(random, 7)

    if (kind === 0) {
      result[at] = pick(random, 256)
    } else if (kind === 1 && result.length > 0) {
      result[at % result.length] ^= 1 << pick(random, 8)
    } else if (kind === 2) {
      result.splice(at, 1 + pick(random, 8))
    } else if (kind === 3) {
      result.splice(at, 0, ...randomBytes(random, 1 + pick(random, 8)))
    } else if (kind === 4) {
      result.length = at
    } else if (kind === 5) {
      result.splice(at, 0, ...result.slice(at, at + pick(random, 60)))
    } else if (result.length > 0) {
      result[at % result.length] = [0x00, 0x7f, 0x80, 0xff][pick(random, 4)]
    }
  }

  return Uint8Array.from(result)
}

/** Reads each of many mutations, and returns how many were refused; anything but an Error fails. */
function attack (runs: number, whole: Uint8Array[], read: (bytes: Uint8Array) => void): number {
  const random = randomNumbers(SEED)
  let refused = 0

  for (let i = 0; i < runs; i++) {
    const bytes = pick(random, 10) === 0 ? randomBytes(random, pick(random, 100)) : mutate(whole[pick(random, whole.length)], random)

    try {
      read(bytes)
    } catch (error) {
      refused++

      if (!(error instanceof Error)) {
        throw new Error(`${String(error)} was thrown for ${bytes.join()}`)
      }
    }
  }

  return refused
}

/** What is done with the peers of a message. */
function readPeers (peers: Uint8Array[]): void {
  for (const contact of decodeContacts(peers, 40)) {
    const before = contact.addrs.length
    let parsed

    try {
      parsed = parseAddresses(contact)
    } catch (error) {
      throw new TypeError(`parseAddresses threw ${String(error)} for ${contact.addrs.map(addr => `[${addr.join()}]`).join()}`)
    }

    expect(parsed.length).to.be.at.most(before)

    try {
      toPeerInfo(contact, peer => peer)
    } catch {
      // the multihash of no key, of which no peer id can be made: it is told by an error
      continue
    }

    // addresses of any kind pass the mapper, too
    toPeerInfo(contact, removePrivateAddressesMapper)
  }
}

describe('bytes of any kind', () => {
  it('as a request are refused with an Error, or read', () => {
    const refused = attack(35_000, Object.values(MessageType).filter(type => typeof type === 'string').map(messageOf), bytes => { decodeRequest(bytes) })

    expect(refused).to.be.within(1_000, 34_000)
  })

  it('as a reply are refused with an Error, or read', () => {
    const refused = attack(35_000, [messageOf(MessageType.GET_PROVIDERS)], bytes => { decodeReply(bytes, REQUEST) })

    expect(refused).to.be.within(1_000, 34_000)
  })

  it('as a record are refused with an Error, or read', () => {
    const refused = attack(20_000, [RECORD], bytes => {
      const { timeReceived, publisher } = decodeRecord(bytes)
      expect(timeReceived == null || Number.isFinite(timeReceived)).to.equal(true)
      expect(publisher == null || publisher.byteLength > 2).to.equal(true)
    })

    expect(refused).to.be.within(1_000, 19_000)
  })

  it('as peers and addresses are never refused: what cannot be read does not exist', () => {
    expect(attack(10_000, PEERS, bytes => { readPeers([bytes]) })).to.equal(0)
  })

  it('as the address of a peer are parsed, or passed over', () => {
    expect(attack(10_000, ADDRESSES, bytes => { readPeers([encodePeer(hashedId(1), [bytes])]) })).to.equal(0)
  })

  it('on a stream are cut into frames within the limit, or refused', () => {
    const limit = 1_000
    const whole = Uint8Array.from([...REQUEST.bytes, ...REQUEST.bytes, ...encodeMessage({ type: MessageType.PING })])
    const refused = attack(10_000, [whole], bytes => {
      const reader = new FrameReader(limit)
      let read = 0
      let longest = 0

      for (let at = 0; at < bytes.byteLength; at += 7) {
        reader.push(bytes.subarray(at, at + 7))

        for (let frame = reader.next(); frame != null; frame = reader.next()) {
          read += 1 + frame.byteLength
          longest = Math.max(longest, frame.byteLength)
        }
      }

      expect(longest).to.be.at.most(limit)
      expect(read).to.be.at.most(bytes.byteLength)
      expect(reader.pending).to.be.at.most(bytes.byteLength)
    })

    expect(refused).to.be.within(100, 9_000)
  })

  it('nested as deep as a message is long are refused with an Error', () => {
    expect(() => decodeRequest(new Uint8Array(MAX_MESSAGE_READ).fill(0x7b))).to.throw(Error)
    expect(() => decodeRecord(new Uint8Array(MAX_MESSAGE_READ).fill(0x7b))).to.throw(Error)
    expect(decodeContacts([new Uint8Array(MAX_MESSAGE_READ).fill(0x7b)], 1)).to.deep.equal([])
  })

  it('of 4 MiB full of empty peers are given up at a limit that has nothing to do with their length', () => {
    const bytes = new Uint8Array(MAX_MESSAGE_READ)
    let read = 0

    for (let i = 0; i < bytes.byteLength; i += 2) {
      bytes[i] = 0x42
    }

    class Counted extends Error {}

    expect(() => {
      decodeReply(bytes, { ...REQUEST, get type (): MessageType { throw new Counted('it was read to its end') } })
    }).to.throw(Error).that.is.not.an.instanceOf(Counted)

    // of a message that is within the limit, no more is read than is used
    const peers = Array.from({ length: 1_000 }, () => PEERS[0])
    const watched = new Proxy(peers, {
      get: (target, name, receiver) => {
        read++
        return Reflect.get(target, name, receiver)
      }
    })

    expect(decodeContacts(watched, 40)).to.have.lengthOf(40)
    expect(read).to.be.below(200)
  })
})
