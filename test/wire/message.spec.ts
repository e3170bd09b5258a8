import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Message as MessageCodec, Peer } from '../../src/wire/dht.ts'
import { FrameReader } from '../../src/wire/frame.ts'
import { MAX_MESSAGE_READ, MAX_MESSAGE_SENT, MAX_REPLY_PEERS, MAX_REQUEST_PEERS } from '../../src/wire/limits.ts'
import { decodeReply, decodeRequest, encodeMessage, encodeRequest, MessageType } from '../../src/wire/message.ts'
import { encodedPeers } from '../helpers/contacts.ts'
import { check } from '../helpers/random.ts'
import type { Message, OutgoingMessage } from '../../src/wire/message.ts'

const KEY = Uint8Array.of(1, 2, 3)
const TYPES = Object.values(MessageType).filter(type => typeof type === 'string')

/** The bytes of a message without its length prefix. */
function bytesOf (message: OutgoingMessage): Uint8Array {
  const reader = new FrameReader(MAX_MESSAGE_READ)
  reader.push(encodeMessage(message))

  return reader.next() ?? new Uint8Array(0)
}

/** The same, untrimmed: what a peer that keeps no limit sends. */
function rawBytesOf (message: OutgoingMessage): Uint8Array {
  return MessageCodec.encode(message as Partial<MessageCodec>)
}

function addressCounts (peers: Uint8Array[]): number[] {
  return peers.map(peer => Peer.decode(peer).addrs.length)
}

const anyBytes = fc.uint8Array({ maxLength: 60 })
const anyMessage: fc.Arbitrary<Message> = fc.record({
  type: fc.constantFrom(...TYPES),
  key: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  record: fc.option(fc.uint8Array({ minLength: 0, maxLength: 200 }), { nil: undefined }),
  closer: fc.array(anyBytes, { maxLength: 20 }),
  providers: fc.array(anyBytes, { maxLength: 20 })
})

describe('a message', () => {
  it('comes out of its encoding as it went in, as a request and as a reply', () => {
    check(fc.property(anyMessage, message => {
      const bytes = bytesOf(message)

      for (const decoded of [decodeRequest(bytes), decodeReply(bytes, encodeRequest(message))]) {
        expect(decoded.type).to.equal(message.type)
        expect(decoded.key).to.equalBytes(message.key)
        expect(decoded.record == null ? undefined : [...decoded.record]).to.deep.equal(message.record == null ? undefined : [...message.record])
        expect(decoded.closer.map(peer => [...peer])).to.deep.equal(message.closer.map(peer => [...peer]))
        expect(decoded.providers.map(peer => [...peer])).to.deep.equal(message.providers.map(peer => [...peer]))
      }
    }), 300)
  })

  it('has the bytes that other implementations give it', () => {
    // FIND_NODE (4) for the key 01 02 03, with the length before it
    expect(encodeMessage({ type: MessageType.FIND_NODE, key: KEY })).to.deep.equal(Uint8Array.of(7, 0x08, 4, 0x12, 3, 1, 2, 3))
    // PUT_VALUE is 0, which proto3 leaves out
    expect(encodeMessage({ type: MessageType.PUT_VALUE, key: KEY })).to.deep.equal(Uint8Array.of(5, 0x12, 3, 1, 2, 3))
  })

  it('has the bytes that its codec gives it', () => {
    check(fc.property(anyMessage, message => {
      expect(bytesOf(message)).to.deep.equal(rawBytesOf(message))
    }))
  })

  it('may have fields that nobody reads, such as clusterLevelRaw', () => {
    const bytes = Uint8Array.from([...bytesOf({ type: MessageType.FIND_NODE, key: KEY }), 0x50, 9, 0xfa, 0x7f, 2, 1, 1])

    expect(decodeRequest(bytes).key).to.equalBytes(KEY)
  })
})

describe('a request', () => {
  const withKey = (type: MessageType, length: number): Uint8Array => rawBytesOf({ type, key: new Uint8Array(length).fill(1) })

  for (const [type, most] of [
    [MessageType.FIND_NODE, 1024], [MessageType.GET_VALUE, 1024], [MessageType.PUT_VALUE, 1024],
    [MessageType.ADD_PROVIDER, 80], [MessageType.GET_PROVIDERS, 80]
  ] as const) {
    it(`${type} has a key of 1 to ${most} bytes`, () => {
      expect(decodeRequest(withKey(type, 1)).key).to.have.lengthOf(1)
      expect(decodeRequest(withKey(type, most)).key).to.have.lengthOf(most)
      expect(() => decodeRequest(withKey(type, 0))).to.throw().with.property('name', 'InvalidMessageError')
      expect(() => decodeRequest(withKey(type, most + 1))).to.throw().with.property('name', 'InvalidMessageError')
    })
  }

  it('PING needs no key', () => {
    expect(decodeRequest(withKey(MessageType.PING, 0)).type).to.equal(MessageType.PING)
  })

  it('PING has no long key either: it would be echoed, in a reply over the limit of what is sent', () => {
    expect(() => decodeRequest(withKey(MessageType.PING, MAX_MESSAGE_SENT))).to.throw().with.property('name', 'InvalidMessageError')
  })

  it('of a type that does not exist is refused', () => {
    expect(() => decodeRequest(Uint8Array.of(0x08, 6, 0x12, 1, 1))).to.throw(Error)
    expect(() => decodeRequest(Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x12, 1, 1))).to.throw(Error)
  })

  it('that is cut off anywhere but between fields is refused', () => {
    const bytes = rawBytesOf({ type: MessageType.PUT_VALUE, key: KEY, record: new Uint8Array(9), closer: [KEY] })
    // after the key, and after the record
    const whole = [5, 16, bytes.byteLength]

    for (let length = 0; length < bytes.byteLength; length++) {
      if (!whole.includes(length)) {
        expect(() => decodeRequest(bytes.subarray(0, length)), `${length} bytes`).to.throw(Error)
      }
    }
  })

  it('has no more than a few hundred peers', () => {
    const peers = (count: number): Uint8Array[] => new Array(count).fill(KEY)

    for (const field of ['closer', 'providers']) {
      const request = (count: number): Uint8Array => rawBytesOf({ type: MessageType.ADD_PROVIDER, key: KEY, [field]: peers(count) })

      expect(() => decodeRequest(request(MAX_REQUEST_PEERS))).to.not.throw()
      expect(() => decodeRequest(request(MAX_REQUEST_PEERS + 1))).to.throw(Error)
    }
  })

  it('stops to be read at the limit, not at its end', () => {
    // two million empty peers in 4 MiB
    const bytes = new Uint8Array(MAX_MESSAGE_READ)
    bytes.fill(0)

    for (let i = 0; i < bytes.byteLength; i += 2) {
      bytes[i] = 0x42
    }

    expect(() => decodeRequest(bytes)).to.throw(Error)
    expect(() => decodeReply(bytes, encodeRequest({ type: MessageType.PUT_VALUE, key: KEY }))).to.throw(Error)
  })
})

describe('a reply', () => {
  const request = encodeRequest({ type: MessageType.GET_PROVIDERS, key: KEY })

  it('of another type than the request is refused', () => {
    for (const type of TYPES.filter(type => type !== MessageType.GET_PROVIDERS)) {
      expect(() => decodeReply(bytesOf({ type, key: KEY }), request)).to.throw().with.property('name', 'InvalidMessageError')
    }
  })

  it('for another key than the request is refused', () => {
    for (const key of [Uint8Array.of(1, 2), Uint8Array.of(1, 2, 4), Uint8Array.of(1, 2, 3, 0)]) {
      expect(() => decodeReply(bytesOf({ type: MessageType.GET_PROVIDERS, key }), request)).to.throw().with.property('name', 'InvalidMessageError')
    }
  })

  it('need not say its key', () => {
    expect(decodeReply(bytesOf({ type: MessageType.GET_PROVIDERS }), request).key).to.have.lengthOf(0)
  })

  it('may have many more peers than are used', () => {
    const closer = new Array(MAX_REPLY_PEERS).fill(new Uint8Array(0))

    expect(decodeReply(rawBytesOf({ type: MessageType.GET_PROVIDERS, key: KEY, closer }), request).closer).to.have.lengthOf(MAX_REPLY_PEERS)
  })

  it('that is empty or no message is refused', () => {
    // nothing at all is a PUT_VALUE with nothing in it
    expect(() => decodeReply(new Uint8Array(0), request)).to.throw(Error)
    expect(() => decodeReply(new Uint8Array(20).fill(0xff), request)).to.throw(Error)
  })
})

describe('a message that would be too long', () => {
  it('is never over 16 KiB, and keeps its record, its key and its type', () => {
    check(fc.property(fc.nat(300), fc.nat(300), fc.nat(32), fc.nat(32), fc.integer({ min: 0, max: 16_000 }), (closer, providers, closerAddrs, providerAddrs, recordLength) => {
      const record = new Uint8Array(recordLength).fill(7)
      const message = { type: MessageType.GET_PROVIDERS, key: KEY, record, closer: encodedPeers(closer, closerAddrs), providers: encodedPeers(providers, providerAddrs) }
      const bytes = bytesOf(message)
      const trimmed = decodeReply(bytes, encodeRequest({ type: message.type, key: KEY }))

      expect(bytes.byteLength).to.be.at.most(MAX_MESSAGE_SENT)
      expect(trimmed.record).to.equalBytes(record)
      expect(trimmed.key).to.equalBytes(KEY)
    }), 40)
  })

  it('loses addresses first: all peers stay, and each that had an address keeps its first', () => {
    const message = { type: MessageType.GET_PROVIDERS, key: KEY, closer: encodedPeers(20, 32), providers: encodedPeers(150, 20) }
    const { closer, providers } = decodeRequest(bytesOf(message))

    expect(closer).to.have.lengthOf(20)
    expect(providers).to.have.lengthOf(150)

    for (const [i, peer] of [...closer, ...providers].entries()) {
      const [kept, whole] = [peer, [...message.closer, ...message.providers][i]].map(bytes => Peer.decode(bytes))
      expect(kept.id).to.equalBytes(whole.id)
      expect(kept.addrs.length).to.be.at.least(1)
      expect(kept.addrs.map(addr => [...addr])).to.deep.equal(whole.addrs.slice(0, kept.addrs.length).map(addr => [...addr]))
    }
  })

  it('loses no address while it is short enough', () => {
    const message = { type: MessageType.GET_PROVIDERS, key: KEY, closer: encodedPeers(20, 20), providers: encodedPeers(20, 20) }
    const { closer, providers } = decodeRequest(bytesOf(message))

    expect(addressCounts([...closer, ...providers])).to.deep.equal(new Array(40).fill(20))
  })

  it('loses providers next, the last ones first, while all closer peers stay', () => {
    const message = { type: MessageType.GET_PROVIDERS, key: KEY, closer: encodedPeers(20, 5), providers: encodedPeers(1_000, 2) }
    const { closer, providers } = decodeReply(bytesOf(message), encodeRequest({ type: MessageType.GET_PROVIDERS, key: KEY }))

    expect(closer).to.have.lengthOf(20)
    expect(providers.length).to.be.within(200, 400)
    expect(addressCounts([...closer, ...providers])).to.deep.equal(new Array(20 + providers.length).fill(1))
    expect(providers.map(peer => [...Peer.decode(peer).id])).to.deep.equal(message.providers.slice(0, providers.length).map(peer => [...Peer.decode(peer).id]))
  })

  it('loses closer peers last', () => {
    const message = { type: MessageType.GET_VALUE, key: KEY, record: new Uint8Array(16_000), closer: encodedPeers(20, 1), providers: encodedPeers(20, 1) }
    const { closer, providers, record } = decodeRequest(bytesOf(message))

    expect(record).to.have.lengthOf(16_000)
    expect(providers).to.have.lengthOf(0)
    expect(closer.length).to.be.within(1, 19)
  })

  it('never loses its record, even when that alone is over the limit', () => {
    const message = { type: MessageType.GET_VALUE, key: KEY, record: new Uint8Array(20_000), closer: encodedPeers(20, 1) }
    const { closer, record } = decodeRequest(bytesOf(message))

    expect(record).to.have.lengthOf(20_000)
    expect(closer).to.have.lengthOf(0)
  })
})
