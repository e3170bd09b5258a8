import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { createIPNSRecordWithExpiration, marshalIPNSRecord, multihashToIPNSRoutingKey } from 'ipns'
import { compare as uint8ArrayCompare } from 'uint8arrays/compare'
import { ipnsExpires, ipnsTtl, selectIpns } from '../../src/values/ipns.ts'
import type { PrivateKey } from '@libp2p/interface'

interface Changes {
  sequence?: bigint
  expires?: string
  v1Compatible?: boolean
}

describe('which of several IPNS records holds', () => {
  let privateKey: PrivateKey
  let key: Uint8Array

  before(async () => {
    privateKey = await generateKeyPair('Ed25519')
    key = multihashToIPNSRoutingKey(privateKey.publicKey.toMultihash())
  })

  async function make ({ sequence = 1n, expires = '2100-01-01T00:00:00.000000000Z', v1Compatible = false }: Changes): Promise<Uint8Array> {
    return marshalIPNSRecord(await createIPNSRecordWithExpiration(privateKey, '/ipns/example.com', sequence, expires, { v1Compatible }))
  }

  /** Whichever comes first. */
  async function expectBetter (better: Changes, worse: Changes): Promise<void> {
    const [a, b] = await Promise.all([make(better), make(worse)])

    expect([selectIpns(key, [a, b]), selectIpns(key, [b, a]), selectIpns(key, [b, a, b])]).to.deep.equal([0, 1, 1])
  }

  it('the one with the higher sequence number, whatever its end', async () => {
    await expectBetter({ sequence: 2n, expires: '2090-01-01T00:00:00Z' }, { sequence: 1n })
    await expectBetter({ sequence: 2n ** 62n + 1n }, { sequence: 2n ** 62n })
  })

  it('of the same sequence number the one that ends later, if only by a nanosecond', async () => {
    await expectBetter({ expires: '2100-01-01T00:00:01Z' }, { expires: '2100-01-01T00:00:00.999999999Z' })
    await expectBetter({ expires: '2100-01-01T00:00:00.123456789Z' }, { expires: '2100-01-01T00:00:00.123456788Z' })
    await expectBetter({ expires: '2100-01-01T00:00:00.2Z' }, { expires: '2100-01-01T00:00:00.10000001Z' })
  })

  it('the one that ends later, in whichever zone that is said', async () => {
    await expectBetter({ expires: '2100-01-01T00:00:00-01:00' }, { expires: '2100-01-01T00:30:00Z' })
  })

  it('of those that end together the greater in byte order', async () => {
    const both = await Promise.all([make({ v1Compatible: true }), make({ v1Compatible: false })])
    const [greater, lesser] = both.sort((a, b) => uint8ArrayCompare(b, a))

    expect([selectIpns(key, [greater, lesser]), selectIpns(key, [lesser, greater])]).to.deep.equal([0, 1])
  })

  it('the first of several copies', async () => {
    const record = await make({})

    expect(selectIpns(key, [record, record.slice()])).to.equal(0)
  })

  it('none past its own end: that and its time to live are read in whole milliseconds and seconds', async () => {
    const record = await make({ expires: '2100-01-01T00:00:01.500999999Z' })

    expect(ipnsExpires(record)).to.equal(Date.UTC(2100, 0, 1, 0, 0, 1, 500))
    expect(ipnsTtl(record)).to.be.a('number').that.is.at.least(0)
    expect(Number.isInteger(ipnsTtl(record))).to.equal(true)
  })
})
