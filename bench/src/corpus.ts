// The peers, keys and messages that all subjects work on. They follow from labels alone, and are made without any
// subject's code.

import { digest } from './digest.ts'
import { K } from './subjects/options.ts'

/** A peer as bytes. */
export interface CorpusPeer {
  /** of an Ed25519 key, as nearly all peers of the public network have one */
  multihash: Uint8Array
  /** binary multiaddrs: TCP and QUIC, on IPv4 and on IPv6 */
  addrs: Uint8Array[]
  /** its place in the key space */
  hash: Buffer
}

/** The peers of a reply, as many as k. */
export const REPLY_PEERS = K

/** Tags of `Message` and `Peer` in the protocol's protobuf, and the one type of message that is needed. */
const MESSAGE = { type: 1, key: 2, closer: 8 }
const PEER = { id: 1, addrs: 2 }
const FIND_NODE = 4

/** identity multihash of 36 bytes; protobuf of a public key: type Ed25519, 32 bytes */
const ED25519 = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

const IP4 = 0x04
const IP6 = 0x29
const TCP = 0x06
/** varints */
const UDP = [0x91, 0x02]
const QUIC_V1 = [0xcd, 0x03]

export function peers (label: string, count: number): CorpusPeer[] {
  return Array.from({ length: count }, (_, i) => {
    const multihash = Uint8Array.from([...ED25519, ...digest(`${label} ${i}`)])

    return { multihash, addrs: addresses(digest(`${label} ${i} addresses`)), hash: digest(multihash) }
  })
}

/** What lookups look for. */
export function keys (label: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(digest(`${label} key ${i}`)))
}

/** A FIND_NODE reply that names the peers, without the prefix of its length. */
export function reply (key: Uint8Array, named: CorpusPeer[]): Uint8Array {
  return Uint8Array.from([
    ...[MESSAGE.type << 3, FIND_NODE],
    ...field(MESSAGE.key, key),
    ...named.flatMap(({ multihash, addrs }) => field(MESSAGE.closer, [
      ...field(PEER.id, multihash),
      ...addrs.flatMap(addr => field(PEER.addrs, addr))
    ]))
  ])
}

/** The `n` nearest of the peers, nearest first: the plain way, for checks. */
export function nearest <P extends CorpusPeer> (list: P[], target: Buffer, n: number): P[] {
  return list
    .map(peer => ({ peer, distance: Buffer.from(peer.hash.map((byte, i) => byte ^ target[i])) }))
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .slice(0, n)
    .map(({ peer }) => peer)
}

export function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** A protobuf field of bytes. */
function field (tag: number, bytes: Uint8Array | number[]): number[] {
  const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7]

  return [(tag << 3) | 2, ...length, ...bytes]
}

/** Of the public network, so that no subject's filter would leave one out. */
function addresses (random: Buffer): Uint8Array[] {
  const ip4 = [IP4, 45, ...random.subarray(0, 3)]
  const ip6 = [IP6, 0x2a, 0x01, ...random.subarray(3, 17)]
  const port = random.subarray(17, 19)

  return [ip4, ip6].flatMap(ip => [
    Uint8Array.from([...ip, TCP, ...port]),
    Uint8Array.from([...ip, ...UDP, ...port, ...QUIC_V1])
  ])
}
