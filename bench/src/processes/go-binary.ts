// The program in `bench/go`, compiled once a run into a folder that is removed at its end. Go's own cache makes all but the
// first build quick.

import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './temporary-folder.ts'

const SOURCE = fileURLToPath(new URL('../../go', import.meta.url))

/** What `go.mod` asks for. */
const MIN_VERSION = [1, 25, 7]

/** The compiled program. `purpose` ends the sentence that asks for Go, and `without` says how to do without it. */
export async function goBinary (purpose: string, without: string, signal: AbortSignal): Promise<string> {
  await requireGo(`Go ${MIN_VERSION.join('.')} or later is needed to ${purpose}`, without, signal)
  const file = join(await temporaryFolder(), process.platform === 'win32' ? 'bench.exe' : 'bench')

  try {
    await promisify(execFile)('go', ['-C', SOURCE, 'build', '-o', file, '.'], { signal })
  } catch (error: any) {
    signal.throwIfAborted()
    throw new Error(`Could not build bench/go: ${error.stderr?.trim() || error.message}\nIts modules come from the Go module proxy: is it within reach?`)
  }

  return file
}

async function requireGo (needed: string, without: string, signal: AbortSignal): Promise<void> {
  const install = `install it from your package manager or https://go.dev/dl, or ${without}`
  let version

  try {
    // not in SOURCE: there it might try to download what it lacks
    version = (await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: tmpdir(), signal })).stdout.trim()
  } catch (error: any) {
    signal.throwIfAborted()
    throw new Error(error.code === 'ENOENT' ? `${needed}: ${install}` : `${needed}, and go does not run: ${error.message.trim()}`)
  }

  if (isOlder(version)) {
    throw new Error(`${needed}, here is ${version}: ${install}`)
  }
}

/** Of versions that are no numbers (a development build) the build has to tell. */
function isOlder (version: string): boolean {
  const found = /^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)?.slice(1).map(part => Number(part ?? 0)) ?? []
  const different = found.findIndex((part, i) => part !== MIN_VERSION[i])

  return different !== -1 && found[different] < MIN_VERSION[different]
}
