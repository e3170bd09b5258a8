// What a newcomer sees while the demo runs: who asked whom, and what came of it. A peer is its number and the end of its id.

import Table from 'cli-table3'
import { EventTypes } from 'libp2p-kad'
import ora from 'ora'
import pc from 'picocolors'
import { describe } from '../errors.ts'
import { isScreen, plural } from '../output.ts'
import type { Row } from './result.ts'
import type { EventView } from '../measure.ts'
import type { PeerId } from '@libp2p/interface'

const ID_END = 6

export class Reporter {
  readonly #out: NodeJS.WriteStream
  readonly #colours: ReturnType<typeof pc.createColors>
  readonly #numbers = new Map<string, number>()

  constructor (out: NodeJS.WriteStream) {
    this.#out = out
    this.#colours = pc.createColors(pc.isColorSupported && out.isTTY)
  }

  introduce (id: string, number: number): void {
    this.#numbers.set(id, number)
  }

  /** #7…x5Tq2B */
  name (peer: PeerId | string): string {
    const id = peer.toString()
    const number = this.#numbers.get(id)

    return `${number == null ? '' : `#${number}`}…${id.slice(-ID_END)}`
  }

  names (peers: Array<PeerId | string>): string {
    return peers.map(peer => this.name(peer)).join(' ')
  }

  heading (text: string): void {
    this.#write(`\n${this.#colours.bold(text)}`)
  }

  say (text: string): void {
    this.#write(`  ${text}`)
  }

  /** Shows that something is going on, and how far it is. */
  async progress <T> (text: string, run: (update: (text: string) => void) => Promise<T>): Promise<T> {
    const spinner = ora({ text, stream: this.#out, discardStdin: false, isEnabled: isScreen(this.#out) }).start()

    try {
      const result = await run(text => { spinner.text = text })
      spinner.succeed()

      return result
    } catch (error) {
      spinner.fail()
      throw error
    }
  }

  /** One line an answer. */
  event (asker: PeerId, { event, depth, ms = 0 }: EventView): void {
    if (event.type === EventTypes.PEER_RESPONSE) {
      this.#asked(asker, event.from, event.messageName, depth, ms, whatIsIn(event))
    } else if (event.type === EventTypes.QUERY_ERROR) {
      this.#asked(asker, event.from, '', depth, ms, this.#colours.red(`no answer: ${describe(event.error).split('\n')[0]}`))
    }
  }

  row ({ ok, hops, messages, ms, error }: Row, text: string): void {
    const took = this.#colours.dim(`${plural(hops, 'hop')}, ${plural(messages, 'message')}, ${ms.toFixed(1)} ms`)

    this.say(ok ? `${this.#colours.green('✔')} ${text}  ${took}` : `${this.#colours.red('✘')} ${error}  ${took}`)
  }

  table (rows: Row[]): void {
    const table = new Table({
      head: ['operation', 'ok', 'hops', 'messages', 'ms'],
      colAligns: ['left', 'left', 'right', 'right', 'right'],
      style: { head: this.#out.isTTY ? ['bold'] : [], border: [], compact: true }
    })

    table.push(...rows.map(({ name, ok, hops, messages, ms }) => [
      name,
      ok ? this.#colours.green('yes') : this.#colours.red('NO'),
      hops,
      messages,
      ms.toFixed(1)
    ]))
    this.#write(`\n${table.toString()}`)
  }

  #asked (asker: PeerId, peer: PeerId, message: string, depth: number, ms: number, answer: string): void {
    const { dim } = this.#colours

    this.#write(`    ${this.name(asker).padEnd(11)} ${dim('→')} ${this.name(peer).padEnd(11)} ${dim(message.padEnd(13))} ${answer}  ${dim(`hop ${depth}, ${ms.toFixed(1)} ms`)}`)
  }

  #write (text: string): void {
    this.#out.write(`${text}\n`)
  }
}

function whatIsIn ({ messageName, record, providers, closer }: EventView['event'] & { type: EventTypes.PEER_RESPONSE }): string {
  switch (messageName) {
    case 'PUT_VALUE':
      return 'stored it'
    case 'ADD_PROVIDER':
      return 'was told'
    default:
      return [
        record == null ? '' : 'has the record',
        providers.length === 0 ? '' : `knows ${plural(providers.length, 'provider')}`,
        `names ${plural(closer.length, 'peer')}`
      ].filter(text => text !== '').join(', ')
  }
}
