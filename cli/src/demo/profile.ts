// The record of the demo: a user's profile under /user/<name>, with rules of its own for what is valid and what is newer.

import type { KadDHTInit } from 'libp2p-kad'

export interface Profile {
  name: string
  about: string
  /** a later one replaces an earlier one */
  version: number
}

export const PROFILE: Profile = { name: 'ada', about: 'Wrote the first program.', version: 1 }

export const USER_NAMESPACE: Required<Pick<KadDHTInit, 'validators' | 'selectors'>> = {
  validators: {
    user: (key, value) => {
      const { name, version } = decodeProfile(value)

      if (Buffer.compare(key, profileKey(name)) !== 0 || !Number.isInteger(version)) {
        throw new Error('a profile is stored under its own name and has a version')
      }
    }
  },
  selectors: {
    user: (key, values) => {
      const versions = values.map(value => decodeProfile(value).version)

      return versions.indexOf(Math.max(...versions))
    }
  }
}

export function profileKey (name: string): Uint8Array {
  return Buffer.from(`/user/${name}`)
}

export function encodeProfile (profile: Profile): Uint8Array {
  return Buffer.from(JSON.stringify(profile))
}

export function decodeProfile (bytes: Uint8Array): Profile {
  return JSON.parse(Buffer.from(bytes).toString())
}
