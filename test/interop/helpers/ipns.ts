// IPNS records of a name, made by either implementation, and what they say.

import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { createIPNSRecordWithExpiration, marshalIPNSRecord, multihashToIPNSRoutingKey, unmarshalIPNSRecord } from 'ipns'
import { privateKeyOf } from '../../helpers/signed-records.ts'
import type { GoNode, IpnsFields, MakeIpnsOptions } from './go-node.ts'
import type { PrivateKey } from '@libp2p/interface'

/** Kubo makes names of the first unless told otherwise; a name of the last does not contain its public key. */
export const NAME_TYPES = ['Ed25519', 'secp256k1', 'RSA'] as const

export type NameType = typeof NAME_TYPES[number]

/** A name, and the key that signs its records. */
export interface Name {
  privateKey: PrivateKey
  /** the routing key of its records */
  key: Uint8Array
}

export async function newName (type: NameType = 'Ed25519'): Promise<Name> {
  const privateKey = await privateKeyOf(type)

  return { privateKey, key: multihashToIPNSRoutingKey(privateKey.publicKey.toMultihash()) }
}

/** What the record says: who made it, too. It ends at the same nanosecond of the year 2100 as all others, unless told otherwise. */
export function fields (sequence: number, by: string, expires = '2100-01-01T00:00:00.123456789Z'): IpnsFields {
  return { value: `/ipns/${by}.example`, sequence, expires }
}

/** As Helia makes it. */
export async function makeInJs ({ privateKey }: Name, { value, sequence, expires }: IpnsFields, v1Compatible = true): Promise<Uint8Array> {
  return marshalIPNSRecord(await createIPNSRecordWithExpiration(privateKey, value, sequence, expires, { v1Compatible }))
}

/** As Kubo makes it. */
export async function makeInGo (go: GoNode, { privateKey }: Name, fields: IpnsFields, options?: MakeIpnsOptions): Promise<Uint8Array> {
  return (await go.makeIpns(privateKeyToProtobuf(privateKey), fields, options)).value
}

/** What Helia reads in it. */
export function read (record: Uint8Array): IpnsFields {
  const { value, sequence, validity } = unmarshalIPNSRecord(record)

  return { value, sequence: Number(sequence), expires: validity }
}
