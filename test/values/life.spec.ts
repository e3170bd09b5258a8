import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { keyOf } from '../../src/kademlia/key.ts'
import { getValueHandler, putValueHandler } from '../../src/values/handlers.ts'
import { endElsewhere, MAX_RECORD_AGE } from '../../src/values/life.ts'
import { Namespaces } from '../../src/values/namespaces.ts'
import { RecordStore } from '../../src/values/store/record-store.ts'
import { MessageType } from '../../src/wire/message.ts'
import { decodeRecord, encodeRecord } from '../../src/wire/record.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, HOUR, SECOND, START } from '../helpers/false-time.ts'
import type { ValueHandlerNeeds } from '../../src/values/handlers.ts'
import type { Message } from '../../src/wire/message.ts'

const KEY = bytes('/test/key')

describe('the life of a value that somebody else holds', () => {
  it('is what is left of it, if the holder says, and never more than any value has', () => {
    expect(endElsewhere({ key: KEY, value: KEY, timeReceived: START - HOUR, ttl: 60 }, START)).to.equal(START + 60 * SECOND)
    expect(endElsewhere({ key: KEY, value: KEY, ttl: 1_000_000 }, START)).to.equal(START + MAX_RECORD_AGE)
  })

  it('is counted from when it got there otherwise, and that is not in the future', () => {
    expect(endElsewhere({ key: KEY, value: KEY, timeReceived: START - HOUR }, START)).to.equal(START - HOUR + MAX_RECORD_AGE)
    expect(endElsewhere({ key: KEY, value: KEY, timeReceived: START + HOUR }, START)).to.equal(START + MAX_RECORD_AGE)
    expect(endElsewhere({ key: KEY, value: KEY }, START)).to.equal(START + MAX_RECORD_AGE)
  })

  it('is told by holders as what is left of it', async () => {
    const clock = falseTime()

    try {
      const needs: ValueHandlerNeeds = {
        store: new RecordStore(new MemoryDatastore(), { prefix: '/record', receivedPrefix: '/received', self: keyOf(bytes('self')), maxAge: MAX_RECORD_AGE }),
        namespaces: new Namespaces({ validators: { test: () => {} }, selectors: { test: () => 0 }, timeout: 5_000 }),
        maxValueSize: 100,
        ownKey: { key: bytes('/pk/self'), value: bytes('self') },
        closerPeers: () => []
      }
      const record = encodeRecord({ key: KEY, value: bytes('1'), ttl: 100 })
      await putValueHandler(needs)({ type: MessageType.PUT_VALUE, key: KEY, record, closer: [], providers: [] } as unknown as Message, contact(1))
      clock.tick(40 * SECOND)
      const reply = await getValueHandler(needs)({ type: MessageType.GET_VALUE, key: KEY, closer: [], providers: [] } as unknown as Message, contact(1))

      expect(decodeRecord(reply?.record ?? new Uint8Array()).ttl).to.equal(60)
    } finally {
      clock.restore()
    }
  })
})
