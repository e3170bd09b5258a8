import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore/key'
import { WriteQueue } from '../../../src/providers/store/write-queue.ts'
import { bytes } from '../../helpers/content.ts'
import { WatchedDatastore } from '../../helpers/stored-records.ts'
import { quiet } from '../../helpers/turns.ts'
import type { Write } from '../../../src/providers/store/write-queue.ts'

describe('gathered writes', () => {
  let datastore: WatchedDatastore
  let log: string[]
  let queue: WriteQueue

  beforeEach(() => {
    log = []
    datastore = new WatchedDatastore((operation, key) => { log.push(`${operation} ${key}`) })
    datastore.batchAsOne()
    queue = new WriteQueue(datastore, { onFailed: (error, changes) => { log.push(`${error.message}: ${changes}`) } })
  })

  function add (...writes: Write[]): void {
    queue.add({ writes, done: error => { log.push(error == null ? 'done' : 'failed') } })
  }

  async function value (key: string): Promise<string> {
    return new TextDecoder().decode(await datastore.memory.get(new Key(key)))
  }

  it('go out together when they come together, and are done when they are written', async () => {
    add({ key: '/a', value: bytes('1') })
    add({ key: '/b', value: bytes('2') })
    expect(queue.size).to.equal(2)
    await queue.written()

    expect(log).to.deep.equal(['put /a', 'put /b', 'done', 'done'])
    expect(queue.size).to.equal(0)
  })

  it('leave the last one of a key, though the datastore puts first and deletes then', async () => {
    // as BaseDatastore does it
    datastore = new WatchedDatastore()
    queue = new WriteQueue(datastore)
    add({ key: '/a', value: bytes('1') }, { key: '/b', value: bytes('1') })
    add({ key: '/a' }, { key: '/b' })
    add({ key: '/a', value: bytes('2') })
    await queue.written()

    expect(await value('/a')).to.equal('2')
    expect(datastore.memory.has(new Key('/b'))).to.equal(false)
  })

  it('wait for those before them, and go on when these fail', async () => {
    let fail = (): void => {}
    datastore.before = async () => {
      await new Promise<void>(resolve => { fail = resolve })
      throw new Error('no space left on device')
    }
    add({ key: '/a', value: bytes('1') })
    await quiet()
    add({ key: '/a', value: bytes('2') })
    await quiet()
    expect(log).to.deep.equal([])

    datastore.before = () => {}
    fail()
    await queue.written()
    expect(log).to.deep.equal(['no space left on device: 1', 'failed', 'done'])
    expect(await value('/a')).to.equal('2')
  })

  it('hold up whoever brings more than thousands, until there is room again', async () => {
    let go = (): void => {}
    const held = new Promise<void>(resolve => { go = resolve })
    datastore.before = async () => held
    let count = 0

    while (queue.room() == null) {
      add({ key: `/${count++}`, value: bytes('1') })
    }

    expect(count).to.be.within(1_000, 10_000)
    const room = queue.room()?.then(() => queue.size)
    go()
    expect(await room).to.be.within(1, count / 2 + 256)
    await queue.written()
    expect(queue.size).to.equal(0)
    expect(queue.room()).to.equal(undefined)
  })
})
