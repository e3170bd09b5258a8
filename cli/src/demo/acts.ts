// The demo, act by act: a record is put and read, a file is provided, found and fetched, a peer is found; then a third of the
// nodes die, and both are found again.

import { join } from 'node:path'
import prettyBytes from 'pretty-bytes'
import { describe } from '../errors.ts'
import { hashFile } from '../file.ts'
import { measure } from '../measure.ts'
import { plural } from '../output.ts'
import { chooseVictims, pick, strangers, withIds } from './cast.ts'
import { fetchFile, FILE_PROTOCOL } from './file-exchange.ts'
import { decodeProfile, encodeProfile, PROFILE, profileKey } from './profile.ts'
import { victimCount } from './victim-count.ts'
import type { DemoNode } from './nodes.ts'
import type { Reporter } from './reporter.ts'
import type { DemoResult, Row } from './result.ts'
import type { PeerInfo } from '@libp2p/interface'
import type { Operation } from 'libp2p-kad'
import type { CID } from 'multiformats/cid'

/** What an operation shows for itself, once it has succeeded. */
interface Outcome {
  text: string
  details?: Record<string, unknown>
}

export class Acts {
  readonly rows: Row[] = []
  readonly #nodes: DemoNode[]
  readonly #reporter: Reporter
  readonly #signal: AbortSignal

  constructor (nodes: DemoNode[], reporter: Reporter, signal: AbortSignal) {
    this.#nodes = nodes
    this.#reporter = reporter
    this.#signal = signal
  }

  async play (path: string): Promise<Pick<DemoResult, 'file' | 'killed'>> {
    const reporter = this.#reporter
    const [seed, writer, provider] = this.#nodes

    reporter.heading('A record')
    const recordHolders = await this.#put(writer)
    const reader = pick([...this.#nodes].reverse(), [writer, provider], [...recordHolders, seed])
    await this.#get('get', reader)

    reporter.heading('A file')
    const { cid, size } = await hashFile(path)
    reporter.say(`${path}, ${prettyBytes(size)}, is ${cid.toString()}`)
    const fileHolders = await this.#provide(provider, cid, path)
    const finder = pick([...this.#nodes].reverse(), [provider, writer], [...fileHolders, reader, seed])
    await this.#findAndFetch('', finder, cid)

    reporter.heading('A peer')
    await this.#findPeer()

    const victims = chooseVictims(this.#nodes, {
      count: victimCount(this.#nodes.length),
      first: [writer, seed],
      spared: [reader, provider, finder],
      halves: [recordHolders, fileHolders]
    })
    await this.#kill(victims, recordHolders, fileHolders)

    reporter.heading('The record again')
    await this.#get('get after the deaths', pick([...this.#nodes].reverse(), [provider], [reader, finder, ...recordHolders]))

    reporter.heading('The file again')
    reporter.say(`its provider ${reporter.name(provider.id)} lives; of those who were told, ${plural(fileHolders.filter(node => node.alive).length, 'node')} of ${fileHolders.length}`)
    await this.#findAndFetch(' after the deaths', pick([...this.#nodes].reverse(), [provider], [finder, ...fileHolders]), cid)

    return { file: { path, cid: cid.toString(), size }, killed: victims.map(({ id }) => id) }
  }

  async #put (writer: DemoNode): Promise<DemoNode[]> {
    const { name } = PROFILE
    const result = await this.#operation('put', writer, () => writer.dht.put(profileKey(name), encodeProfile(PROFILE), { signal: this.#signal }), ({ stored }) => ({
      text: `/user/${name} is on ${plural(stored.length, 'node')}: ${this.#reporter.names(stored)}`,
      details: { key: `/user/${name}`, holders: stored.map(String) }
    }))

    return withIds(this.#nodes, result?.stored ?? [])
  }

  /** Never from what the reader holds itself. */
  async #get (name: string, reader: DemoNode): Promise<void> {
    await this.#operation(name, reader, () => reader.dht.get(profileKey(PROFILE.name), { signal: this.#signal, useCache: false }), value => {
      const profile = decodeProfile(value)

      if (Buffer.compare(value, encodeProfile(PROFILE)) !== 0) {
        throw new Error(`What was read is not what was written: ${JSON.stringify(profile)}`)
      }

      return { text: `${this.#reporter.name(reader.id)} reads ${JSON.stringify(profile)}`, details: { value: profile } }
    })
  }

  async #provide (provider: DemoNode, cid: CID, path: string): Promise<DemoNode[]> {
    provider.files.set(cid.toString(), path)
    const result = await this.#operation('provide', provider, () => provider.dht.provide(cid, { signal: this.#signal }), ({ stored }) => ({
      text: `${this.#reporter.name(provider.id)} has the file, and has told ${plural(stored.length, 'node')}: ${this.#reporter.names(stored)}`,
      details: { holders: stored.map(String) }
    }))

    return withIds(this.#nodes, result?.stored ?? [])
  }

  async #findAndFetch (when: string, finder: DemoNode, cid: CID): Promise<void> {
    const providers = await this.#operation(`find providers${when}`, finder, () => finder.dht.findProviders(cid, { signal: this.#signal, useCache: false }), found => {
      if (found.length === 0) {
        throw new Error('Nobody knows a provider of the file')
      }

      return {
        text: `${this.#reporter.name(finder.id)} learns that ${this.#reporter.names(found.map(({ id }) => id))} has it`,
        details: { providers: found.map(({ id }) => id.toString()) }
      }
    })

    await this.#fetch(`fetch${when}`, finder, cid, providers?.[0])
  }

  async #fetch (name: string, finder: DemoNode, cid: CID, from: PeerInfo | undefined): Promise<void> {
    await this.#row(name, finder, async () => {
      if (from == null) {
        throw new Error('There is nobody to fetch the file from')
      }

      const begun = performance.now()
      const { size } = await fetchFile(finder.libp2p, from, cid, join(finder.folder, 'fetched'), this.#signal)

      return {
        hops: 0,
        messages: 1,
        ms: performance.now() - begun,
        text: `${this.#reporter.name(finder.id)} dials ${this.#reporter.name(from.id)} and fetches ${prettyBytes(size)} over ${FILE_PROTOCOL}: the hash is right`,
        details: { from: from.id.toString(), size }
      }
    })
  }

  async #findPeer (): Promise<void> {
    const { asker, sought } = strangers(this.#nodes)
    const connected = asker.isConnectedTo(sought)

    this.#reporter.say(`${this.#reporter.name(asker.id)} looks for ${this.#reporter.name(sought.id)}, to which it is ${connected ? '' : 'not '}connected`)
    await this.#operation('find peer', asker, () => asker.dht.findPeer(sought.libp2p.peerId, { signal: this.#signal, useCache: false }), ({ id, multiaddrs }) => ({
      text: `${this.#reporter.name(id)} is at ${multiaddrs.join(' ')}`,
      details: { peer: id.toString(), addresses: multiaddrs.map(String), connected }
    }))
  }

  async #kill (victims: DemoNode[], recordHolders: DemoNode[], fileHolders: DemoNode[]): Promise<void> {
    const dead = (group: DemoNode[]): string => `${group.filter(node => victims.includes(node)).length} of ${group.length}`

    this.#reporter.heading(`${victims.length} of ${this.#nodes.length} nodes die`)
    await Promise.all(victims.map(async victim => victim.kill()))
    this.#reporter.say(`${this.#reporter.names(victims.map(({ id }) => id))}: sockets destroyed, nobody told`)
    this.#reporter.say(`among them the record's writer${victims.includes(this.#nodes[0]) ? ', the seed' : ''}, ${dead(recordHolders)} holders of the record, ${dead(fileHolders)} of those who know the file's provider`)
  }

  /** One operation of the DHT, told as it goes. Undefined when it failed, which is in its row. */
  async #operation <T> (name: string, by: DemoNode, start: () => Operation<T>, outcome: (result: T) => Outcome): Promise<T | undefined> {
    let found: T | undefined

    await this.#row(name, by, async row => {
      const { result, hops, messages, ms } = await measure(by.dht, start, view => { this.#reporter.event(by.libp2p.peerId, view) })
      Object.assign(row, { hops, messages, ms })
      const told = outcome(result)
      found = result

      return { hops, messages, ms, ...told }
    })

    return found
  }

  async #row (name: string, by: DemoNode, run: (row: Row) => Promise<Outcome & Pick<Row, 'hops' | 'messages' | 'ms'>>): Promise<void> {
    const begun = performance.now()
    const row: Row = { name, ok: false, hops: 0, messages: 0, ms: 0, by: by.id }
    let text = ''
    this.rows.push(row)

    try {
      const { text: told, details, ...took } = await run(row)
      Object.assign(row, took, details, { ok: true })
      text = told
    } catch (error) {
      row.error = describe(error)
      row.ms ||= performance.now() - begun
    }

    row.ms = Math.round(row.ms * 10) / 10
    this.#reporter.row(row, text)
  }
}
