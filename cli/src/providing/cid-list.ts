// A list of CIDs, one a line, from a file or the standard input. All of it is checked before any of it is used: a list with a mistake in it does nothing.

import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, UsageError } from '../errors.ts'
import { linesOf } from '../lines.ts'
import { named, parseProvidable, resolvePath } from '../parse.ts'
import type { Readable } from 'node:stream'

/** The longest line, characters: a CID and a comment. */
const MAX_LINE = 4_096

export interface CIDList extends AsyncDisposable {
  /** how many there are; those that come twice are counted twice */
  size: number
  /** reads them anew */
  cids (): AsyncIterable<string>
}

/**
 * @param from - the path of a file, or `-` for the standard input
 * @param signal - ends reading
 * @throws {UsageError} when a line is wrong, which it names, or there is not a single CID
 */
export async function openCIDList (from: string, signal: AbortSignal): Promise<CIDList> {
  const path = resolvePath(from)
  const isInput = from === '-'
  const name = isInput ? 'the standard input' : `"${from}"`
  const stats = isInput ? undefined : await stat(path).catch(() => undefined)

  if (!isInput && (stats == null || stats.isDirectory())) {
    throw new UsageError(`--from: ${name} is ${stats == null ? 'not a file that is there' : 'a folder'}: name a file with one CID a line, or - for the standard input`)
  }

  if (stats?.isFile() === true) {
    return check(name, path, signal)
  }

  // what comes through a pipe comes once, and may be millions
  const folder = await mkdtemp(join(tmpdir(), 'kad-cids-'))
  const copy = join(folder, 'cids')
  const remove = async (): Promise<void> => rm(folder, { recursive: true, force: true })

  try {
    await pipeline(isInput ? process.stdin : createReadStream(path), createWriteStream(copy), { signal })

    return { ...await check(name, copy, signal), [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    signal.throwIfAborted()
    throw error
  }
}

async function check (name: string, path: string, signal: AbortSignal): Promise<CIDList> {
  let size = 0
  let line = 0

  for await (const text of textsOf(name, createReadStream(path))) {
    signal.throwIfAborted()
    line++

    if (text !== '') {
      size++
      named(`--from: ${name}, line ${line}`, parseProvidable)(text)
    }
  }

  if (size === 0) {
    throw new UsageError(`--from: ${name} has no CID in it: it takes one a line`)
  }

  return { size, cids: () => cidsIn(name, path), [Symbol.asyncDispose]: async () => {} }
}

async function * cidsIn (name: string, path: string): AsyncGenerator<string> {
  for await (const text of textsOf(name, createReadStream(path))) {
    if (text !== '') {
      yield text
    }
  }
}

/** Of each line, without comments; empty where there is nothing else on it. */
async function * textsOf (name: string, stream: Readable): AsyncGenerator<string> {
  try {
    for await (const line of linesOf(stream.setEncoding('utf8'), MAX_LINE)) {
      yield line.replace(/#.*/, '').trim()
    }
  } catch (error) {
    throw new UsageError(`--from: ${name} can't be read: ${describe(error)}`)
  }
}
