// What a node keeps between two runs: its private key and its datastore, which holds the routing table, values and
// announcements. The datastore's lock says who owns the folder; it falls with the process, however that ends.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { LevelDatastore } from 'datastore-level'
import { describe } from './errors.ts'
import type { PrivateKey } from '@libp2p/interface'

export interface DataFolder {
  path: string
  privateKey: PrivateKey
  datastore: LevelDatastore
}

/** For its owner only: whoever has the key is the node. */
const FOLDER_MODE = 0o700
const KEY_MODE = 0o600

/** @throws {Error} when it cannot be used, or another node uses it */
export async function openDataFolder (path: string): Promise<DataFolder> {
  await mkdir(path, { recursive: true, mode: FOLDER_MODE }).catch(error => { throw new Error(unusable(path, describe(error)), { cause: error }) })
  const datastore = await openDatastore(path)

  try {
    return { path, datastore, privateKey: await openKey(join(path, 'private.key')) }
  } catch (error) {
    await datastore.close()
    throw error
  }
}

async function openDatastore (path: string): Promise<LevelDatastore> {
  const datastore = new LevelDatastore(join(path, 'datastore'))

  try {
    // not by the datastore's own `open`, which keeps to itself why it can't
    await datastore.db.open({ createIfMissing: true, compression: false })
  } catch (error: any) {
    const { code, message } = error.cause ?? error

    throw new Error(code === 'LEVEL_LOCKED' ? `Another process runs a node on ${path}: act through it with --data, or stop it first` : unusable(path, message), { cause: error })
  }

  return datastore
}

function unusable (path: string, reason: string): string {
  return `The folder ${path} can't be used (${reason}): make room for it, see that it may be written, or name another`
}

async function openKey (path: string): Promise<PrivateKey> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') {
      throw error
    }
  })

  if (bytes == null) {
    const privateKey = await generateKeyPair('Ed25519')
    // as a whole or not at all: half a key is no key, and the node would have lost its name
    await writeFile(`${path}.new`, privateKeyToProtobuf(privateKey), { mode: KEY_MODE })
    await rename(`${path}.new`, path)

    return privateKey
  }

  try {
    return privateKeyFromProtobuf(bytes)
  } catch (error) {
    throw new Error(`${path} holds no private key: put the right one back, or delete it to give the node a new name`, { cause: error })
  }
}
