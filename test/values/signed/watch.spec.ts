import { expect } from 'aegir/chai'
import { watchRecord } from '../../../src/values/signed/watch.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { ownerOf, signedBy } from '../../helpers/signed-records.ts'
import type { Contact } from '../../../src/query/contact.ts'

const [A, B, C] = [1, 2, 3].map(i => contact(i))

describe('watching a record', () => {
  let versions: Uint8Array[]

  before(async () => {
    const owner = await ownerOf(1)
    versions = await Promise.all([1n, 2n, 3n, 4n].map(async seq => signedBy(owner, { seq, value: bytes(`${seq}`) })))
  })

  interface Scene {
    held: Map<string, Uint8Array | Error>
    /** who was asked, or `find` */
    asked: string[]
    pauses: number[]
    /** what happens after so many pauses; the watch ends when there is nothing left */
    script: Array<() => void>
    found: Contact[]
    findFails?: Error
  }

  function scene (more: Partial<Scene> = {}): Scene {
    return { held: new Map([A, B, C].map(({ id }) => [id, versions[0]])), asked: [], pauses: [], script: [], found: [A, B, C], ...more }
  }

  /** The places of the versions that it saw. */
  async function watch (scene: Scene): Promise<number[]> {
    const controller = new AbortController()
    const seen: number[] = []
    const values = watchRecord({
      find: async () => {
        scene.asked.push('find')

        if (scene.findFails != null) {
          throw scene.findFails
        }

        const value = scene.found.map(({ id }) => scene.held.get(id)).find(held => held instanceof Uint8Array)

        return value instanceof Uint8Array ? { value, holders: scene.found } : undefined
      },
      held: async ({ id }) => {
        scene.asked.push(id)
        const held = scene.held.get(id)

        if (held instanceof Error) {
          throw held
        }

        return held
      },
      sleep: async ms => {
        scene.pauses.push(ms)
        const next = scene.script.shift()

        if (next == null) {
          controller.abort(new Error('the end'))
        }

        next?.()
        controller.signal.throwIfAborted()
      },
      minInterval: 100,
      maxInterval: 300,
      signal: controller.signal
    })

    try {
      for await (const value of values) {
        seen.push(versions.indexOf(value))
      }
    } catch (error: any) {
      expect(error.message).to.equal('the end')
    }

    return seen
  }

  const nothing = (): void => {}

  it('sees the present version at once, and each newer one once', async () => {
    const one = scene()
    const set = (i: number) => () => { [A, B, C].forEach(({ id }) => { one.held.set(id, versions[i]) }) }
    one.script = [nothing, set(1), nothing, set(2)]
    expect(await watch(one)).to.deep.equal([0, 1, 2])
  })

  it('looks for the holders once, and then asks one of them each time, in turn', async () => {
    const one = scene({ script: [nothing, nothing, nothing, nothing] })
    await watch(one)
    expect(one.asked).to.deep.equal(['find', A.id, B.id, C.id, A.id])
  })

  it('looks less often while nothing new comes, up to the longest pause, and often again after news', async () => {
    const one = scene()
    one.script = [nothing, nothing, nothing, nothing, () => { one.held.forEach((_, id) => { one.held.set(id, versions[1]) }) }, nothing]
    await watch(one)
    expect(one.pauses).to.deep.equal([100, 150, 225, 300, 300, 100, 150])
  })

  it('never goes back to an older version that a holder still has, and is made up for it by the next one', async () => {
    const one = scene()
    one.script = [() => { one.held.set(A.id, versions[2]) }, nothing, nothing, () => { one.held.set(B.id, versions[3]) }, nothing]
    expect(await watch(one)).to.deep.equal([0, 2, 3])
  })

  it('asks the next one when one has nothing any more or does not answer, and looks for others when none has', async () => {
    const one = scene()
    one.script = [() => { one.held.set(A.id, new Error('gone')); one.held.delete(B.id) }, () => { one.held.set(C.id, new Error('gone')); one.found = [A]; one.held.set(A.id, versions[1]) }, nothing]
    expect(await watch(one)).to.deep.equal([0, 1])
    expect(one.asked).to.deep.equal(['find', A.id, B.id, C.id, C.id, 'find', A.id])
  })

  it('waits for a record that nobody has yet', async () => {
    const one = scene({ found: [] })
    one.script = [nothing, () => { one.found = [B] }]
    expect(await watch(one)).to.deep.equal([0])
  })

  it('outlives a time in which nobody can be asked at all', async () => {
    const one = scene({ findFails: new Error('There is no peer to ask') })
    one.script = [nothing, () => { one.findFails = undefined }]
    expect(await watch(one)).to.deep.equal([0])
  })
})
