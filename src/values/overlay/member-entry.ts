// What a member of an overlay says of itself, in a libp2p signed envelope (RFC 0002): that it is there until some time, or that it
// has left. An entry has one encoding and no other: nobody can make a second one out of it, or blow it up, without the member's key.

import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { InvalidParametersError } from '@libp2p/interface'
import { RecordEnvelope } from '@libp2p/peer-record'
import { sha256 } from '@noble/hashes/sha2.js'
import * as varint from 'uint8-varint'
import { compare as uint8ArrayCompare } from 'uint8arrays/compare'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { toCharacters } from '../../wire/characters.ts'
import { isPeerMultihash } from '../../wire/peer.ts'
import { plainBytes } from '../../wire/plain-bytes.ts'
import { InvalidRecordError } from '../namespaces.ts'
import { longestEntry, MAX_ENTRY, MAX_PUBLIC_KEY } from './entry-size.ts'
import { isOverlayId, requireOverlayId } from './overlay-key.ts'
import { OverlayEntry } from './overlay.ts'
import type { AbortOptions, PrivateKey } from '@libp2p/interface'
import type QuickLRU from 'quick-lru'

/** How far ahead an entry may expire, ms: as long as any value is held. */
export const MAX_LIFE = 48 * 60 * 60 * 1000

/** Of the envelope: a signature made for anything else is of no use here. */
const DOMAIN = 'libp2p-dht-overlay-member'

/** Of the envelope: a number of multicodec's private use area. */
const PAYLOAD_TYPE = varint.encode(0x306f76)

const MAX_VERSION = (1n << 64n) - 1n

/** What a member signs. */
export interface EntryInit {
  /** the overlay's id, 1 to 64 bytes */
  overlay: Uint8Array
  /**
   * Of a member's entries the highest counts. In a list that is full the lowest of all members' are the first to go, so all should
   * count alike: take the time of signing, unix ms, or one more than the last version if that is higher.
   */
  version: bigint
  /** unix ms, at most 48 hours ahead */
  expires: number
  /** the member has left. Such an entry must not expire before those that it replaces, or they count again; default false */
  left?: boolean
}

/** An entry that was read. Its encoding is right and its key is the member's; whether it is signed, and in its time, is not known. */
export interface MemberEntry extends Readonly<Required<EntryInit>> {
  /** the multihash of the member's peer id */
  readonly member: Uint8Array
  /** the most bytes that any entry of this member in this overlay can have */
  readonly longest: number
  /** as it came, and as it goes on */
  readonly bytes: Uint8Array
  readonly envelope: RecordEnvelope
}

/** Digests of entries whose signatures were good. */
export type VerifiedEntries = QuickLRU<string, true>

export interface SignatureOptions extends AbortOptions {
  /** whose signatures need not be verified again */
  verified?: VerifiedEntries
}

export interface VerifyOptions extends SignatureOptions {
  /** the id in the key under which the entry stands */
  overlay: Uint8Array
  /** unix ms */
  now: number
}

/**
 * The entry of the key's owner, as bytes.
 *
 * @throws {InvalidParametersError} when a field is out of range, or the key is none that a member can have
 */
export async function signEntry ({ overlay, version, expires, left = false }: EntryInit, privateKey: PrivateKey, options?: AbortOptions): Promise<Uint8Array> {
  requireOverlayId(overlay)

  if (version < 0n || version > MAX_VERSION) {
    throw new InvalidParametersError(`A version is a whole number from 0 to 2^64 - 1, not ${version}`)
  }

  if (!Number.isSafeInteger(expires) || expires < 0) {
    throw new InvalidParametersError(`When an entry expires is a whole number of milliseconds since 1970, not ${expires}`)
  }

  const member = privateKey.publicKey.toMultihash().bytes

  if (!isPeerMultihash(member) || publicKeyToProtobuf(privateKey.publicKey).byteLength > MAX_PUBLIC_KEY) {
    throw new InvalidParametersError(`A member of an overlay has an Ed25519 or secp256k1 key, or an RSA key of up to 4096 bits; this key is another ${privateKey.type} key`)
  }

  const payload = OverlayEntry.encode({
    overlay: overlay as Uint8Array<ArrayBuffer>,
    member: member as Uint8Array<ArrayBuffer>,
    version,
    expires,
    left
  })
  const envelope = await RecordEnvelope.seal({ domain: DOMAIN, codec: PAYLOAD_TYPE, marshal: () => payload, equals: () => false }, privateKey, options)

  return envelope.marshal()
}

/**
 * Reads an entry, and verifies neither its time nor its signature.
 *
 * @throws {InvalidRecordError} when it is no entry, is not encoded as it must be, or holds the key of another than the member
 */
export function readEntry (bytes: Uint8Array): MemberEntry {
  if (bytes.byteLength > MAX_ENTRY) {
    throw new InvalidRecordError(`An entry of a member list has at most ${MAX_ENTRY} bytes, not ${bytes.byteLength}`)
  }

  const { envelope, entry } = decode(bytes)
  const { overlay, member, version, expires, left } = entry
  const publicKey = publicKeyToProtobuf(envelope.publicKey).byteLength

  if (!uint8ArrayEquals(envelope.payloadType, PAYLOAD_TYPE) || !isOverlayId(overlay) || !isPeerMultihash(member)) {
    throw new InvalidRecordError('An entry of a member list is a signed envelope with an overlay\'s id and a peer id in it; this one is something else')
  }

  if (!uint8ArrayEquals(envelope.publicKey.toMultihash().bytes, member)) {
    throw new InvalidRecordError('An entry of a member list is signed by the member itself; the key in this one is another\'s')
  }

  const longest = longestEntry({ overlay: overlay.byteLength, member: member.byteLength, publicKey })

  if (publicKey > MAX_PUBLIC_KEY || bytes.byteLength > longest) {
    throw new InvalidRecordError('The key or the signature in an entry of a member list is too long')
  }

  return { overlay, member, version, expires, left, longest, bytes, envelope }
}

function decode (bytes: Uint8Array): { envelope: RecordEnvelope, entry: OverlayEntry } {
  try {
    const envelope = RecordEnvelope.createFromProtobuf(plainBytes(bytes))
    const entry = OverlayEntry.decode(envelope.payload)

    if (uint8ArrayEquals(envelope.marshal(), bytes) && uint8ArrayEquals(OverlayEntry.encode(entry), envelope.payload)) {
      return { envelope, entry }
    }
  } catch (error) {
    throw new InvalidRecordError('An entry of a member list is a signed envelope; this one can\'t be read', { cause: error })
  }

  throw new InvalidRecordError('An entry of a member list has its fields in order and no others; this one is encoded otherwise')
}

/**
 * An entry that stands alone: of the overlay, in its time, and signed. The time is looked at for verified ones too.
 *
 * @throws {InvalidRecordError} when it is not
 */
export async function verifyEntry (entry: MemberEntry, { overlay, now, ...options }: VerifyOptions): Promise<void> {
  requireOverlay(entry, overlay)

  if (!isInTime(entry, now)) {
    throw new InvalidRecordError(entry.expires <= now
      ? `The entry expired ${now - entry.expires} ms ago: sign one that expires later`
      : `The entry expires ${entry.expires - now} ms ahead: sign one that expires at most ${MAX_LIFE} ms ahead, or set the clock`)
  }

  await requireSignature(entry, options)
}

/** @throws {InvalidRecordError} when the entry is of another overlay */
export function requireOverlay (entry: MemberEntry, overlay: Uint8Array): void {
  if (!uint8ArrayEquals(entry.overlay, overlay)) {
    throw new InvalidRecordError('The entry was signed for another overlay than the one in the key')
  }
}

/** @throws {InvalidRecordError} when the member did not sign it */
export async function requireSignature ({ envelope, bytes }: MemberEntry, { verified, signal }: SignatureOptions = {}): Promise<void> {
  const digest = toCharacters(sha256(bytes))

  if (verified?.get(digest) === true) {
    return
  }

  if (!await isSigned(envelope, signal)) {
    throw new InvalidRecordError('The entry is not signed by its member')
  }

  verified?.set(digest, true)
}

async function isSigned (envelope: RecordEnvelope, signal?: AbortSignal): Promise<boolean> {
  try {
    return await envelope.validate(DOMAIN, { signal })
  } catch {
    signal?.throwIfAborted()
    // some kinds of keys throw at a signature that has not the form of one
    return false
  }
}

/** Whether the entry counts at `now`: it has not expired, and does not claim to be there for longer than it may. */
export function isInTime ({ expires }: MemberEntry, now: number): boolean {
  return now < expires && expires <= now + MAX_LIFE
}

/** Total order, the older one first: by version, then by when they expire, then by bytes. */
export function compareEntries (a: MemberEntry, b: MemberEntry): number {
  if (a.version !== b.version) {
    return a.version < b.version ? -1 : 1
  }

  return a.expires === b.expires ? uint8ArrayCompare(a.bytes, b.bytes) : a.expires - b.expires
}
