// Runs the real command. What is waited for are its lines and its end, never a length of time.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

const MAIN = resolve(fileURLToPath(import.meta.url), '../../src/main.ts')

export const LOOPBACK = ['--any-address', '--listen', '/ip4/127.0.0.1/tcp/0']

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Without colours, which continuous integration asks for where nobody else does. */
function plain (): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: '1' }
}

/** To its end. */
export async function kad (...args: string[]): Promise<Ended> {
  return run(args, { input: '' })
}

/** To its end. `input`: what it reads; `output`: the open file that its result goes to; it gets Ctrl-C when `interrupt` resolves */
export async function run (args: string[], { input, output, interrupt }: { input: string, output?: number, interrupt?: Promise<unknown> }): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', output ?? 'pipe', 'pipe'], env: plain() })
  const ended = exitOf(child)
  void interrupt?.then(() => { child.kill('SIGINT') })
  // it may end without having read it
  child.stdin?.on('error', () => {}).end(input)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', text => { stdout += text })
  child.stderr?.setEncoding('utf8').on('data', text => { stderr += text })

  return { code: await ended, stdout, stderr }
}

interface Event {
  event: string
  [detail: string]: any
}

/** `kad start --json`, running. */
export class Running {
  readonly id: string
  readonly address: string
  readonly started: Event
  readonly #child: ChildProcess
  readonly #events: AsyncIterator<string>
  readonly #ended: Promise<number | null>

  private constructor (child: ChildProcess, events: AsyncIterator<string>, started: Event, ended: Promise<number | null>) {
    this.#child = child
    this.#events = events
    this.#ended = ended
    this.started = started
    this.id = started.id
    this.address = started.addresses[0]
  }

  static async start (...args: string[]): Promise<Running> {
    const child = spawn(process.execPath, [MAIN, 'start', '--json', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: plain() })
    const ended = exitOf(child)
    const events = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

    return new Running(child, events, await nextEvent(events, ({ event }) => event === 'started'), ended)
  }

  /** The next event that fits; those before it are gone. */
  async until (fits: (event: Event) => boolean): Promise<Event> {
    return nextEvent(this.#events, fits)
  }

  /** Resolves when the other has entered its table. */
  async knows (other: Running): Promise<void> {
    await this.until(({ event, peer }) => event === 'table' && peer === other.id)
  }

  signal (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** @returns its exit code, null when it was killed */
  async end (signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal)

    return this.#ended
  }
}

/** Nodes on loopback, until all of them are killed. */
export class Nodes {
  readonly #running = new Set<Running>()

  async start (...args: string[]): Promise<Running> {
    const node = await Running.start(...LOOPBACK, ...args)
    this.#running.add(node)

    return node
  }

  /** Two that know each other, on data folders. */
  async pair (one: string, two: string): Promise<[Running, Running]> {
    const first = await this.start('--data', one)
    const second = await this.start('--data', two, '--bootstrap', first.address)
    await Promise.all([first.knows(second), second.knows(first)])

    return [first, second]
  }

  async kill (): Promise<void> {
    await Promise.all([...this.#running].map(async node => node.end('SIGKILL')))
    this.#running.clear()
  }
}

async function nextEvent (lines: AsyncIterator<string>, fits: (event: Event) => boolean): Promise<Event> {
  while (true) {
    const { value, done } = await lines.next()

    if (done === true) {
      throw new Error('The node ended before it said that')
    }

    const event = JSON.parse(value)

    if (fits(event)) {
      return event
    }
  }
}

/** What it printed as JSON, and that it succeeded. */
export function json ({ code, stdout, stderr }: Ended): any {
  assert.equal(code, 0, stderr + stdout)

  return JSON.parse(stdout)
}

async function exitOf (child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    // not `exit`: what it has written may still be on its way
    child.once('close', resolve)
  })
}

/** A folder that is gone afterwards. */
export async function temporaryFolder (): Promise<AsyncDisposable & { path: string, file (name: string): string }> {
  const path = await mkdtemp(join(tmpdir(), 'kad-test-'))

  return {
    path,
    file: name => join(path, name),
    [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true })
  }
}
