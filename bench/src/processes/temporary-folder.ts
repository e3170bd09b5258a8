// A folder that is removed with this process.

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export async function temporaryFolder (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'libp2p-kad-bench-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })

  return folder
}
