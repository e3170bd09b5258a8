// Runs an example as its reader would. What is waited for is its end, never a length of time.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What it prints, having ended by itself and well. */
export async function run (script: string): Promise<string> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../src/${script}`, import.meta.url))], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', text => { stderr += text })

  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    // not `exit`: what it has written may still be on its way
    child.once('close', resolve)
  })

  assert.equal(code, 0, stderr + stdout)
  assert.equal(stderr, '')

  return stdout
}
