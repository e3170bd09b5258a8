import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { recordType } from '../../../src/values/typed/record-type.ts'
import { bytes } from '../../helpers/content.ts'
import { MemoryRecords } from '../../helpers/memory-records.ts'
import { later, list, number, object, text, withDefault } from '../../helpers/schemas.ts'

const SCHEMA = object({ name: text, address: object({ city: text, numbers: list(number) }) })
const VALUE = { name: 'Ada', address: { city: 'London', numbers: [1, 2] } }

const profile = recordType({ type: 'profile', schema: SCHEMA })
const inbox = recordType({ type: 'inbox', schema: text })

describe('a type of records', () => {
  let records: MemoryRecords
  /** another device of the same owner */
  let device: MemoryRecords

  beforeEach(async () => {
    const privateKey = await generateKeyPair('Ed25519')
    records = new MemoryRecords(privateKey)
    device = new MemoryRecords(privateKey, records)
  })

  /** What comes of somebody who writes other things than his application's types. */
  async function holdBytes (name: string, value: Uint8Array): Promise<void> {
    await records.publish(name, value)
  }

  it('gives back what was published, under the name of the type where no other is given', async () => {
    const published = await profile.publish(records, VALUE)
    expect(published).to.include({ name: 'profile', seq: 1n }).and.to.have.deep.property('value', VALUE)

    expect(await profile.resolve(records, records.owner)).to.have.deep.property('value', VALUE)
    expect((await records.resolve(records.owner, 'profile')).seq).to.equal(1n)
  })

  it('keeps records of one type under several names', async () => {
    await inbox.publish(records, 'here', { name: 'work' })
    await inbox.publish(records, 'there', { name: 'home' })

    expect(await inbox.resolve(records, records.owner, { name: 'work' })).to.include({ name: 'work', value: 'here' })
    expect(await inbox.resolve(records, records.owner, { name: 'home' })).to.include({ name: 'home', value: 'there' })
    await expect(inbox.resolve(records, records.owner)).to.eventually.be.rejected.with.property('name', 'NotFoundError')
  })

  it('hands on what is not its own: the owner\'s key and the signal', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const other = new MemoryRecords(privateKey, records)
    await inbox.publish(records, 'here', { privateKey })

    expect(await inbox.resolve(records, other.owner)).to.have.property('value', 'here')
    await expect(inbox.publish(records, 'x', { signal: AbortSignal.abort() })).to.eventually.be.rejected.with.property('name', 'AbortError')
    await expect(inbox.resolve(records, other.owner, { signal: AbortSignal.abort() })).to.eventually.be.rejected.with.property('name', 'AbortError')
  })

  describe('and what does not fit', () => {
    it('is refused before anything is asked of the network, with the field\'s path and what to do', async () => {
      const wrong = { ...VALUE, address: { city: 7, numbers: [1, 'two'] } } as unknown as typeof VALUE

      await expect(profile.publish(records, wrong)).to.eventually.be.rejectedWith('profile.address.city: expected string; profile.address.numbers[1]: expected number. Change the value to what the schema of "profile" takes')
        .with.property('name', 'InvalidRecordError')
      expect(records.calls).to.deep.equal([])
    })

    it('is refused when others have stored it', async () => {
      const theirs = recordType({ type: 'profile', schema: object({ name: number }) })
      await theirs.publish(records, { name: 7 })

      await expect(profile.resolve(records, records.owner)).to.eventually.be.rejectedWith(/^profile\.name: expected string; profile\.address: expected object\. .*publish it anew/)
        .with.property('name', 'InvalidRecordError')
    })

    it('is refused when an update makes it, or finds it', async () => {
      await profile.publish(records, VALUE)
      await expect(profile.update(records, () => ({ ...VALUE, name: 7 as unknown as string }))).to.eventually.be.rejectedWith('profile.name: expected string')

      const newer = recordType({ type: 'profile', schema: object({ name: text, born: number }) })
      await expect(newer.update(records, value => value)).to.eventually.be.rejectedWith('profile.born: expected number')
      expect(await profile.resolve(records, records.owner)).to.include({ seq: 1n })
    })

    it('may be replaced by what does, when a schema has changed', async () => {
      await profile.publish(records, VALUE)
      const newer = recordType({ type: 'profile', schema: object({ name: text, born: number }) })
      await newer.publish(records, { name: 'Ada', born: 1815 })

      expect(await newer.resolve(records, records.owner)).to.include({ seq: 2n })
    })

    it('is not taken for a typed record when it is none', async () => {
      for (const garbage of [new Uint8Array(), bytes('{"type":"profile"}'), Uint8Array.of(0x80), Uint8Array.of(0xff, 0), new Uint8Array(10_240).fill(0x81)]) {
        await holdBytes('profile', garbage)
        await expect(profile.resolve(records, records.owner)).to.eventually.be.rejectedWith('no typed record').with.property('name', 'InvalidRecordError')
      }
    })

    it('is told by asynchronous schemas as by others', async () => {
      const slow = recordType({ type: 'profile', schema: later(SCHEMA) })
      await slow.publish(records, VALUE)
      expect(await slow.resolve(records, records.owner)).to.have.deep.property('value', VALUE)

      await expect(slow.publish(records, { ...VALUE, name: 7 as unknown as string })).to.eventually.be.rejectedWith('profile.name: expected string')
    })
  })

  describe('and other types', () => {
    it('does not take the name of one', async () => {
      await inbox.publish(records, 'here', { name: 'ada' })
      const says = '"ada" holds a record of the type "inbox" and takes none of the type "profile"'

      await expect(profile.publish(records, VALUE, { name: 'ada' })).to.eventually.be.rejectedWith(says).and.include({ name: 'RecordTypeError', found: 'inbox', expected: 'profile' })
      await expect(profile.update(records, () => VALUE, { name: 'ada' })).to.eventually.be.rejectedWith(says)
      await expect(profile.remove(records, { name: 'ada' })).to.eventually.be.rejectedWith(says)
      expect(await inbox.resolve(records, records.owner, { name: 'ada' })).to.include({ value: 'here', seq: 1n })
    })

    it('does not take the name either when the other type came while it was writing', async () => {
      records.beforeWrite = async () => {
        await inbox.publish(device, 'here', { name: 'profile' })
      }

      await expect(profile.publish(records, VALUE)).to.eventually.be.rejected.with.property('name', 'RecordTypeError')
      expect(await inbox.resolve(records, records.owner, { name: 'profile' })).to.include({ value: 'here' })
    })

    it('does not read them', async () => {
      await inbox.publish(records, 'here', { name: 'profile' })

      await expect(profile.resolve(records, records.owner)).to.eventually.be.rejectedWith(`The record "profile" of ${records.owner} is of the type "inbox", not "profile"`)
        .with.property('name', 'RecordTypeError')
    })

    it('does not overwrite what has no type', async () => {
      await holdBytes('profile', bytes('of another application'))

      await expect(profile.publish(records, VALUE)).to.eventually.be.rejectedWith('"profile" holds something else than a typed record: choose another name, or remove it first')
      await expect(profile.remove(records)).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
      await records.remove('profile')
      await profile.publish(records, VALUE)
    })

    it('takes a name that was removed', async () => {
      await inbox.publish(records, 'here', { name: 'profile' })
      await inbox.remove(records, { name: 'profile' })
      await expect(inbox.resolve(records, records.owner, { name: 'profile' })).to.eventually.be.rejected.with.property('name', 'NotFoundError')

      expect(await profile.publish(records, VALUE)).to.include({ seq: 3n })
    })
  })

  describe('updating', () => {
    const counter = recordType({ type: 'counter', schema: number })

    it('starts from nothing, and goes on from what is there', async () => {
      const count = async (): Promise<unknown> => counter.update(records, value => (value ?? 0) + 1)

      expect(await count()).to.include({ value: 1, seq: 1n })
      expect(await count()).to.include({ value: 2, seq: 2n })
    })

    it('writes nothing when the change is undefined', async () => {
      await counter.publish(records, 1)

      expect(await counter.update(records, () => undefined)).to.equal(undefined)
      expect(await counter.resolve(records, records.owner)).to.include({ value: 1, seq: 1n })
    })

    it('applies the change to what another writer has made of it meanwhile', async () => {
      await counter.publish(records, 1)
      const seen: Array<number | undefined> = []
      records.beforeWrite = async () => {
        records.beforeWrite = () => {}
        await counter.update(device, async value => (value ?? 0) + 10)
      }

      const updated = await counter.update(records, async value => {
        seen.push(value)

        return (value ?? 0) + 1
      })

      expect(seen).to.deep.equal([1, 11])
      expect(updated).to.include({ value: 12 })
    })

    it('gives up after as many tries as it was told', async () => {
      let changes = 0
      records.beforeWrite = async () => {
        await counter.publish(device, 7)
      }

      await expect(counter.update(records, () => ++changes, { retries: 2 })).to.eventually.be.rejected.with.property('name', 'RecordConflictError')
      expect(changes).to.equal(3)
    })
  })

  describe('watching', () => {
    it('gives each version as the schema does, and its removal', async () => {
      const settings = recordType({ type: 'settings', schema: object({ dark: withDefault(number, 0) }) })
      await settings.publish(records, { dark: 1 })
      const seen: unknown[] = []

      for await (const { value, seq, removed } of settings.watch(records, records.owner)) {
        seen.push([value?.dark, seq, removed])

        if (seq < 3n) {
          await settings.update(records, ({ dark } = { dark: 0 }) => ({ dark: dark + 1 }))
        } else if (!removed) {
          await settings.remove(records)
        }
      }

      expect(seen).to.deep.equal([[1, 1n, false], [2, 2n, false], [3, 3n, false], [undefined, 4n, true]])
    })

    it('ends with the error when a version does not fit', async () => {
      await profile.publish(records, VALUE)
      const seen: unknown[] = []

      await expect((async () => {
        for await (const { seq } of profile.watch(records, records.owner)) {
          seen.push(seq)
          await holdBytes('profile', bytes('garbage'))
        }
      })()).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
      expect(seen).to.deep.equal([1n])
    })
  })

  it('says what is wrong with its declaration', () => {
    for (const type of ['', 'é'.repeat(64), undefined as unknown as string]) {
      expect(() => recordType({ type, schema: text })).to.throw('a name of 1 to 127 bytes').with.property('name', 'InvalidParametersError')
    }

    expect(recordType({ type: 'x'.repeat(127), schema: text }).type).to.have.length(127)

    for (const schema of [undefined, null, {}, { parse: () => {} }, { '~standard': {} }]) {
      expect(() => recordType({ type: 'x', schema: schema as unknown as typeof text })).to.throw('Standard Schema').with.property('name', 'InvalidParametersError')
    }
  })
})
