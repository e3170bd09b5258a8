// Owners of signed records, and what they sign.

import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import { ownerMultihash } from '../../src/values/signed/owner.ts'
import { signedKey } from '../../src/values/signed/signed-key.ts'
import { SIGNED_DOMAIN, SIGNED_PAYLOAD_TYPE, signRecord } from '../../src/values/signed/signed-record.ts'
import { bytes } from './content.ts'
import type { SignedRecord } from '../../src/values/signed/payload.ts'
import type { KeyType, PrivateKey } from '@libp2p/interface'

/** The time at which everything in these tests happens, unix ms. */
export const NOW = 1_700_000_000_000
export const HOUR = 60 * 60 * 1000

export const KEY_TYPES: KeyType[] = ['Ed25519', 'secp256k1', 'ECDSA', 'RSA']

export async function privateKeyOf (type: KeyType): Promise<PrivateKey> {
  // types of keys have functions of their own
  switch (type) {
    case 'Ed25519': return generateKeyPair('Ed25519')
    case 'secp256k1': return generateKeyPair('secp256k1')
    case 'ECDSA': return generateKeyPair('ECDSA')
    default: return generateKeyPair('RSA', 2048)
  }
}

/** An owner that is the same on every run, by number. */
export async function ownerOf (number: number): Promise<PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(number))
}

/** The first of these owners whose peer id has this byte in its digest. */
export async function ownerWithByte (byte: number): Promise<PrivateKey> {
  for (let number = 1; ; number++) {
    const owner = await ownerOf(number)

    if (ownerMultihash(owner.publicKey).includes(byte, 8)) {
      return owner
    }
  }
}

export function keyFor (owner: PrivateKey, name = 'name'): Uint8Array {
  return signedKey(ownerMultihash(owner.publicKey), name)
}

/** A record of the owner as most are, with changes. */
export function recordOf (owner: PrivateKey, changes: Partial<SignedRecord> = {}): SignedRecord {
  return { key: keyFor(owner), seq: 7n, expires: NOW + HOUR, ttl: 60, value: bytes('hello'), rule: 'SIGNATURE', ...changes }
}

/** The same, signed. */
export async function signedBy (owner: PrivateKey, changes?: Partial<SignedRecord>): Promise<Uint8Array> {
  return signRecord(recordOf(owner, changes), owner)
}

/** Any payload in an envelope, with the signature that it should have unless it is told another domain or type. */
export async function sealed (signer: PrivateKey, payload: Uint8Array, { domain = SIGNED_DOMAIN, codec = SIGNED_PAYLOAD_TYPE } = {}): Promise<Uint8Array> {
  const envelope = await RecordEnvelope.seal({ domain, codec, marshal: () => payload, equals: () => false }, signer)

  return envelope.marshal()
}

/** A field of a protobuf, of bytes. */
export function field (number: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from([number << 3 | 2, ...varint(content.byteLength), ...content])
}

/** A field of a protobuf, of a number. */
export function numberField (number: number, value: number | bigint): Uint8Array {
  return Uint8Array.from([number << 3, ...varint(value)])
}

export function varint (value: number | bigint): number[] {
  let rest = BigInt(value)
  const result: number[] = []

  for (; rest > 127n; rest >>= 7n) {
    result.push(Number(rest & 127n) | 128)
  }

  return [...result, Number(rest)]
}
