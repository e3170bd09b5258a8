// Runs the real command, or a script beside this one.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(import.meta.url)

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export async function sim (...args: string[]): Promise<Ended> {
  return node([resolve(HERE, '../../../src/main.ts'), ...args])
}

/** `env`: on top of this process's own */
export async function script (name: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return node([resolve(HERE, '..', name), ...args], env)
}

async function node (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  // without colours, which continuous integration asks for; and figures go where they are told to, not where npm was started
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', INIT_CWD: undefined, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', text => { stderr += text })

  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    // not `exit`: what it has written may still be on its way
    child.once('close', resolve)
  })

  return { code, stdout, stderr }
}

/** A folder that is gone afterwards. */
export async function temporaryFolder (): Promise<AsyncDisposable & { path: string, file (name: string): string }> {
  const path = await mkdtemp(join(tmpdir(), 'kad-sim-test-'))

  return {
    path,
    file: name => join(path, name),
    [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true })
  }
}
